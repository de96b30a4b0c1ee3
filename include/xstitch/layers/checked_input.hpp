#pragma once
/// \file
/// How the gradient checker draws inputs: numbers at which the operation is smooth, and to which steps add exactly.

#include <xstitch/core/random.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

/// How the checker draws the inputs.
enum class CheckedInput : std::uint8_t {
  uniform,         ///< in [-1, 1]
  away_from_zero,  ///< as uniform, but at least 0.1 from 0: for layers with a kink there (ReLU)
  distinct,        ///< any two values at least eight steps apart: for layers that compare values (max pooling)
};

namespace detail {

/// The nearest multiple of 2^-12: adding two steps to it is exact.
inline float on_exact_grid(float x) { return std::round(x * 4096.0F) / 4096.0F; }

/// Input number `input` of `inputs`; no two inputs have a value in common where values are distinct.
inline void draw_input(std::span<float> x, CheckedInput how, std::size_t input, std::size_t inputs, float step,
                       RandomKey checker_key) {
  const RandomKey key = input == 0 ? checker_key.with("input") : checker_key.with("input").with(input);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = on_exact_grid(key.uniform(i, -1.0F, 1.0F));
    if (how == CheckedInput::away_from_zero && std::abs(x[i]) < 0.1F) x[i] += x[i] < 0 ? -0.1F : 0.1F;
    x[i] = on_exact_grid(x[i]);
  }
  if (how != CheckedInput::distinct) return;
  const auto middle = static_cast<float>(x.size() / 2 * inputs);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = (static_cast<float>(i * inputs + input) - middle) * 8.0F * step;
  for (std::size_t i = x.size() - 1; i > 0; --i) std::swap(x[i], x[key.below(i, i + 1)]);
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
