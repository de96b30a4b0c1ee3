#pragma once
/// \file
/// Regions of an image for a detector (Girshick: Fast R-CNN, 2015): from proposals and the objects of an image to a
/// network's input "regions" and the labels of each region.
///
///     input   [count, 1, 5]: (1 if used or 0, x0, y0, x1, y1), data/augment_boxes.hpp
///     class   0 background, k + 1 an object of class k, -1 a region that is not used
///     box     5 values: that class, then encode(region, object)  (losses/box_regression.hpp)
///     attributes  of the object, 0 or 1; masked but for objects
///
/// In training the objects join the proposals. A region that overlaps an object by at least `foreground_overlap` is of
/// its class; at most `foreground_share` of the rows are such regions; the others overlap their nearest object by
/// [background_low, background_high). Both are drawn without replacement. Difficult objects count for nothing.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// What an image shows.
struct ImageObject {
  Box box;                                 ///< in pixels of the image
  int class_index = 0;                     ///< from 0, without the background
  bool difficult = false;                  ///< counts neither as found nor as missed
  std::vector<std::uint8_t> attributes{};  ///< 0 or 1; empty: not known
};

/// An image as a detector's evaluation wants it: all objects, and proposals the best first.
struct DetectionImage {
  std::vector<float> pixels;         ///< as the network reads it
  std::vector<ImageObject> objects;  ///< what it shows
  std::vector<Box> proposals;        ///< best first, in pixels of the image
};

/// A data set whose images evaluate_detection() can judge.
template <class D>
concept DetectionSet = requires(const D& data, std::size_t index) {
  { data.size() } -> std::convertible_to<std::size_t>;
  { data.class_names() } -> std::convertible_to<std::vector<std::string>>;  ///< without the background
  { data.attribute_names() } -> std::convertible_to<std::vector<std::string>>;
  { data.image(index) } -> std::convertible_to<DetectionImage>;
};

/// Which regions a sample gets: drawn for training; the first proposals; or the objects that are not difficult, for
/// attributes.
enum class RegionChoice : std::uint8_t { training, proposals, objects };

/// How many regions a sample gets, and which (Girshick 2015: a quarter foreground, from an overlap of 0.5 on).
struct RegionOptions {
  std::size_t count = 64;                        ///< rows; fewer regions are padded
  RegionChoice choice = RegionChoice::training;  ///< drawn, first or true ones
  /// Share of foreground regions at most, and the overlap with an object from which a region is one.
  double foreground_share = 0.25, foreground_overlap = 0.5;
  double background_low = 0.1, background_high = 0.5;  ///< overlaps from `low` to below `high` make a region background

  /// An Error where a setting is outside its range.
  XSTITCH_INLINE void check() const {
    const auto share = [](double v) { return v >= 0.0 && v <= 1.0; };
    if (count == 0 || count > 65536) fail("regions: found a count of ", count, ", expected 1 to 65536");
    if (!share(foreground_share) || !(foreground_overlap > 0.0 && foreground_overlap <= 1.0) ||
        !share(background_low) || !(background_high <= foreground_overlap && background_low < background_high))
      fail("regions: found a foreground share of ", foreground_share, ", overlaps of ", foreground_overlap,
           " (foreground) and ", background_low, " to ", background_high,
           " (background), expected shares with low < high <= foreground");
  }
};

/// The input and the labels of one sample.
struct Regions {
  std::vector<float> boxes;                 ///< rows of (1 if used, x0, y0, x1, y1)
  LabelValue classes, offsets, attributes;  ///< a class, five numbers and yes or no for each row
};

/// The specs of the labels that fill_regions() fills.
inline LabelSpec region_class_label(int classes, std::size_t count) {
  return {LabelKind::class_index, {1, 1, 1}, {}, classes + 1, static_cast<int>(count)};
}
/// Rows of (1 if foreground, dx, dy, dw, dh).
inline LabelSpec region_box_label(std::size_t count) {
  return {LabelKind::box_target, {1, 1, 5}, {}, 0, static_cast<int>(count)};
}
/// Rows of a yes or no for each attribute.
inline LabelSpec region_attribute_label(int attributes, std::size_t count) {
  return {LabelKind::binary, {1, 1, attributes}, {1, 1, attributes}, 0, static_cast<int>(count)};
}

namespace detail {

/// A box and the object that it overlaps most (-1: none).
struct Candidate {
  Box box;
  int object = -1;
  double overlap = 0.0;
};

inline Candidate candidate(const Box& box, std::span<const ImageObject> objects) {
  Candidate found{box};
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (objects[i].difficult) continue;
    const double share = overlap(box, objects[i].box);
    if (share > found.overlap) found.overlap = share, found.object = static_cast<int>(i);
  }
  return found;
}

/// Keeps `most` of them, drawn without replacement, in the order of the draw.
inline void draw(std::vector<Candidate>& all, std::size_t most, RandomKey key) {
  const std::size_t kept = std::min(most, all.size());
  for (std::size_t i = 0; i < kept; ++i)
    std::swap(all[i], all[i + static_cast<std::size_t>(key.below(i, static_cast<std::uint32_t>(all.size() - i)))]);
  all.resize(kept);
}

XSTITCH_INLINE std::vector<Candidate> choose(std::span<const Box> proposals, std::span<const ImageObject> objects,
                                             const RegionOptions& options, RandomKey key) {
  std::vector<Candidate> chosen, background;
  const bool training = options.choice == RegionChoice::training;
  if (options.choice != RegionChoice::proposals)
    for (const ImageObject& object : objects)
      if (!object.difficult && !object.box.empty()) chosen.push_back(candidate(object.box, objects));
  if (options.choice != RegionChoice::objects)
    for (const Box& box : proposals) {
      if (box.empty()) continue;
      const Candidate found = candidate(box, objects);
      if (!training || found.overlap >= options.foreground_overlap)
        chosen.push_back(found);
      else if (found.overlap >= options.background_low && found.overlap < options.background_high)
        background.push_back(found);
    }
  if (!training) {
    if (chosen.size() > options.count) chosen.resize(options.count);
    return chosen;
  }
  const auto most =
      static_cast<std::size_t>(std::lround(options.foreground_share * static_cast<double>(options.count)));
  draw(chosen, most, key.with("foreground"));
  draw(background, options.count - chosen.size(), key.with("background"));
  chosen.insert(chosen.end(), background.begin(), background.end());
  return chosen;
}

}  // namespace detail

/// Fills the input and the labels. `attributes`: how many an object has.
XSTITCH_INLINE void fill_regions(std::span<const Box> proposals, std::span<const ImageObject> objects,
                                 std::size_t attributes, const RegionOptions& options, RandomKey key, Regions& out) {
  const std::vector<detail::Candidate> chosen = detail::choose(proposals, objects, options, key);
  out.boxes.assign(options.count * 5, 0.0F);
  out.classes.indices.assign(options.count, -1);
  out.offsets.values.assign(options.count * 5, 0.0F);
  out.attributes.values.assign(options.count * attributes, 0.0F);
  out.attributes.mask.assign(options.count * attributes, 0);
  out.classes.present = out.offsets.present = out.attributes.present = true;
  for (std::size_t r = 0; r < options.count; ++r) {
    if (r >= chosen.size()) {
      out.offsets.values[5 * r] = -1.0F;
      continue;
    }
    const auto& [box, number, share] = chosen[r];
    const float row[] = {1.0F, box.x0, box.y0, box.x1, box.y1};
    std::copy(std::begin(row), std::end(row), out.boxes.begin() + static_cast<std::ptrdiff_t>(5 * r));
    out.classes.indices[r] = 0;
    if (number < 0 || share < options.foreground_overlap) continue;
    const ImageObject& object = objects[static_cast<std::size_t>(number)];
    out.classes.indices[r] = object.class_index + 1;
    const BoxOffsets to = encode(box, object.box);
    const float target[] = {static_cast<float>(object.class_index + 1), to.dx, to.dy, to.dw, to.dh};
    std::copy(std::begin(target), std::end(target), out.offsets.values.begin() + static_cast<std::ptrdiff_t>(5 * r));
    if (object.attributes.empty()) continue;
    if (object.attributes.size() != attributes)
      fail("regions: object ", number, " has ", object.attributes.size(), " attributes, expected ", attributes);
    for (std::size_t a = 0; a < attributes; ++a) {
      out.attributes.values[r * attributes + a] = object.attributes[a] != 0 ? 1.0F : 0.0F;
      out.attributes.mask[r * attributes + a] = 1;
    }
  }
}

}  // namespace xstitch::inline XSTITCH_ISA::data
