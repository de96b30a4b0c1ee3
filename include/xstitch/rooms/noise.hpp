#pragma once
/// \file
/// Random draws for building a room, and the lattice noise of its textures.

#include <xstitch/core/random.hpp>
#include <xstitch/rooms/vector.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Draws one number after the other from a key.
class Dice {
 public:
  explicit Dice(RandomKey key) : key_(key) {}

  float uniform() noexcept { return key_.uniform(position_++); }
  float uniform(float low, float high) noexcept { return low + (high - low) * uniform(); }
  int below(int bound) noexcept { return static_cast<int>(key_.below(position_++, static_cast<std::uint64_t>(bound))); }
  int between(int low, int high) noexcept { return low + below(high - low + 1); }
  bool chance(float probability) noexcept { return uniform() < probability; }
  float sign() noexcept { return chance(0.5F) ? 1.0F : -1.0F; }
  std::uint32_t bits() noexcept { return static_cast<std::uint32_t>(key_.bits(position_++) >> 32); }

 private:
  RandomKey key_;
  std::uint64_t position_ = 0;
};

/// Mixes 32 bits; cheap enough for several calls a pixel.
constexpr std::uint32_t scramble(std::uint32_t h) noexcept {
  h ^= h >> 16;
  h *= 0x7feb352dU;
  h ^= h >> 15;
  h *= 0x846ca68bU;
  return h ^ (h >> 16);
}
constexpr float unit_float(std::uint32_t h) noexcept { return static_cast<float>(h >> 8) * 0x1p-24F; }

/// Uniform in [0, 1) for a lattice point.
constexpr float lattice(int x, int y, std::uint32_t seed) noexcept {
  return unit_float(scramble(static_cast<std::uint32_t>(x) * 0x9e3779b1U + static_cast<std::uint32_t>(y) * 0x85ebca77U +
                             seed * 0xc2b2ae3dU));
}

/// Largest whole number below; coordinates of rooms always fit an int.
inline int floor_int(float x) noexcept {
  const int i = static_cast<int>(x);
  return i - static_cast<int>(x < static_cast<float>(i));
}

/// Value noise in [0, 1): bilinear between lattice points with smoothed weights.
inline float noise(float x, float y, std::uint32_t seed) noexcept {
  const int ix = floor_int(x), iy = floor_int(y);
  float fx = x - static_cast<float>(ix), fy = y - static_cast<float>(iy);
  fx = fx * fx * (3.0F - 2.0F * fx);
  fy = fy * fy * (3.0F - 2.0F * fy);
  return mix(mix(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), fx),
             mix(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), fx), fy);
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
