#pragma once
/// \file
/// What a gradient check is asked and what it answers: see check_gradients.hpp.

#include <xstitch/core/number_text.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/layers/checked_input.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What check_gradients() compares, and how strictly.
struct GradientCheckOptions {
  std::size_t batch = 3;                       ///< samples
  CheckedInput input = CheckedInput::uniform;  ///< distribution of the inputs
  float step = 1.0F / 64.0F;                   ///< h; a power of two, so that x + h is exact
  double tolerance = 2e-3;           ///< largest error, relative to the larger of |analytic|, |numeric|, scale / 10
  std::size_t elements = 150;        ///< compared in each tensor (all, if it has fewer)
  float parameter_noise = 0.25F;     ///< random offset on top of initial values, so that no bias is zero
  bool same_bits_on_threads = true;  ///< compare with a run on three threads
  std::function<void(std::size_t input, std::span<std::int32_t> values)> fill_integers{};  ///< [zeros]
  Seed seed{7};                                                                            ///< of inputs and parameters
};

/// The result. `ok` says that every error is within the tolerance and that there are no problems.
struct GradientReport {
  /// One tensor.
  struct Entry {
    std::string name;         ///< "input", "input 1" of several, or the parameter's name
    double error = 0.0;       ///< the largest relative one; NaN if a gradient is not finite
    std::size_t checked = 0;  ///< elements compared
  };
  std::vector<Entry> entries;         ///< inputs, then parameters
  std::vector<std::string> problems;  ///< what is wrong beside errors, in sentences
  bool ok = true;                     ///< whether every error is within the tolerance

  /// All of it as lines of text.
  [[nodiscard]] std::string text() const {
    std::string text = ok ? "gradients agree" : "gradients are WRONG";
    for (const Entry& entry : entries)
      text += "\n  " + entry.name + ": largest relative error " + number_text(entry.error, 6) + " over " +
              std::to_string(entry.checked);
    for (const std::string& problem : problems) text += "\n  " + problem;
    return text;
  }
};

namespace detail {

/// The largest |given - numeric|, relative to the larger of both and the scale; NaN if one of them is NaN.
inline double largest_relative_error(const std::vector<double>& given, const std::vector<double>& numeric,
                                     double scale) {
  double largest = 0.0;
  for (std::size_t k = 0; k < given.size(); ++k) {
    const double size = std::max({std::abs(given[k]), std::abs(numeric[k]), scale, 1e-6});
    const double error = std::abs(given[k] - numeric[k]) / size;
    if (std::isnan(error)) return error;
    largest = std::max(largest, error);
  }
  return largest;
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
