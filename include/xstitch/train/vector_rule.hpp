#pragma once
/// \file
/// Applies an element-by-element rule to a weight, its optimizer state and its gradient in one vectorised pass.
///
/// A step is bound by memory: each array is read once and written once, nothing is stored in between. The bits of an
/// element do not depend on where a piece of the gradient was cut: the last, incomplete vector goes through the very
/// same instructions on a padded copy, and every product that feeds a sum is an explicit `multiply_add`, so that
/// the compiler has no choice of rounding left.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/xsimd.hpp>

#include <array>
#include <cstddef>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace vector_rule {

using Vector = xsimd::batch<float>;

using kernels::multiply_add;

inline Vector square_root(const Vector& a) noexcept {
#if defined(__AVX512F__)
  return Vector(_mm512_maskz_sqrt_ps(0xFFFF, a));  // the unmasked one makes g++ 12 warn of an uninitialised value
#else
  return xsimd::sqrt(a);
#endif
}

/// Runs rule(weight, state array, gradient), which changes weight and state in place, over all elements of the call.
/// States is the number of state arrays that the rule reads and writes.
template <std::size_t States, class Rule>
void apply(const UpdateCall& call, const Rule& rule) {
  constexpr std::size_t width = Vector::size, page = 4096 / sizeof(float);
  const auto one_vector = [&rule](float* weight, const std::array<float*, States>& state, const float* gradient) {
    Vector w = Vector::load_unaligned(weight);
    const Vector g = Vector::load_unaligned(gradient);
    std::array<Vector, States> s;
    for (std::size_t k = 0; k < States; ++k) s[k] = Vector::load_unaligned(state[k]);
    rule(w, s, g);
    w.store_unaligned(weight);
    for (std::size_t k = 0; k < States; ++k) s[k].store_unaligned(state[k]);
  };
  std::array<float*, States> state;
  for (std::size_t k = 0; k < States; ++k) state[k] = call.state[k];

  std::size_t i = 0;
  for (; i + width <= call.count; i += width) {
    std::array<float*, States> at;
    for (std::size_t k = 0; k < States; ++k) at[k] = state[k] + i;
    // The weights were just read, the state comes from memory: a page ahead, where the processor itself stops fetching.
    for (std::size_t k = 0; k < States; ++k) __builtin_prefetch(state[k] + i + page, 1, 3);
    one_vector(call.weight + i, at, call.gradient + i);
  }
  if (i == call.count) return;

  const std::size_t left = call.count - i;
  const std::size_t bytes = left * sizeof(float);
  alignas(64) float weight[width] = {}, gradient[width] = {};
  alignas(64) float states[States == 0 ? 1 : States][width] = {};
  std::memcpy(weight, call.weight + i, bytes);
  std::memcpy(gradient, call.gradient + i, bytes);
  std::array<float*, States> padded;
  for (std::size_t k = 0; k < States; ++k) {
    padded[k] = states[k];
    std::memcpy(states[k], state[k] + i, bytes);
  }
  one_vector(weight, padded, gradient);
  std::memcpy(call.weight + i, weight, bytes);
  for (std::size_t k = 0; k < States; ++k) std::memcpy(state[k] + i, states[k], bytes);
}

}  // namespace vector_rule
}  // namespace xstitch::inline XSTITCH_ISA
