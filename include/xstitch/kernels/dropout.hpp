#pragma once
/// \file
/// Inverted dropout whose mask is a function of key and position, so that backward makes it again and nothing is
/// stored. One 64-bit word decides four elements, 16 bits each: probabilities are multiples of 1 / 65536.

#include <xstitch/core/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Elements of one mask word.
inline constexpr std::size_t dropout_group = 4;

/// How many of 65536 equal chances drop an element.
struct DropoutRate {
  std::uint32_t dropped = 32768;
  /// 1 / (1 - probability): the expected output equals the input.
  [[nodiscard]] constexpr float scale() const noexcept { return 65536.0F / static_cast<float>(65536U - dropped); }
};

/// y[i] = x[i] * (kept ? scale : 0) for elements [begin, begin + count) of the sample at `position` in the global
/// batch; `begin` is a multiple of 4, `size` the elements of a sample, x and y point to element `begin`. y may be x.
/// A dropped NaN stays NaN: a product, not a choice.
inline void dropout(const float* x, float* y, std::size_t begin, std::size_t count, std::size_t size,
                    std::size_t position, DropoutRate rate, RandomKey key) {
  constexpr std::size_t block = 128;
  const std::uint64_t first = position * ((size + dropout_group - 1) / dropout_group) + begin / dropout_group;
  const float scale = rate.scale();
  std::array<float, block> factors;
  for (std::size_t i = 0; i < count; i += block) {
    for (std::size_t k = 0; k < block / dropout_group; ++k) {
      const std::uint64_t word = key.bits(first + i / dropout_group + k);
      for (std::size_t lane = 0; lane < dropout_group; ++lane) {
        const auto chance = static_cast<std::uint32_t>((word >> (16 * lane)) & 0xFFFFU);
        factors[dropout_group * k + lane] = scale * static_cast<float>(chance >= rate.dropped);  // without a branch
      }
    }
    const std::size_t now = std::min(block, count - i);
    for (std::size_t j = 0; j < now; ++j) y[i + j] = x[i + j] * factors[j];
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
