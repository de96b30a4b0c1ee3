#pragma once
/// \file
/// Rooms for a detector: boxes around their things, nine classes, sixteen attributes, and regions, without a file.
/// Image i is a function of (seed, split, first + i) alone. Material, gloss and shape of a thing do not depend on its
/// class.
///
///     xs::data::RoomsDetection train{{.count = 1000, .height = 192, .width = 256}};
///     xs::data::RoomsDetection test{{.split = xs::data::RoomsSplit::test, .count = 200, .height = 192, .width = 256,
///                                    .regions = {.count = 300, .choice = xs::data::RegionChoice::proposals}}};
///
/// Inputs "input" [height, width, 3], as Rooms, and "regions" [count, 1, 5]; labels a region (data/regions.hpp)
/// "detection.class", "detection.box" and "attributes", each left out when its name is empty. Regions of a training are
/// drawn again in each epoch (DrawsSamples); a mirror turns them with their labels.
///
/// Proposals stand in for selective search: `jittered` boxes about each thing, which miss it by a random amount, for
/// all but `missed` of the things; then sliding windows, `proposals` in all, in random order; a function of the image.

#include <xstitch/data/regions.hpp>
#include <xstitch/data/sliding_windows.hpp>
#include <xstitch/rooms/objects.hpp>
#include <xstitch/rooms/rooms.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Size and number of images, and how regions are proposed.
struct RoomsDetectionOptions {
  std::uint64_t seed = 1;                ///< of all rooms
  RoomsSplit split = RoomsSplit::train;  ///< training or test rooms
  std::size_t count = 1000;              ///< images
  std::size_t first = 0;                 ///< image i is room first + i of the split's stream
  int height = 192;                      ///< of the images, in pixels
  int width = 256;                       ///< of the images, in pixels
  RegionOptions regions{};               ///< how many of a sample, and which
  std::size_t proposals = 300;           ///< regions of an image
  std::size_t jittered = 8;              ///< of them, near each object
  double missed = 0.15;                  ///< share of the objects that get none
  std::string region_name = "regions";   ///< the towers' Input of regions
  /// Labels; empty: without it.
  std::string class_name = "detection.class";
  std::string box_name = "detection.box";           ///< of the tower that says boxes
  std::string attribute_name = "attributes";        ///< of the tower that says attributes
  float mean = 0.45F, standard_deviation = 0.185F;  ///< of all channels of the images
};

namespace rooms {

/// Proposals about the objects of an image, and windows.
inline std::vector<Box> propose(const std::vector<ImageObject>& objects, const RoomsDetectionOptions& o,
                                RandomKey key) {
  const auto width = static_cast<float>(o.width), height = static_cast<float>(o.height);
  std::vector<Box> all;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const RandomKey mine = key.with(i);
    const Box& b = objects[i].box;
    if (static_cast<double>(mine.uniform(0)) < o.missed) continue;
    for (std::size_t k = 0; k < o.jittered; ++k) {
      // Two draws near by, then further away.
      const float far = k < 2 ? 0.06F : 0.2F;
      const RandomKey draw = mine.with("jitter").with(k);
      const BoxOffsets off{far * draw.normal(0), far * draw.normal(1), far * draw.normal(2), far * draw.normal(3)};
      const Box moved = clipped(decode(b, off), width, height);
      if (moved.width() >= 2.0F && moved.height() >= 2.0F) all.push_back(moved);
    }
  }
  std::vector<Box> windows = sliding_windows(o.height, o.width);
  const auto shuffle = [&](std::vector<Box>& boxes, RandomKey order) {
    for (std::size_t i = boxes.size(); i-- > 1;)
      std::swap(boxes[i], boxes[static_cast<std::size_t>(order.below(i, i + 1))]);
  };
  shuffle(windows, key.with("windows"));
  for (const Box& window : windows)
    if (all.size() < o.proposals) all.push_back(window);
  shuffle(all, key.with("order"));
  if (all.size() > o.proposals) all.resize(o.proposals);
  return all;
}

}  // namespace rooms

/// Drawn rooms for a detector, made when they are asked for.
class RoomsDetection {
 public:
  using Options = RoomsDetectionOptions;

  RoomsDetection() : RoomsDetection(Options{}) {}
  /// Images with objects, their attributes and proposals, drawn when they are asked for.
  explicit RoomsDetection(Options options)
      : options_(std::move(options)), rooms_(plain(options_)), known_(std::make_shared<Known>()) {
    options_.regions.check();
    if (!(options_.missed >= 0.0 && options_.missed <= 1.0))
      fail("rooms: found a share of missed things of ", options_.missed, ", expected 0 to 1");
    known_->images.resize(options_.count);
  }

  [[nodiscard]] std::size_t size() const noexcept { return options_.count; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> class_names() const {
    return {thing_class_names.begin(), thing_class_names.end()};
  }
  [[nodiscard]] std::vector<std::string> attribute_names() const {
    return {thing_attribute_names.begin(), thing_attribute_names.end()};
  }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{"input", {options_.height, options_.width, 3}, true},
            {options_.region_name, {static_cast<int>(options_.regions.count), 1, 5}, false}};
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    const std::size_t count = options_.regions.count;
    std::vector<LabelField> fields;
    if (!options_.class_name.empty()) fields.push_back({options_.class_name, region_class_label(thing_classes, count)});
    if (!options_.box_name.empty()) fields.push_back({options_.box_name, region_box_label(count)});
    if (!options_.attribute_name.empty())
      fields.push_back({options_.attribute_name, region_attribute_label(thing_attributes, count)});
    return fields;
  }
  [[nodiscard]] std::string describe(std::size_t index) const { return rooms_.describe(index); }

  /// The picture, and regions as draw() gives them for a key of the image alone.
  void load(std::size_t index, Sample& sample) const {
    sample.inputs.resize(2);
    rooms::fill_pixels(room(index).picture, options_.mean, options_.standard_deviation, sample.inputs[0]);
    draw(index, sample, key_of(index).with("regions"));
  }
  /// Fills regions and labels.
  void draw(std::size_t index, Sample& sample, RandomKey key) const {
    const std::shared_ptr<const Shown> shown = shown_in(index);
    Regions regions;
    fill_regions(shown->proposals, shown->objects, thing_attributes, options_.regions, key, regions);
    sample.inputs.resize(2);
    sample.inputs[1] = std::move(regions.boxes);
    sample.labels.clear();
    if (!options_.class_name.empty()) sample.labels.push_back(std::move(regions.classes));
    if (!options_.box_name.empty()) sample.labels.push_back(std::move(regions.offsets));
    if (!options_.attribute_name.empty()) sample.labels.push_back(std::move(regions.attributes));
  }
  /// What evaluate_detection() looks at: all objects and proposals.
  [[nodiscard]] DetectionImage image(std::size_t index) const {
    DetectionImage image;
    rooms::fill_pixels(room(index).picture, options_.mean, options_.standard_deviation, image.pixels);
    const std::shared_ptr<const Shown> shown = shown_in(index);
    image.objects = shown->objects;
    image.proposals = shown->proposals;
    return image;
  }
  /// The objects of an image; draws the room, if it was not drawn before.
  [[nodiscard]] std::vector<ImageObject> objects(std::size_t index) const { return shown_in(index)->objects; }

 private:
  struct Shown {
    std::vector<ImageObject> objects;
    std::vector<Box> proposals;
  };
  /// What images have shown, once they were drawn: some kilobytes each. Copies of the data set share it.
  struct Known {
    std::mutex mutex;
    std::vector<std::shared_ptr<const Shown>> images;
  };

  static RoomsOptions plain(const Options& o) {
    return {.seed = o.seed,
            .split = o.split,
            .count = o.count,
            .first = o.first,
            .height = o.height,
            .width = o.width,
            .mean = o.mean,
            .standard_deviation = o.standard_deviation};
  }
  [[nodiscard]] RandomKey key_of(std::size_t index) const {
    return rooms::room_key(options_.seed, options_.split, options_.first + index).with("detection");
  }
  /// Draws the room, and keeps what it shows.
  [[nodiscard]] rooms::Room room(std::size_t index) const {
    if (index >= size()) fail(describe(index), ": expected an index below ", size());
    const RandomKey key = rooms::room_key(options_.seed, options_.split, options_.first + index);
    rooms::Room drawn = rooms::draw_room(key, options_.height, options_.width, true);
    auto shown = std::make_shared<Shown>();
    shown->objects = rooms::find_objects(drawn);
    shown->proposals = rooms::propose(shown->objects, options_, key_of(index).with("proposals"));
    const std::lock_guard lock(known_->mutex);
    known_->images[index] = std::move(shown);
    return drawn;
  }
  [[nodiscard]] std::shared_ptr<const Shown> shown_in(std::size_t index) const {
    if (index >= size()) fail(describe(index), ": expected an index below ", size());
    {
      const std::lock_guard lock(known_->mutex);
      if (known_->images[index]) return known_->images[index];
    }
    (void)room(index);
    const std::lock_guard lock(known_->mutex);
    return known_->images[index];
  }
  Options options_;
  Rooms rooms_;
  std::shared_ptr<Known> known_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
