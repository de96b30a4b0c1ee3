#pragma once
/// \file
/// Furnished rooms drawn by analytic ray casting: a data set for semantic segmentation, surface normals and depth
/// that needs no file. Sample i is a function of (seed, split, first + i) alone.
///
///     xs::data::Rooms train{{.seed = 1, .count = 2000}};
///     xs::data::Rooms test{{.seed = 1, .split = xs::data::RoomsSplit::test, .count = 500}};
///
/// Input "input" [height, width, 3]: RGB as displayed (0..1), (value - mean) / standard_deviation with one mean and
/// standard deviation for the three channels.
///
/// Labels, each left out when its name is empty:
///   "segmentation"  class index 0..12 (RoomClass: the 13 NYU classes) [height, width, 1]
///   "normals"       unit normals [height, width, 3]: x right, y up, z towards the camera; valid everywhere
///   "depth"         metres along the optical axis [height, width, 1]; off unless named
/// The labels are those of the ray through the pixel's centre; the colour is smoothed at edges.
///
/// The splits draw from different random streams, so that a test set is disjoint from every training set, whatever
/// seed, first and count are. On one machine and build a sample has the same bits at every load, from any thread;
/// another instruction set may round differently.
/// Errors: an empty or too large image, no sample, an index that is out of range.

#include <xstitch/data/data_set.hpp>
#include <xstitch/rooms/draw.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Size and number of images, and which labels they have.
struct RoomsOptions {
  std::uint64_t seed = 1;                ///< of all rooms
  RoomsSplit split = RoomsSplit::train;  ///< training or test rooms
  std::size_t count = 2000;              ///< samples
  std::size_t first = 0;                 ///< sample i is room first + i of the split's stream
  int height = 96;                       ///< of the images, in pixels
  int width = 128;                       ///< of the images, in pixels
  /// Names of the towers (or "tower.head") that the labels belong to; empty: without this label.
  std::string segmentation = "segmentation";
  std::string normals = "normals";  ///< of the tower that says directions
  std::string depth = {};           ///< of the tower that says distances
  /// Of all channels of the training images.
  float mean = 0.45F;
  float standard_deviation = 0.185F;  ///< of all channels
};

class Rooms {
 public:
  using Options = RoomsOptions;
  static constexpr int classes = room_classes;  ///< classes of pixels

  Rooms() : Rooms(Options{}) {}
  /// Draws nothing yet: a sample is drawn when it is asked for.
  XSTITCH_INLINE explicit Rooms(Options options) : options_(std::move(options)) {
    constexpr int most = 4096;
    const Options& o = options_;
    if (o.height < 8 || o.width < 8 || o.height > most || o.width > most)
      fail("rooms: found an image of ", o.height, "x", o.width, ", expected 8 to ", most, " pixels a side");
    if (o.count == 0) fail("rooms: found a count of 0, expected at least one sample");
    if (!(o.standard_deviation > 0.0F))
      fail("rooms: found a standard deviation of ", o.standard_deviation, ", expected a positive one");
  }

  [[nodiscard]] std::size_t size() const noexcept { return options_.count; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{"input", {options_.height, options_.width, 3}, true}};
  }
  [[nodiscard]] XSTITCH_INLINE std::vector<LabelField> labels() const {
    const int h = options_.height, w = options_.width;
    std::vector<LabelField> fields;
    if (!options_.segmentation.empty())
      fields.push_back({options_.segmentation, {LabelKind::class_index, {h, w, 1}, {}, classes}});
    if (!options_.normals.empty())
      fields.push_back({options_.normals, {LabelKind::unit_normal, {h, w, 3}, {h, w, 1}, 0}});
    if (!options_.depth.empty()) fields.push_back({options_.depth, {LabelKind::real, {h, w, 1}, {h, w, 1}, 0}});
    return fields;
  }

  /// The picture of sample `index`: display colours, classes, normals, depth.
  [[nodiscard]] XSTITCH_INLINE rooms::Picture draw(std::size_t index) const {
    if (index >= size()) fail(describe(index), ": expected an index below ", size());
    const RandomKey key = rooms::room_key(options_.seed, options_.split, options_.first + index);
    return rooms::draw_room(key, options_.height, options_.width).picture;
  }

  XSTITCH_INLINE void load(std::size_t index, Sample& sample) const {
    const rooms::Picture picture = draw(index);
    const std::size_t pixels = picture.labels.size();
    sample.inputs.resize(1);
    rooms::fill_pixels(picture, options_.mean, options_.standard_deviation, sample.inputs[0]);
    sample.labels.clear();
    if (!options_.segmentation.empty())
      sample.labels.push_back({{picture.labels.begin(), picture.labels.end()}, {}, {}, true});
    if (!options_.normals.empty()) {
      LabelValue value;
      value.values.resize(3 * pixels);
      for (std::size_t i = 0; i < pixels; ++i) {
        value.values[3 * i] = picture.normals[i].x;
        value.values[3 * i + 1] = picture.normals[i].y;
        value.values[3 * i + 2] = picture.normals[i].z;
      }
      sample.labels.push_back(std::move(value));
    }
    if (!options_.depth.empty()) sample.labels.push_back({{}, picture.depth, {}, true});
  }

  [[nodiscard]] XSTITCH_INLINE std::string describe(std::size_t index) const {
    return "room " + std::to_string(options_.first + index) + " of " + std::string(name_of(options_.split)) +
           ", seed " + std::to_string(options_.seed);
  }

 private:
  Options options_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
