#pragma once
/// \file
/// Random changes of a training sample that keep its labels true. A change is a function of (seed, member, epoch,
/// sample): the same on a resume and on any number of threads.
///
/// * crop: a window of a random share of height and width (the same share for both), at a random place, scaled back
///   to the full size. Images by bilinear interpolation; classes, masks, normals and real maps take the nearest
///   pixel, because a mean over an edge is the class or direction of nothing. Values of real maps (depth) stay as they
///   are: they describe the scene, not the zoomed picture.
/// * mirror, with probability 1/2: images, per-pixel labels and masks are turned left to right, and x of unit normals
///   is negated (a wall that faces right faces left in the mirror). A single unit normal of an image is negated too.
///   The offsets of regions to their boxes turn with them. A crop clips regions: SampleReader refuses it where a label
///   has rows, one a region.
/// * colour: contrast, brightness and saturation of images by random amounts, measured in the image's own mean and
///   standard deviation: the same for pictures of 0..1, of 0..255 or with the mean taken off.
///
/// Only inputs that are images, the boxes of a network's Input<..., Boxes> (data/augment_boxes.hpp) and labels with
/// more than one pixel move; a class of the whole image stays. Do not mirror where left and right mean something that
/// no kind says: letters, or coordinates in a label of real numbers.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/number_text.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/augment_boxes.hpp>
#include <xstitch/data/data_set.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct Augment {
  bool mirror = false;         ///< mirror half of the samples, left to right
  float smallest_crop = 1.0F;  ///< share of height and width that a crop keeps at least; 1: no crop
  float brightness = 0.0F;     ///< shift by up to +- this many standard deviations of the image
  float contrast = 0.0F;       ///< deviations from the mean times 1 +- this
  float saturation = 0.0F;     ///< deviations from grey times 1 +- this (images of 3 channels: red, green, blue)

  /// Whether a sample may be changed at all.
  [[nodiscard]] bool enabled() const { return mirror || smallest_crop < 1.0F || colour(); }
  /// Whether the colours of an image may be.
  [[nodiscard]] bool colour() const { return brightness != 0.0F || contrast != 0.0F || saturation != 0.0F; }
  /// The settings in one line.
  [[nodiscard]] XSTITCH_INLINE std::string describe() const {
    if (!enabled()) return "none";
    return std::string("mirror ") + (mirror ? "1" : "0") + ", smallest_crop " + number_text(smallest_crop, 9) +
           ", brightness " + number_text(brightness, 9) + ", contrast " + number_text(contrast, 9) + ", saturation " +
           number_text(saturation, 9);
  }
  /// An Error where a setting is outside its range.
  void check() const {
    if (!(smallest_crop > 0.0F && smallest_crop <= 1.0F))
      fail("Augment: smallest_crop is ", smallest_crop, ", expected a share in (0, 1]");
    for (const float share : {brightness, contrast, saturation})
      if (!(share >= 0.0F && share <= 1.0F)) fail("Augment: found a colour change of ", share, ", expected 0 to 1");
  }
};

namespace augment {

/// Scratch of one thread.
struct Buffers {
  std::vector<float> floats;
  std::vector<std::int32_t> integers;
  std::vector<std::uint8_t> bytes;
};

/// What a network takes an input field for.
struct FieldUse {
  InputKind kind = InputKind::plain;
  Dims image{};  ///< of boxes: the image they lie in; {0, 0, 0}: none that moves
};

/// What the fields say of themselves.
XSTITCH_INLINE std::vector<FieldUse> uses_of(const std::vector<InputField>& inputs) {
  std::vector<FieldUse> uses;
  for (const InputField& field : inputs) uses.push_back({field.image ? InputKind::image : InputKind::plain, {}});
  return uses;
}

/// Each of `rows` maps.
template <class T>
void turn(std::vector<T>& values, Dims at, int rows = 1) {
  at.height *= rows;
  const auto width = static_cast<std::size_t>(at.width), channels = static_cast<std::size_t>(at.channels);
  for (std::size_t y = 0; y < static_cast<std::size_t>(at.height); ++y) {
    T* row = values.data() + y * width * channels;
    for (std::size_t x = 0; x < width / 2; ++x)
      std::swap_ranges(row + x * channels, row + (x + 1) * channels, row + (width - 1 - x) * channels);
  }
}

inline std::size_t nearest(int i, int extent, double start, double share) {
  const double position = (start + share * (i + 0.5) / extent) * extent;
  return static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor(position)), 0, extent - 1));
}

template <class T>
void crop_nearest(std::vector<T>& values, std::vector<T>& scratch, Dims at, const Window& window) {
  scratch.resize(values.size());
  const auto channels = static_cast<std::size_t>(at.channels), width = static_cast<std::size_t>(at.width);
  std::size_t to = 0;
  for (int y = 0; y < at.height; ++y) {
    const std::size_t row = nearest(y, at.height, window.top, window.share) * width;
    for (int x = 0; x < at.width; ++x, to += channels) {
      const T* from = values.data() + (row + nearest(x, at.width, window.left, window.share)) * channels;
      std::copy(from, from + channels, scratch.data() + to);
    }
  }
  values.swap(scratch);
}

/// Two neighbours of a position and the share of the second.
struct Between {
  std::size_t first, second;
  float share;
};
inline Between between(int i, int extent, double start, double share) {
  const double position = std::clamp((start + share * (i + 0.5) / extent) * extent - 0.5, 0.0, extent - 1.0);
  const int first = std::min(static_cast<int>(position), extent - 1);
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(std::min(first + 1, extent - 1)),
          static_cast<float>(position - first)};
}

XSTITCH_INLINE void crop_bilinear(std::vector<float>& values, std::vector<float>& scratch, Dims at,
                                  const Window& window) {
  scratch.resize(values.size());
  const auto channels = static_cast<std::size_t>(at.channels), width = static_cast<std::size_t>(at.width);
  float* to = scratch.data();
  for (int y = 0; y < at.height; ++y) {
    const Between rows = between(y, at.height, window.top, window.share);
    for (int x = 0; x < at.width; ++x) {
      const Between columns = between(x, at.width, window.left, window.share);
      const float* a = values.data() + (rows.first * width + columns.first) * channels;
      const float* b = values.data() + (rows.first * width + columns.second) * channels;
      const float* c = values.data() + (rows.second * width + columns.first) * channels;
      const float* d = values.data() + (rows.second * width + columns.second) * channels;
      for (std::size_t k = 0; k < channels; ++k) {
        const float upper = a[k] + columns.share * (b[k] - a[k]);
        const float lower = c[k] + columns.share * (d[k] - c[k]);
        *to++ = upper + rows.share * (lower - upper);
      }
    }
  }
  values.swap(scratch);
}

XSTITCH_INLINE void change_colour(std::vector<float>& image, Dims at, float brightness, float contrast,
                                  float saturation) {
  double sum = 0.0, squares = 0.0;
  for (const float value : image) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const double count = static_cast<double>(image.size());
  const double mean = sum / count;
  const auto deviation = static_cast<float>(std::sqrt(std::max(0.0, squares / count - mean * mean)));
  const float base = static_cast<float>(mean) + brightness * deviation;
  for (float& value : image) value = base + contrast * (value - static_cast<float>(mean));
  if (at.channels != 3 || saturation == 1.0F) return;
  for (std::size_t p = 0; p < at.pixels(); ++p) {
    float* pixel = image.data() + 3 * p;
    const float grey = 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
    for (std::size_t k = 0; k < 3; ++k) pixel[k] = grey + saturation * (pixel[k] - grey);
  }
}

/// Changes a sample in place; `key` is folded down to seed, member, epoch and sample. A label that the sample does
/// not have is left alone. `uses`: what each input field is taken for.
XSTITCH_INLINE void apply(const Augment& settings, Sample& sample, const std::vector<InputField>& inputs,
                          const std::vector<FieldUse>& uses, const std::vector<LabelField>& labels, RandomKey key,
                          Buffers& scratch) {
  const bool mirrored = settings.mirror && key.uniform(0) < 0.5F;
  Window window;
  if (settings.smallest_crop < 1.0F) {
    window.share = static_cast<double>(key.uniform(1, settings.smallest_crop, 1.0F));
    window.top = static_cast<double>(key.uniform(2)) * (1.0 - window.share);
    window.left = static_cast<double>(key.uniform(3)) * (1.0 - window.share);
  }
  const bool cropped = window.share < 1.0;
  const float brightness = key.uniform(4, -settings.brightness, settings.brightness);
  const float contrast = key.uniform(5, 1.0F - settings.contrast, 1.0F + settings.contrast);
  const float saturation = key.uniform(6, 1.0F - settings.saturation, 1.0F + settings.saturation);

  bool any_image = false;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (uses[i].kind == InputKind::boxes && uses[i].image.valid())
      move_boxes(sample.inputs[i], uses[i].image, window, mirrored);
    if (uses[i].kind != InputKind::image) continue;
    any_image = true;
    std::vector<float>& image = sample.inputs[i];
    if (cropped) crop_bilinear(image, scratch.floats, inputs[i].shape, window);
    if (mirrored) turn(image, inputs[i].shape);
    if (settings.colour()) change_colour(image, inputs[i].shape, brightness, contrast, saturation);
  }
  if (!any_image) return;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    LabelValue& label = sample.labels[i];
    if (!label.present) continue;
    const LabelSpec& spec = labels[i].spec;
    if (cropped && spec.shape.pixels() > 1) {
      if (spec.integral())
        crop_nearest(label.indices, scratch.integers, spec.shape, window);
      else
        crop_nearest(label.values, scratch.floats, spec.shape, window);
    }
    if (cropped && spec.mask.pixels() > 1 && !label.mask.empty())
      crop_nearest(label.mask, scratch.bytes, spec.mask, window);
    if (!mirrored) continue;
    if (spec.integral())
      turn(label.indices, spec.shape, spec.rows);
    else
      turn(label.values, spec.shape, spec.rows);
    if (!label.mask.empty()) turn(label.mask, spec.mask, spec.rows);
    if (spec.kind == LabelKind::unit_normal)
      for (std::size_t k = 0; k + 3 <= label.values.size(); k += 3) label.values[k] = -label.values[k];
    if (spec.kind == LabelKind::box_target)
      for (std::size_t k = 1; k + 4 <= label.values.size(); k += 5) label.values[k] = -label.values[k];
  }
}
XSTITCH_INLINE void apply(const Augment& settings, Sample& sample, const std::vector<InputField>& inputs,
                          const std::vector<LabelField>& labels, RandomKey key, Buffers& scratch) {
  apply(settings, sample, inputs, uses_of(inputs), labels, key, scratch);
}

}  // namespace augment
}  // namespace xstitch::inline XSTITCH_ISA
