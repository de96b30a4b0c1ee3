#pragma once
/// \file
/// What the metrics share: the largest element of a row, and refusal of values that are not finite.

#include <xstitch/core/error.hpp>
#include <xstitch/core/label_support.hpp>
#include <xstitch/metrics/metric.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace metrics {

/// A percentage of counts or sums; not measured (and 0) where there is nothing to divide by.
inline MetricValue percentage(std::string name, double part, double whole) {
  const bool measured = whole > 0.0;
  return {std::move(name), measured ? 100.0 * part / whole : 0.0, "%", true, measured};
}

/// Refuses a head whose predictions are not those that a metric was made for.
inline void check_shape(std::string_view who, Dims found, Dims expected) {
  if (found != expected) fail(who, ": predictions of ", to_string(found), ", made for ", to_string(expected));
}
/// Refuses a head without class labels, or with labels for other positions than it predicts.
inline void check_classes(std::string_view who, const LabelSpec& label, Dims prediction) {
  if (label.kind != LabelKind::class_index || label.shape != Dims{prediction.height, prediction.width, 1})
    fail(who, ": wants a head whose labels are classes, found labels of another kind for predictions of ",
         to_string(prediction));
}
/// The name of a class or label: of the list, or its number.
inline std::string name_of(const std::vector<std::string>& names, std::size_t number) {
  return names.empty() ? std::to_string(number) : names[number];
}
inline void check_names(std::string_view who, const std::vector<std::string>& names, std::size_t count) {
  if (!names.empty() && names.size() != count)
    fail(who, ": ", names.size(), " names for ", count, " channels of the prediction");
}

/// A network that has lost its mind must not be scored: NaN compares false with everything and would count as an
/// ordinary wrong (or right) answer.
[[noreturn]] inline void not_finite(std::string_view who, const LabelBatch& labels, std::size_t row,
                                    std::size_t element) {
  fail(who, ": the prediction of ", label_support::place_of(labels, row), " is not finite (element ", element, ")");
}

/// Index of the largest of `count` scores of a row of the batch, the first of equals.
inline std::size_t largest(std::string_view who, const float* scores, std::size_t count, const LabelBatch& labels,
                           std::size_t row) {
  std::size_t best = 0;
  float poison = scores[0] * 0.0F;
  for (std::size_t c = 1; c < count; ++c) {
    poison += scores[c] * 0.0F;
    if (scores[c] > scores[best]) best = c;
  }
  if (poison != 0.0F) not_finite(who, labels, row, best);  // NaN is unequal to 0
  return best;
}

[[noreturn]] inline void wrong_label(std::string_view who, long long label, const LabelBatch& labels, std::size_t row,
                                     int classes) {
  fail(who, ": label ", label, " of ", label_support::place_of(labels, row), ", expected 0 to ", classes - 1,
       " or a value to ignore");
}

}  // namespace metrics
}  // namespace xstitch::inline XSTITCH_ISA
