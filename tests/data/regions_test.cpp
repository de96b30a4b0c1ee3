// Boxes, the regions of a sample and their labels, and their way from a data set to a batch.
#include <xstitch/data/loader.hpp>
#include <xstitch/data/regions.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace xs = xstitch;
using xs::Box;
using xs::decode;
using xs::encode;
using xs::overlap;
using xs::data::ImageObject;
using xs::data::RegionChoice;
using xs::data::RegionOptions;

namespace {

Box random_box(xs::RandomKey key, float most = 100.0F) {
  const float x = key.uniform(0, 0.0F, most), y = key.uniform(1, 0.0F, most);
  return {x, y, x + key.uniform(2, 4.0F, most), y + key.uniform(3, 4.0F, most)};
}

/// Counts pixels: boxes with edges at whole numbers.
double counted_overlap(const Box& a, const Box& b) {
  int both = 0, any = 0;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x) {
      const auto in = [&](const Box& box) {
        const float u = static_cast<float>(x) + 0.5F, v = static_cast<float>(y) + 0.5F;
        return box.x0 < u && u < box.x1 && box.y0 < v && v < box.y1;
      };
      both += in(a) && in(b) ? 1 : 0;
      any += in(a) || in(b) ? 1 : 0;
    }
  return any == 0 ? 0.0 : static_cast<double>(both) / any;
}

/// Suppression as its definition says: asks for each box again and again whether a higher one that stays covers it.
std::vector<std::size_t> slow_maxima(const std::vector<Box>& boxes, const std::vector<float>& scores, double most) {
  const auto before = [&](std::size_t a, std::size_t b) {
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
  };
  std::vector<int> fate(boxes.size(), -1);  // -1: not known, 0: gone, 1: stays
  std::vector<std::size_t> kept;
  for (std::size_t round = 0; round < boxes.size(); ++round) {
    std::size_t next = boxes.size();
    for (std::size_t i = 0; i < boxes.size(); ++i)
      if (fate[i] < 0 && (next == boxes.size() || before(i, next))) next = i;
    fate[next] = 1;
    for (std::size_t k = 0; k < boxes.size(); ++k)
      if (k != next && fate[k] == 1 && counted_overlap(boxes[k], boxes[next]) > most) fate[next] = 0;
    if (fate[next] == 1) kept.push_back(next);
  }
  return kept;
}

const std::vector<ImageObject> two_objects{{{10, 10, 30, 50}, 2, false, {1, 0, 1}},
                                           {{60, 20, 90, 40}, 0, false, {0, 0, 1}},
                                           {{40, 40, 60, 60}, 1, true, {1, 1, 1}}};

/// One image of 100 x 80 with the regions of two_objects.
struct Pictures {
  RegionOptions options{.count = 12};
  std::size_t rows = 12;
  [[nodiscard]] std::size_t size() const { return 30; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return {{"input", {80, 100, 1}}, {"regions", {static_cast<int>(options.count), 1, 5}}};
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"t.class", xs::data::region_class_label(3, rows)},
            {"t.box", xs::data::region_box_label(rows)},
            {"t.attributes", xs::data::region_attribute_label(3, rows)}};
  }
  void load(std::size_t index, xs::Sample& sample) const {
    std::vector<Box> proposals;
    for (std::size_t i = 0; i < 40; ++i) proposals.push_back(random_box(xs::RandomKey(xs::seed(index)).with(i), 50.0F));
    xs::data::Regions regions;
    fill_regions(proposals, two_objects, 3, options, xs::RandomKey(xs::seed(9)).with(index), regions);
    sample.inputs = {std::vector<float>(8000, 0.0F), regions.boxes};
    sample.labels = {regions.classes, regions.offsets, regions.attributes};
  }
};

/// The slots of a network with 12 regions.
struct Slots {
  std::array<xs::InputSlot, 2> inputs{{{"t", 0, {80, 100, 1}}, {"t", 0, {12, 1, 5}, "regions", xs::InputKind::boxes}}};
  std::array<xs::HeadSlot, 3> heads{{{"t", "class", 0, xs::data::region_class_label(3, 12)},
                                     {"t", "box", 0, xs::data::region_box_label(12)},
                                     {"t", "attributes", 0, xs::data::region_attribute_label(3, 12)}}};
};

std::string refusal(const Pictures& data, const xs::LoaderOptions& options) {
  const Slots slots;
  try {
    xs::Loader loader(data, slots.inputs, slots.heads, options);
    (void)loader.next();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("overlap is what counting pixels gives") {
  CHECK(overlap({0, 0, 4, 4}, {2, 2, 6, 6}) == doctest::Approx(4.0 / 28.0));
  CHECK(overlap({0, 0, 4, 4}, {4, 0, 8, 4}) == 0.0);
  CHECK(overlap({0, 0, 0, 4}, {0, 0, 0, 4}) == 0.0);
  CHECK(overlap({5, 5, 2, 2}, {0, 0, 9, 9}) == 0.0);
  for (std::uint64_t n = 0; n < 200; ++n) {
    const xs::RandomKey key = xs::RandomKey(xs::seed(n));
    const auto whole = [&](std::uint64_t i) { return static_cast<float>(key.below(i, 20)); };
    const Box a{whole(0), whole(1), whole(0) + 1 + whole(2), whole(1) + 1 + whole(3)},
        b{whole(4), whole(5), whole(4) + 1 + whole(6), whole(5) + 1 + whole(7)};
    CHECK(overlap(a, b) == doctest::Approx(counted_overlap(a, b)));
    CHECK(overlap(a, b) == overlap(b, a));
  }
}

TEST_CASE("offsets lead back to the box, mirror with it, and are cut off where they are huge") {
  for (std::uint64_t n = 0; n < 100; ++n) {
    const Box region = random_box(xs::RandomKey(xs::seed(n)).with("region")),
              box = random_box(xs::RandomKey(xs::seed(n)).with("box"));
    const xs::BoxOffsets offsets = encode(region, box);
    const Box back = decode(region, offsets);
    for (const auto& [found, expected] :
         {std::pair{back.x0, box.x0}, {back.y0, box.y0}, {back.x1, box.x1}, {back.y1, box.y1}})
      CHECK(found == doctest::Approx(expected).epsilon(1e-4).scale(100));
    const auto mirrored = [](const Box& b) { return Box{200 - b.x1, b.y0, 200 - b.x0, b.y1}; };
    const xs::BoxOffsets turned = encode(mirrored(region), mirrored(box));
    CHECK(turned.dx == doctest::Approx(-offsets.dx).epsilon(1e-4));
    CHECK(turned.dw == doctest::Approx(offsets.dw).epsilon(1e-4));
    CHECK(turned.dy == offsets.dy);
  }
  const xs::BoxOffsets known = encode({0, 0, 10, 20}, {5, 10, 25, 20});
  CHECK(known.dx == 1.0F);
  CHECK(known.dy == 0.25F);
  CHECK(known.dw == doctest::Approx(std::log(2.0)));
  CHECK(known.dh == doctest::Approx(std::log(0.5)));
  CHECK(decode({0, 0, 16, 16}, {0, 0, 90, 90}).width() == doctest::Approx(1000.0));
}

TEST_CASE("non-maximum suppression against its definition") {
  for (std::uint64_t n = 0; n < 60; ++n) {
    const xs::RandomKey key = xs::RandomKey(xs::seed(n));
    std::vector<Box> boxes;
    std::vector<float> scores;
    for (std::uint64_t i = 0; i < 25; ++i) {
      const auto whole = [&](std::uint64_t k) { return static_cast<float>(key.with(i).below(k, 18)); };
      boxes.push_back({whole(0), whole(1), whole(0) + 2 + whole(2), whole(1) + 2 + whole(3)});
      scores.push_back(static_cast<float>(key.below(100 + i, 8)) / 8.0F);  // equal ones, too
    }
    CHECK(xs::keep_maxima(boxes, scores, 0.3) == slow_maxima(boxes, scores, 0.3));
  }
  CHECK(xs::keep_maxima({}, {}, 0.3).empty());
  const std::vector<Box> one{{0, 0, 1, 1}};
  CHECK_THROWS_WITH_AS(xs::keep_maxima(one, std::vector<float>{NAN}, 0.3),
                       "non-maximum suppression: the score of box 0 is not finite", xs::Error);
}

TEST_CASE("training regions: shares, overlaps and labels") {
  std::size_t foregrounds = 0, padded = 0;
  for (std::uint64_t n = 0; n < 40; ++n) {
    std::vector<Box> proposals;
    for (std::size_t i = 0; i < 60; ++i) {
      const ImageObject& near = two_objects[i % 3];
      const xs::RandomKey key = xs::RandomKey(xs::seed(n)).with(i);
      const auto moved = [&](float v, std::uint64_t k) { return v + key.uniform(k, -12.0F, 12.0F); };
      proposals.push_back({moved(near.box.x0, 0), moved(near.box.y0, 1), moved(near.box.x1, 2), moved(near.box.y1, 3)});
    }
    xs::data::Regions regions;
    const RegionOptions options{.count = 32};
    fill_regions(proposals, two_objects, 3, options, xs::RandomKey(xs::seed(n)), regions);
    xs::data::Regions again;
    fill_regions(proposals, two_objects, 3, options, xs::RandomKey(xs::seed(n)), again);
    CHECK(again.boxes == regions.boxes);
    std::size_t here = 0;
    std::vector<std::array<float, 4>> seen;
    for (std::size_t r = 0; r < 32; ++r) {
      const float* row = regions.boxes.data() + 5 * r;
      const std::int32_t label = regions.classes.indices[r];
      CHECK(regions.offsets.values[5 * r] == static_cast<float>(label));
      const bool attributes = regions.attributes.mask[3 * r] != 0;
      CHECK(attributes == (label > 0));
      if (label < 0) {
        CHECK(row[0] == 0.0F);
        ++padded;
        continue;
      }
      CHECK(row[0] == 1.0F);
      const Box box{row[1], row[2], row[3], row[4]};
      for (const auto& other : seen) CHECK(other != std::array{box.x0, box.y0, box.x1, box.y1});  // none twice
      seen.push_back({box.x0, box.y0, box.x1, box.y1});
      const double first = overlap(box, two_objects[0].box), second = overlap(box, two_objects[1].box);
      const ImageObject& nearest = two_objects[first >= second ? 0 : 1];
      const double most = std::max(first, second);
      if (label == 0) {
        CHECK(most >= 0.1);
        CHECK(most < 0.5);
        continue;
      }
      ++here;
      CHECK(most >= 0.5);
      CHECK(label == nearest.class_index + 1);
      const Box back = decode(box, {regions.offsets.values[5 * r + 1], regions.offsets.values[5 * r + 2],
                                    regions.offsets.values[5 * r + 3], regions.offsets.values[5 * r + 4]});
      CHECK(overlap(back, nearest.box) > 0.999);
      for (std::size_t a = 0; a < 3; ++a)
        CHECK(regions.attributes.values[3 * r + a] == static_cast<float>(nearest.attributes[a]));
    }
    CHECK(here <= 8);
    foregrounds += here;
  }
  CHECK(foregrounds > 200);
  CHECK(padded > 0);
}

TEST_CASE("regions of an evaluation: proposals in their order, or the objects") {
  const std::vector<Box> proposals{{0, 0, 5, 5}, {11, 10, 30, 50}, {40, 40, 60, 60}};
  xs::data::Regions regions;
  fill_regions(proposals, two_objects, 3, {.count = 4, .choice = RegionChoice::proposals}, {}, regions);
  CHECK(regions.boxes == std::vector<float>{1, 0, 0, 5, 5, 1, 11, 10, 30, 50, 1, 40, 40, 60, 60, 0, 0, 0, 0, 0});
  CHECK(regions.classes.indices == std::vector<std::int32_t>{0, 3, 0, -1});
  fill_regions(proposals, two_objects, 3, {.count = 3, .choice = RegionChoice::objects}, {}, regions);
  CHECK(regions.classes.indices == std::vector<std::int32_t>{3, 1, -1});
  CHECK(regions.offsets.values == std::vector<float>{3, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 0, 0});
  CHECK_THROWS_WITH_AS(
      fill_regions(proposals, two_objects, 2, {.count = 3, .choice = RegionChoice::objects}, {}, regions),
      "regions: object 0 has 3 attributes, expected 2", xs::Error);
  CHECK_THROWS_AS(RegionOptions{.count = 0}.check(), xs::Error);
  CHECK_THROWS_AS((RegionOptions{.background_low = 0.6}.check()), xs::Error);
}

TEST_CASE("labels of several rows reach the batch; a mirror turns boxes and offsets alike") {
  const Pictures data;
  const Slots slots;
  const auto batch_of = [&](xs::Augment augment) {
    xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 30, .augment = augment, .threads = 0});
    return xs::Batch(loader.next()->batch);
  };
  const xs::Batch plain = batch_of({}), turned = batch_of({.mirror = true});
  REQUIRE(plain.labels[0].indices.size() == 30 * 12);
  REQUIRE(plain.labels[1].values.size() == 30 * 12 * 5);
  REQUIRE(plain.labels[2].mask.size() == 30 * 12 * 3);
  std::size_t mirrored = 0, objects = 0;
  for (std::size_t n = 0; n < 30; ++n) {
    xs::Sample sample;
    data.load(n, sample);
    for (std::size_t r = 0; r < 12; ++r) {
      const std::size_t at = n * 12 + r;
      CHECK(plain.labels[0].indices[at] == sample.labels[0].indices[r]);
      if (sample.labels[0].indices[r] <= 0) continue;
      const auto target = [&](const xs::Batch& batch) {
        const float *b = batch.inputs[1].data() + 5 * at, *t = batch.labels[1].values.data() + 5 * at;
        return decode({b[1], b[2], b[3], b[4]}, {t[1], t[2], t[3], t[4]});
      };
      const Box found = target(turned), before = target(plain);
      const bool moved = plain.inputs[1][5 * at + 1] != turned.inputs[1][5 * at + 1];
      mirrored += moved ? 1 : 0;
      ++objects;
      const Box expected = moved ? Box{100 - before.x1, before.y0, 100 - before.x0, before.y1} : before;
      CHECK(overlap(found, expected) > 0.999);
    }
  }
  CHECK(mirrored > objects / 4);
  CHECK(mirrored < objects - objects / 4);
}

TEST_CASE("rows that do not fit, and crops, are refused") {
  CHECK(
      refusal({.rows = 6}, {.batch = 2, .threads = 0}) ==
      "the data set does not fit the network:\n"
      "  head \"t.class\" wants class index 12 rows of 1x1x1 of 4 classes; the data set's label is class index 6 rows "
      "of 1x1x1 of 4 classes: the rows of a sample differ\n"
      "  head \"t.box\" wants box target 12 rows of 1x1x5; the data set's label is box target 6 rows of 1x1x5: the "
      "rows of a sample differ\n"
      "  head \"t.attributes\" wants binary 12 rows of 1x1x3 with mask 1x1x3; the data set's label is binary 6 rows of "
      "1x1x3 with mask 1x1x3: the rows of a sample differ");
  CHECK(refusal({}, {.batch = 2, .augment = {.smallest_crop = 0.5F}, .threads = 0}) ==
        "Augment: smallest_crop is 0.5, expected 1, because a crop clips regions and label \"t.class\" is one of 12 "
        "regions");
  struct Short : Pictures {
    void load(std::size_t index, xs::Sample& sample) const {
      Pictures::load(index, sample);
      sample.labels[0].indices.pop_back();
    }
  };
  const Slots slots;
  const Short data;
  xs::Loader loader(data, slots.inputs, slots.heads, {.batch = 2, .threads = 0});
  CHECK_THROWS_WITH_AS(loader.next(), "sample 0: label \"t.class\" has 11 numbers, expected 12 (12 rows of 1x1x1)",
                       xs::Error);
}
