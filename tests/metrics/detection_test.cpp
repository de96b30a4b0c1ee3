// Detections and attributes against second, slow and plain implementations: sets of boxes and whole numbers instead of
// a walk through ranked answers.
#include <xstitch/metrics/attribute_precision.hpp>
#include <xstitch/metrics/detection.hpp>
#include <xstitch/report/detection_tables.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <xstitch/core/random.hpp>

namespace xs = xstitch;
using xs::Box;
using xs::Detection;
using xs::TrueBox;

namespace {

struct Image {
  std::vector<Detection> detections;
  std::vector<TrueBox> objects;
};

/// Boxes on a small grid that often meet; scores that are often equal.
std::vector<Image> random_images(std::uint64_t seed, std::size_t count) {
  std::vector<Image> images(count);
  for (std::size_t n = 0; n < count; ++n) {
    const xs::RandomKey key = xs::RandomKey(xs::seed(seed)).with(n);
    const auto box = [&](std::uint64_t i) {
      const auto whole = [&](std::uint64_t k, int most) {
        return static_cast<float>(key.with(i).below(k, static_cast<std::uint64_t>(most)));
      };
      const float x = whole(0, 4), y = whole(1, 3);
      return Box{x, y, x + 3 + whole(2, 3), y + 3 + whole(3, 3)};
    };
    for (std::uint64_t i = 0; i < key.below(900, 5); ++i)
      images[n].objects.push_back({box(i), static_cast<int>(key.below(100 + i, 3)), key.below(200 + i, 4) == 0});
    for (std::uint64_t i = 0; i < key.below(901, 9); ++i)
      images[n].detections.push_back(
          {box(50 + i), static_cast<int>(key.below(300 + i, 3)), static_cast<float>(key.below(400 + i, 12)) / 12.0F});
  }
  return images;
}

/// By pixels of a grid.
double counted_overlap(const Box& a, const Box& b) {
  int both = 0, any = 0;
  for (float y = 0.5F; y < 12; y += 1)
    for (float x = 0.5F; x < 12; x += 1) {
      const auto in = [&](const Box& box) { return box.x0 < x && x < box.x1 && box.y0 < y && y < box.y1; };
      both += in(a) && in(b) ? 1 : 0;
      any += in(a) || in(b) ? 1 : 0;
    }
  return static_cast<double>(both) / any;
}

/// The object that a detection is about, or -1.
int claimed(const Detection& one, const std::vector<TrueBox>& objects) {
  int nearest = -1;
  double most = 0.0;
  for (std::size_t k = 0; k < objects.size(); ++k)
    if (objects[k].class_index == one.class_index && counted_overlap(one.box, objects[k].box) > most)
      most = counted_overlap(one.box, objects[k].box), nearest = static_cast<int>(k);
  return most >= 0.5 ? nearest : -1;
}

/// How many are right and how many count, from a score on.
struct Counts {
  std::size_t right = 0, all = 0;
};
Counts counts_from(const std::vector<Image>& images, int class_index, float score) {
  Counts counts;
  for (const Image& image : images) {
    std::set<int> found;
    for (const Detection& one : image.detections) {
      if (one.class_index != class_index || one.score < score) continue;
      const int object = claimed(one, image.objects);
      if (object >= 0 && image.objects[static_cast<std::size_t>(object)].difficult) continue;
      ++counts.all;
      if (object >= 0) found.insert(object);
    }
    counts.right += found.size();
  }
  return counts;
}

/// Mean over the recalls k / steps of the best precision at that recall or above; in whole numbers.
double mean_of_best(const std::vector<Counts>& all, std::size_t to_find, std::size_t first, std::size_t steps) {
  double sum = 0.0;
  for (std::size_t k = first; k <= steps; ++k) {
    double best = 0.0;
    for (const Counts& c : all)
      if (c.all > 0 && c.right * steps >= k * to_find)
        best = std::max(best, static_cast<double>(c.right) / static_cast<double>(c.all));
    sum += best;
  }
  return 100.0 * sum / static_cast<double>(steps + 1 - first);
}

}  // namespace

TEST_CASE("average precision of detections: difficult objects, duplicates, equal scores") {
  std::size_t measured = 0, difficult = 0, duplicates = 0;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const std::vector<Image> images = random_images(seed, 8);
    xs::DetectionPrecision metric(4);
    for (const Image& image : images) metric.add(image.detections, image.objects);
    double all_points = 0.0, eleven_points = 0.0, classes = 0.0;
    for (int k = 0; k < 4; ++k) {
      std::size_t to_find = 0;
      for (const Image& image : images)
        for (const TrueBox& object : image.objects) to_find += object.class_index == k && !object.difficult ? 1 : 0;
      std::vector<Counts> counts;
      for (int score = 0; score < 12; ++score)
        counts.push_back(counts_from(images, k, static_cast<float>(score) / 12.0F));
      const xs::DetectionPrecision::PerClass found = metric.per_class()[static_cast<std::size_t>(k)];
      CHECK(found.objects == to_find);
      CHECK(found.found == counts[0].right);
      CHECK(found.all_points.measured == (to_find > 0));
      difficult += found.detections - counts[0].all;
      duplicates += counts[0].all - counts[0].right;
      if (to_find == 0) continue;
      ++measured;
      CHECK(found.all_points.value == doctest::Approx(mean_of_best(counts, to_find, 1, to_find)));
      CHECK(found.eleven_points.value == doctest::Approx(mean_of_best(counts, to_find, 0, 10)));
      all_points += found.all_points.value, eleven_points += found.eleven_points.value, classes += 1.0;
    }
    CHECK(metric.values()[0].value == doctest::Approx(all_points / classes));
    CHECK(metric.values()[1].value == doctest::Approx(eleven_points / classes));
    CHECK_FALSE(metric.per_class()[3].all_points.measured);  // no object of class 3
  }
  CHECK(measured > 80);
  CHECK(difficult > 20);
  CHECK(duplicates > 100);
}

TEST_CASE("images that are drawn again: answers and objects by image say what adding the images again does") {
  const std::vector<Image> images = random_images(7, 8);
  xs::DetectionPrecision once(3), drawn(3);
  for (const Image& image : images) once.add(image.detections, image.objects);
  CHECK(once.images() == images.size());
  const std::vector<std::size_t> times{0, 3, 1, 0, 2, 1, 0, 1};
  for (std::size_t i = 0; i < images.size(); ++i)
    for (std::size_t t = 0; t < times[i]; ++t) drawn.add(images[i].detections, images[i].objects);
  for (std::size_t k = 0; k < 3; ++k) {
    REQUIRE(once.answers(k).size() == once.images_of_answers(k).size());
    std::vector<xs::ScoredAnswer> answers;
    std::size_t objects = 0;
    for (std::size_t a = 0; a < once.answers(k).size(); ++a)
      answers.insert(answers.end(), times.at(once.images_of_answers(k)[a]), once.answers(k)[a]);
    for (const std::uint32_t image : once.images_of_objects(k)) objects += times.at(image);
    CHECK(objects == drawn.per_class()[k].objects);
    CHECK(100.0 * xs::average_precision(xs::precision_recall(answers, objects), xs::PrecisionRule::all_points) ==
          doctest::Approx(drawn.per_class()[k].all_points.value));
  }
  once.reset();
  CHECK(once.images() == 0);
  CHECK(once.answers(0).empty());
}

TEST_CASE("a small case by hand") {
  xs::DetectionPrecision metric(1, {"chair"});
  const std::vector<TrueBox> objects{
      {{0, 0, 10, 10}, 0, false}, {{20, 0, 30, 10}, 0, true}, {{50, 0, 60, 10}, 0, false}};
  // Right; a duplicate; on a difficult one; nowhere; exactly half of the last object.
  const std::vector<Detection> detections{{{0, 0, 10, 10}, 0, 0.9F},
                                          {{0, 0, 10, 9}, 0, 0.8F},
                                          {{20, 0, 30, 10}, 0, 0.95F},
                                          {{80, 80, 90, 90}, 0, 0.1F},
                                          {{50, 0, 60, 5}, 0, 0.7F}};
  metric.add(detections, objects);
  CHECK(metric.per_class()[0].all_points.value == doctest::Approx(50.0 * (1.0 + 2.0 / 3.0)));
  CHECK(metric.per_class()[0].found == 2);
  CHECK(xs::detection_table(metric).to_csv() ==
        "class,AP (%),AP 11 points "
        "(%),objects,difficult,found,detections\nchair,83.3,84.8,2,1,2,5\nmean,83.3,84.8,,,,\n");
  metric.reset();
  CHECK_FALSE(metric.values()[0].measured);
  const std::vector<Detection> wrong{{{0, 0, 1, 1}, 1, 0.5F}};
  CHECK_THROWS_WITH_AS(metric.add(wrong, {}), "detection precision: class 1 of a detection, expected 0 to 0",
                       xs::Error);
  const std::vector<Detection> lost{{{0, 0, 1, 1}, 0, NAN}};
  CHECK_THROWS_AS(metric.add(lost, {}), xs::Error);
  CHECK_THROWS_AS(xs::DetectionPrecision(2, {"a"}), xs::Error);

  xs::ProposalRecall recall;
  recall.add(std::vector<Box>{{0, 0, 10, 6}, {20, 0, 30, 10}}, objects);
  recall.add({}, std::vector<TrueBox>{{{0, 0, 1, 1}, 0, false}, {{3, 3, 4, 4}, 0, false}});
  CHECK(recall.objects() == 4);
  CHECK(recall.at(0.5).value == doctest::Approx(25.0));
  CHECK(recall.at(0.7).value == 0.0);
  CHECK(recall.proposals_an_image() == 1.0);
  CHECK_FALSE(xs::ProposalRecall{}.at(0.5).measured);
}

TEST_CASE("attributes: average precision, prevalence, what the class tells and what it does not") {
  constexpr std::size_t attributes = 4, classes = 3, objects = 60;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const xs::RandomKey key = xs::RandomKey(xs::seed(seed));
    std::vector<int> kind(objects);
    std::vector<std::vector<float>> score(objects);
    std::vector<std::vector<std::uint8_t>> label(objects);
    xs::AttributePrecision metric(attributes, classes);
    for (std::size_t i = 0; i < objects; ++i) {
      kind[i] = static_cast<int>(key.below(i, classes));
      for (std::size_t a = 0; a < attributes; ++a) {
        const std::uint64_t at = 1000 + i * 10 + a;
        // Attribute 0 follows from the class, 3 never comes.
        label[i].push_back(a == 0 ? kind[i] == 1 : a == 3 ? 0 : key.below(at, 3) == 0 ? 1 : 0);
        score[i].push_back(static_cast<float>(key.below(at + 5000, 20)) / 20.0F);
      }
      metric.add(kind[i], score[i], label[i]);
    }
    const auto slow = [&](std::size_t a, const auto& chosen, const auto& score_of) {
      std::vector<Counts> counts;
      std::size_t to_find = 0;
      for (std::size_t i = 0; i < objects; ++i) to_find += chosen(i) && label[i][a] != 0 ? 1 : 0;
      for (std::size_t from = 0; from < objects; ++from) {
        Counts c;
        for (std::size_t i = 0; i < objects; ++i)
          if (chosen(i) && score_of(i) >= score_of(from)) c.all += 1, c.right += label[i][a];
        counts.push_back(c);
      }
      return mean_of_best(counts, to_find, 1, to_find);
    };
    const auto everything = [](std::size_t) { return true; };
    const std::vector<xs::AttributePrecision::PerAttribute> found = metric.per_attribute();
    for (std::size_t a = 0; a < 3; ++a) {
      CHECK(found[a].average_precision.value ==
            doctest::Approx(slow(a, everything, [&](std::size_t i) { return score[i][a]; })));
      const auto share = [&](std::size_t i) {
        double all = 0.0, yes = 0.0;
        for (std::size_t k = 0; k < objects; ++k)
          if (kind[k] == kind[i]) all += 1.0, yes += label[k][a];
        return yes / all;
      };
      CHECK(found[a].from_class.value == doctest::Approx(slow(a, everything, share)));
      CHECK(found[a].prevalence.value == doctest::Approx(100.0 * static_cast<double>(found[a].positives) / objects));
      if (a == 0) continue;
      double within = 0.0;
      for (int k = 0; k < static_cast<int>(classes); ++k)
        within += slow(
            a, [&](std::size_t i) { return kind[i] == k; }, [&](std::size_t i) { return score[i][a]; });
      CHECK(found[a].within_class.value == doctest::Approx(within / classes));
    }
    CHECK(found[0].from_class.value == doctest::Approx(100.0));
    CHECK_FALSE(found[0].within_class.measured);  // every class has all or none
    CHECK_FALSE(found[3].average_precision.measured);
    const double mean =
        (found[0].average_precision.value + found[1].average_precision.value + found[2].average_precision.value) / 3.0;
    CHECK(metric.values()[0].value == doctest::Approx(mean));
  }
}

TEST_CASE("what a training set says of the classes; tables and refusals") {
  xs::AttributePrecision metric(1, 2, {"Wood"});
  const std::vector<std::uint8_t> yes{1}, no{0};
  const std::vector<float> high{0.9F}, low{0.2F};
  metric.add(0, high, yes);
  metric.add(1, low, no);
  CHECK(metric.values()[2].value == doctest::Approx(100.0));  // from its own frequencies
  metric.add_training(0, no);
  metric.add_training(1, yes);
  CHECK(metric.values()[2].value == doctest::Approx(50.0));  // the training set says the contrary
  CHECK(xs::attribute_table(metric).to_csv() ==
        "attribute,AP (%),prevalence (%),from class (%),within class (%),its prevalence (%),positives,objects\n"
        "Wood,100.0,50.0,50.0,-,-,1,2\nmean,100.0,50.0,50.0,-,-,,\n");
  CHECK_THROWS_WITH_AS(metric.add(2, high, yes), "attribute precision: class 2, expected 0 to 1", xs::Error);
  CHECK_THROWS_AS(metric.add(0, std::vector<float>{NAN}, yes), xs::Error);
  CHECK_THROWS_AS(metric.add(0, std::vector<float>{}, yes), xs::Error);
  CHECK_THROWS_AS(metric.add(0, high, std::vector<std::uint8_t>{}), xs::Error);
  CHECK_THROWS_WITH_AS((void)metric.scores(2), "attribute precision: object 2 wanted, found 2", xs::Error);
  CHECK_THROWS_WITH_AS(xs::AttributePrecision(2, 2, {"Wood"}), "attribute precision: 1 names for 2 attributes",
                       xs::Error);
}
