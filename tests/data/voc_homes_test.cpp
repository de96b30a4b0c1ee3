// needs: voc
// On a whole data set in the layout of Pascal VOC 2008, where the variable XSTITCH_SHARED_DATA names a folder with
// homes_voc (rendered homes); the numbers are those of its description.
#include <xstitch/data/voc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace xs = xstitch;
using xs::data::Voc;
using xs::data::VocProposals;

namespace {

std::string homes() {
  const char* shared = std::getenv("XSTITCH_SHARED_DATA");
  if (shared == nullptr) return {};
  const std::filesystem::path folder = std::filesystem::path(shared) / "homes_voc";
  return std::filesystem::exists(folder) ? folder.string() : std::string{};
}

/// Objects that a proposal overlaps by so much, as a share of all.
double recall(const Voc& voc, double least, std::size_t& proposals) {
  double objects = 0, found = 0;
  proposals = 0;
  for (std::size_t i = 0; i < voc.size(); ++i) {
    const std::vector<xs::Box> boxes = voc.proposals(i);
    proposals += boxes.size();
    for (const auto& object : voc.annotation(i).objects) {
      objects += 1;
      found += std::any_of(boxes.begin(), boxes.end(),
                           [&](const xs::Box& box) { return xs::overlap(box, object.box) >= least; })
                   ? 1
                   : 0;
    }
  }
  proposals /= voc.size();
  return found / objects;
}

}  // namespace

TEST_CASE("homes_voc: objects, attributes, proposals") {
  const std::string folder = homes();
  if (folder.empty()) {
    MESSAGE("skipped: XSTITCH_SHARED_DATA names no folder with homes_voc");
    return;
  }
  const Voc train(folder), val(folder, {.set = "val"}), all(folder, {.set = "trainval"});
  CHECK(train.size() == 210);
  CHECK(val.size() == 192);
  CHECK(train.attribute_names().size() == 64);
  CHECK(train.attribute_rows_left_over().empty());
  CHECK(val.attribute_rows_left_over().empty());
  std::map<std::string, int> classes, attributes;
  int difficult = 0, truncated = 0, occluded = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const auto& object : all.annotation(i).objects) {
      classes[all.class_names()[static_cast<std::size_t>(object.class_index)]] += 1;
      difficult += object.difficult ? 1 : 0;
      truncated += object.truncated ? 1 : 0;
      occluded += object.occluded ? 1 : 0;
      CHECK(object.attributes.empty() == object.difficult);  // rows are the objects that are not difficult
      for (std::size_t a = 0; a < object.attributes.size(); ++a)
        attributes[all.attribute_names()[a]] += object.attributes[a];
    }
  CHECK(classes == std::map<std::string, int>{{"chair", 623},
                                              {"pottedplant", 533},
                                              {"diningtable", 152},
                                              {"person", 123},
                                              {"bottle", 86},
                                              {"sofa", 77},
                                              {"tvmonitor", 61}});
  CHECK(difficult == 335);
  CHECK(truncated == 538);
  CHECK(occluded == 614);
  CHECK(attributes["Wood"] == 676);
  CHECK(attributes["Leather"] == 21);

  CHECK(all.proposals_from() == VocProposals::file);
  std::size_t count = 0;
  CHECK(recall(all, 0.5, count) == doctest::Approx(0.743).epsilon(0.002));
  CHECK(recall(all, 0.7, count) == doctest::Approx(0.547).epsilon(0.002));
  CHECK(count > 490);
  const Voc windows(folder, {.set = "trainval", .proposals = VocProposals::windows});
  const double by_windows = recall(windows, 0.5, count);
  MESSAGE("sliding windows: recall " << by_windows << " of " << count << " boxes an image");
  CHECK(by_windows > 0.3);
}

TEST_CASE("homes_voc: samples") {
  const std::string folder = homes();
  if (folder.empty()) return;
  const Voc train(folder, {.height = 192, .width = 256});
  xs::Sample sample;
  std::size_t foreground = 0, background = 0, unused = 0;
  for (std::size_t i = 0; i < train.size(); i += 10) {
    train.load(i, sample);
    for (const std::int32_t label : sample.labels[0].indices)
      ++(label > 0 ? foreground : label == 0 ? background : unused);
    for (const float v : sample.inputs[0]) CHECK((v > -130 && v < 160));
  }
  MESSAGE(foreground << " foreground, " << background << " background, " << unused << " unused regions");
  CHECK(foreground > 100);
  CHECK(background > 800);
}
