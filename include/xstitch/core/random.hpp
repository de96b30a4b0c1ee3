#pragma once
/// \file
/// Random numbers without state. A number is a function of a key and a position, so that the same seed gives the
/// same numbers whatever the number of threads, the order of work or the moment of a resume.
///
/// The key is folded from (seed, ensemble member, tower, layer, purpose, step); the position counts within it.
/// Each 64-bit word is two rounds of the splitmix64 finaliser (Steele, Lea, Flood 2014) over key and position.

#include <xstitch/core/isa.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// Strong type of a seed: Net net{xs::seed(1)}.
struct Seed {
  std::uint64_t value = 0;  ///< the number that all random numbers of a network follow from
};
/// Of a network: Net net{xs::seed(1)}.
constexpr Seed seed(std::uint64_t value) noexcept { return {value}; }

/// Mixes 64 bits so that every input bit moves every output bit.
constexpr std::uint64_t mix_bits(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// What a stream of random numbers is for. `with` narrows it down and returns another key.
class RandomKey {
 public:
  constexpr RandomKey() = default;
  /// The key that all others are folded from.
  constexpr explicit RandomKey(Seed s) noexcept : key_(mix_bits(s.value + golden)) {}

  /// A key that follows from this one and a number; the order of folding matters.
  [[nodiscard]] constexpr RandomKey with(std::uint64_t number) const noexcept {
    RandomKey next;
    next.key_ = mix_bits(mix_bits(key_ + golden) ^ (number * 0xd1342543de82ef95ULL + 1));
    return next;
  }
  /// A key that follows from this one and a name.
  [[nodiscard]] constexpr RandomKey with(std::string_view name) const noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return with(hash);
  }

  /// 64 random bits at a position.
  [[nodiscard]] constexpr std::uint64_t bits(std::uint64_t position) const noexcept {
    return mix_bits(mix_bits(key_ + position * golden) + golden);
  }
  /// Uniform in [0, 1), 24 bits.
  [[nodiscard]] constexpr float uniform(std::uint64_t position) const noexcept {
    return static_cast<float>(bits(position) >> 40) * 0x1p-24f;
  }
  /// Uniform in [low, high), in double, where the product is exact: the same float whether the compiler fuses or not.
  [[nodiscard]] constexpr float uniform(std::uint64_t position, float low, float high) const noexcept {
    return static_cast<float>(static_cast<double>(low) +
                              static_cast<double>(high - low) * static_cast<double>(uniform(position)));
  }
  /// Uniform integer in [0, bound), bound > 0 (Lemire's multiplication; bias below 2^-32).
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t position, std::uint64_t bound) const noexcept {
    return ((bits(position) >> 32) * bound) >> 32;
  }
  /// Standard normal (Box-Muller), in double so that every instruction set gives the same float.
  [[nodiscard]] float normal(std::uint64_t position) const noexcept {
    const double u = (static_cast<double>(bits(2 * position) >> 11) + 1.0) * 0x1p-53;  // (0, 1]
    const double v = static_cast<double>(bits(2 * position + 1) >> 11) * 0x1p-53;
    return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
  }
  /// The key as a number.
  [[nodiscard]] constexpr std::uint64_t value() const noexcept { return key_; }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;
  std::uint64_t key_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
