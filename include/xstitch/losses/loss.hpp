#pragma once
/// \file
/// What a loss is: the end of a head. A type without data, like a layer.
///
///     struct MyLoss {
///       static constexpr LabelSpec label(Dims in);              // what a data set must deliver
///       template <Dims In> static LossSum forward(const LossCall& call);
///       static constexpr Dims prediction_shape(Dims in);        // [in] what predict writes
///       template <Dims In> static void predict(const PredictCall& call);   // logits -> prediction
///       static std::unique_ptr<Metric> metric(Dims in);         // the metric for this head
///       static constexpr bool unit_vectors;                     // [false] averages of predictions are renormalised
///       parameters(Dims in), weight (Ratio)                     // [none], [1]
///     };
///
/// The loss of a batch is sum / max(1, normaliser); the normaliser is the number of valid elements (or the sum of
/// their class weights). A batch without a valid label gives zero loss and zero gradient.

#include <xstitch/core/random.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What the numbers of a label mean; augmentation and metrics depend on it.
enum class LabelKind : std::uint8_t {
  class_index,  ///< std::int32_t per position of `shape` (channels 1); a negative value or 255 means "ignore"
  real,         ///< float per element of `shape`; valid where the mask is not 0
  binary,       ///< float 0 or 1 per element; valid where the mask is not 0
  unit_normal,  ///< float[3] per pixel: x right, y up, z to the camera; a mirror negates x
};

/// Type and extents of a label of one sample.
struct LabelSpec {
  LabelKind kind = LabelKind::class_index;
  Dims shape{};
  Dims mask{};      ///< {0, 0, 0}: no mask
  int classes = 0;  ///< for class_index: values are below this

  [[nodiscard]] constexpr bool integral() const noexcept { return kind == LabelKind::class_index; }
  constexpr bool operator==(const LabelSpec&) const noexcept = default;
};

constexpr std::int32_t ignore_label = 255;
constexpr bool is_ignored(std::int32_t label) noexcept { return label < 0 || label == ignore_label; }
/// The same where the number of classes is known: 255 is an ordinary class of a head with more than 255 of them.
constexpr bool is_ignored(std::int32_t label, int classes) noexcept {
  return label < 0 || (label == ignore_label && classes <= ignore_label);
}

/// The labels of a batch for one head.
struct LabelBatch {
  std::vector<std::int32_t> indices;  ///< [batch, shape] for class_index
  std::vector<float> values;          ///< [batch, shape] otherwise
  std::vector<std::uint8_t> mask;     ///< [batch, mask] (empty: all valid)
  std::vector<std::uint8_t> present;  ///< [batch]: 0 where the sample has no label for this head
};

/// Sum of the loss over valid elements and what to divide it by (both over the whole batch).
struct LossSum {
  double sum = 0.0;
  double normaliser = 0.0;
  [[nodiscard]] double value() const noexcept { return sum / (normaliser > 1.0 ? normaliser : 1.0); }
};

struct LossCall {
  std::size_t batch = 0;
  const float* input = nullptr;     ///< logits or outputs [batch, In]
  float* input_gradient = nullptr;  ///< of weight * sum / max(1, normaliser); null in evaluation
  const LabelBatch& labels;
  float* const* parameters = nullptr;
  float weight = 1.0F;  ///< of this loss in the total; scales the gradient, not the returned sum
  ThreadPool& threads;
};

struct PredictCall {
  std::size_t batch = 0;
  const float* input = nullptr;
  float* output = nullptr;  ///< [batch, prediction_shape]
  float* const* parameters = nullptr;
  ThreadPool& threads;
};

}  // namespace xstitch::inline XSTITCH_ISA
