#pragma once
/// \file
/// Procedural textures: the colour (linear RGB) of a material at a point (u, v) of its surface, in metres.
///
/// A pattern finer than the pixel's footprint fades into its mean, which keeps distant floors from flickering.

#include <xstitch/rooms/material.hpp>
#include <xstitch/rooms/noise.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

namespace detail {

/// 1 where a feature of this size is resolved, 0 where a pixel covers several of them.
inline float resolved(float feature, float footprint) noexcept { return clamp01(1.6F - 1.1F * footprint / feature); }

XSTITCH_INLINE Vec wood(const Material& m, float u, float v, float footprint, std::uint32_t seed) noexcept {
  const float broad = noise(u * 9.0F, v * 0.9F, seed);
  const float fine = noise(u * 70.0F, v * 3.5F, seed + 1) - 0.5F;
  return mix(m.a, m.b, clamp01(broad + 0.7F * fine * resolved(0.03F, footprint)));
}

/// How much of a joint lies in the pixel: lines of half width `line` at whole numbers of x / period.
inline float joint(float x, float period, float line, float footprint) noexcept {
  const float f = x / period;
  const float distance = std::fabs(f - std::floor(f + 0.5F)) * period;
  const float blur = larger(line, 0.5F * footprint);
  return clamp01((blur - distance) / blur + 0.3F) * (line / blur);
}

XSTITCH_INLINE Vec picture(const Material& m, float s, float t) noexcept {
  const float border = 0.04F + 0.12F * unit_float(scramble(m.seed + 9));
  if ((m.seed & 3U) != 0 && (s < border || s > 1.0F - border || t < border || t > 1.0F - border)) return m.c;
  switch ((m.seed >> 2) % 4U) {
    case 0: {  // landscape: sky, hills, foreground
      const float hill = 0.35F + 0.35F * noise(s * 3.0F, 0.5F, m.seed);
      const float field = 0.15F + 0.2F * noise(s * 2.0F, 4.5F, m.seed);
      if (t < field) return m.b * (0.6F + 0.6F * noise(s * 18.0F, t * 18.0F, m.seed));
      if (t < hill) return mix(m.b, m.a, 0.5F) * 0.6F;
      return mix({0.8F, 0.85F, 0.9F}, m.a, t);
    }
    case 1: {  // blocks of colour
      const int x = floor_int(s * 3.0F + noise(t * 4.0F, 1.0F, m.seed)), y = floor_int(t * 4.0F);
      return colour(
          {lattice(x, y, m.seed), 0.6F * lattice(x, y, m.seed + 1), 0.25F + 0.7F * lattice(x, y, m.seed + 2)});
    }
    case 2: {  // a head before a dark ground
      const float x = (s - 0.5F) * 3.2F, y = (t - 0.6F) * 3.0F, z = (t - 0.1F) * 2.4F;
      if (x * x + y * y < 0.3F) return {0.55F, 0.35F, 0.25F};
      if (x * x * 0.5F + z * z < 0.35F) return m.b;
      return m.a * 0.4F;
    }
    default:  // brush strokes
      return mix(m.a, m.b, noise(s * 6.0F + 3.0F * noise(t * 4.0F, s * 4.0F, m.seed + 1), t * 9.0F, m.seed));
  }
}

/// s grows with the azimuth, t from 0 at the horizon to 1 in the zenith (negative: the ground).
XSTITCH_INLINE Vec outside(const Material& m, float s, float t) noexcept {
  const float skyline = 0.05F + 0.22F * noise(s * 3.0F, 0.5F, m.seed) + 0.12F * noise(s * 11.0F, 0.5F, m.seed + 1);
  if (t < -0.06F) return m.c * (0.7F + 0.5F * noise(s * 6.0F, t * 20.0F, m.seed + 2));
  if (t < skyline) return m.b * (0.5F + 0.8F * noise(s * 22.0F, t * 22.0F, m.seed + 3));
  const float cloud = smooth_step(0.45F, 0.75F, noise(s * 2.5F, t * 6.0F, m.seed + 4));
  return mix(mix({0.85F, 0.9F, 0.95F}, m.a, clamp01(t * 1.5F)), {1.0F, 1.0F, 1.0F}, 0.7F * cloud);
}

}  // namespace detail

/// Colour of the surface where (u, v) is measured from the middle of the face.
XSTITCH_INLINE Vec paint(const Material& m, float u, float v, float footprint) noexcept {
  using detail::joint;
  using detail::resolved;
  switch (m.pattern) {
    case Pattern::plain:
      return m.a * (0.97F + 0.06F * noise(u * 6.0F, v * 6.0F, m.seed));
    case Pattern::wood:
      return detail::wood(m, u, v, footprint, m.seed);
    case Pattern::planks: {
      const float across = u / m.scale;
      const int row = floor_int(across);
      const float shift = lattice(row, 7, m.seed) * 8.0F, along = (v + shift) / (m.scale * 9.0F);
      const int board = floor_int(along);
      const std::uint32_t id = scramble(static_cast<std::uint32_t>(row * 131 + board) + m.seed);
      const Vec tone = detail::wood(m, u, v, footprint, id) * (0.75F + 0.5F * unit_float(id));
      const float gap =
          larger(joint(u, m.scale, 0.003F, footprint), joint(v + shift, m.scale * 9.0F, 0.003F, footprint));
      return mix(tone, m.c, 0.8F * gap);
    }
    case Pattern::tiles: {
      const int x = floor_int(u / m.scale), y = floor_int(v / m.scale);
      const Vec tone = mix(m.a, m.b, lattice(x, y, m.seed) * 0.6F + 0.4F * noise(u * 12.0F, v * 12.0F, m.seed + 1));
      return mix(tone, m.c, larger(joint(u, m.scale, 0.006F, footprint), joint(v, m.scale, 0.006F, footprint)));
    }
    case Pattern::checker: {
      const int x = floor_int(u / m.scale), y = floor_int(v / m.scale);
      const float share = ((x + y) & 1) != 0 ? 1.0F : 0.0F;
      return mix(m.a, m.b, mix(0.5F, share, resolved(m.scale, footprint)));
    }
    case Pattern::carpet: {
      const float fine = noise(u * 90.0F, v * 90.0F, m.seed) - 0.5F, broad = noise(u * 4.0F, v * 4.0F, m.seed + 1);
      return mix(m.a, m.b, clamp01(0.3F + 0.4F * broad + 0.9F * fine * resolved(0.03F, footprint)));
    }
    case Pattern::stripes: {
      const float f = u / m.scale - std::floor(u / m.scale);
      return mix(m.a, m.b, mix(0.5F, f < 0.5F ? 0.0F : 1.0F, resolved(m.scale, footprint)));
    }
    case Pattern::plaid: {
      const float f = u / m.scale - std::floor(u / m.scale), g = v / m.scale - std::floor(v / m.scale);
      const Vec ground =
          mix(m.a, m.b, 0.5F * static_cast<float>(static_cast<int>(f < 0.4F) + static_cast<int>(g < 0.4F)));
      const bool thread = (f > 0.65F && f < 0.75F) || (g > 0.65F && g < 0.75F);
      return mix(mix(m.a, m.b, 0.4F), thread ? m.c : ground, resolved(m.scale * 0.5F, footprint));
    }
    case Pattern::brick: {
      const float height = m.scale * 0.33F;
      const int row = floor_int(v / height);
      const float shifted = u + ((row & 1) != 0 ? 0.5F * m.scale : 0.0F);
      const float tone = lattice(floor_int(shifted / m.scale), row, m.seed);
      const float gap = larger(joint(shifted, m.scale, 0.007F, footprint), joint(v, height, 0.007F, footprint));
      return mix(mix(m.a, m.b, tone) * (0.8F + 0.4F * noise(u * 50.0F, v * 50.0F, m.seed)), m.c, gap);
    }
    case Pattern::dots: {
      const int row = floor_int(v / m.scale);
      const float shifted = u / m.scale + ((row & 1) != 0 ? 0.5F : 0.0F);
      const float x = shifted - std::floor(shifted) - 0.5F, y = v / m.scale - std::floor(v / m.scale) - 0.5F;
      const float petals = 0.07F + 0.05F * noise(shifted * 6.0F, v / m.scale * 6.0F, m.seed);
      const float inside = x * x + y * y < petals ? 1.0F : 0.0F;
      return mix(m.a, m.b, mix(0.28F, inside, resolved(m.scale, footprint)));
    }
    case Pattern::fabric: {
      const float weave = (noise(u * 160.0F, v * 30.0F, m.seed) + noise(u * 30.0F, v * 160.0F, m.seed + 1) - 1.0F);
      return m.a * (0.94F + 0.12F * noise(u * 7.0F, v * 7.0F, m.seed + 2) + 0.35F * weave * resolved(0.02F, footprint));
    }
    case Pattern::marble: {
      const float bend = noise(u * 4.0F, v * 4.0F, m.seed) + 0.5F * noise(u * 11.0F, v * 11.0F, m.seed + 1);
      const float vein = std::fabs(noise(u * 3.0F + 2.0F * bend, v * 3.0F - bend, m.seed + 2) - 0.5F);
      return mix(m.b, m.a, smooth_step(0.0F, 0.14F, vein));
    }
    case Pattern::picture:
      return detail::picture(m, 0.5F + 0.5F * u / m.half_width, 0.5F + 0.5F * v / m.half_height);
    case Pattern::books: {
      const float bent = u + 0.012F * noise(u * 25.0F, 0.0F, m.seed);
      const int book = floor_int(bent / m.scale);
      const float inside = bent / m.scale - static_cast<float>(book);
      const std::uint32_t id = m.seed + static_cast<std::uint32_t>(book);
      const float low = 0.6F * lattice(book, 3, m.seed) - 0.3F, t = v / m.half_height;
      Vec spine = mix(m.a,
                      colour({unit_float(scramble(id)), 0.25F + 0.5F * lattice(book, 1, m.seed),
                              0.25F + 0.65F * lattice(book, 2, m.seed)}),
                      0.85F);
      if (t > low && t < low + 0.35F) spine = mix(spine, {0.75F, 0.7F, 0.55F}, 0.55F);
      return spine * (inside < 0.15F ? 1.0F - 0.75F * resolved(m.scale, footprint) : 1.0F);
    }
    case Pattern::screen: {
      const float x = noise(u / m.half_width * 2.0F + 9.0F, v / m.half_height * 2.0F, m.seed);
      const float y = noise(u / m.half_width * 3.0F, v / m.half_height * 3.0F + 7.0F, m.seed + 1);
      return mix(m.a, colour({x, 0.5F, 0.2F + 0.8F * y}), m.scale);
    }
    case Pattern::door: {
      const float s = std::fabs(u / m.half_width), t = v / m.half_height;
      const bool upper = t > 0.05F && t<0.85F, lower = t> - 0.85F && t < -0.1F;
      const float rim = upper ? smaller(t - 0.05F, 0.85F - t) : lower ? smaller(t + 0.85F, -0.1F - t) : 1.0F;
      if (m.scale > 0.5F && (upper || lower) && s < 0.72F && s > 0.1F) {
        const float edge = smaller(rim, smaller(0.72F - s, s - 0.1F) * 0.5F);
        return m.a * (edge < 0.02F ? 0.72F : 0.93F);
      }
      return m.a * (0.96F + 0.08F * noise(u * 30.0F, v * 2.0F, m.seed));
    }
    case Pattern::drawers: {
      const float rows = m.scale, columns = static_cast<float>(1U + m.seed % 3U);
      const float s = (0.5F + 0.5F * u / m.half_width) * columns, t = (0.5F + 0.5F * v / m.half_height) * rows;
      const float gap =
          larger(joint(s * 2.0F * m.half_width / columns, 2.0F * m.half_width / columns, 0.006F, footprint),
                 joint(t * 2.0F * m.half_height / rows, 2.0F * m.half_height / rows, 0.006F, footprint));
      const float x = (s - std::floor(s) - 0.5F) * 2.0F * m.half_width / columns;
      const float y = (t - std::floor(t) - 0.5F) * 2.0F * m.half_height / rows;
      if (std::fabs(x) < 0.06F && std::fabs(y) < larger(0.012F, 0.4F * footprint)) return m.c;
      return detail::wood(m, v, u, footprint, m.seed) * (1.0F - 0.6F * gap);
    }
    case Pattern::rug: {
      const float x = m.half_width - std::fabs(u), y = m.half_height - std::fabs(v), edge = smaller(x, y);
      if (edge < 0.06F) return m.b;
      if (edge < 0.12F) return m.a;
      if (edge < 0.2F)
        return m.c * (0.8F + 0.4F * static_cast<float>((floor_int(u * 12.0F) + floor_int(v * 12.0F)) & 1));
      const float ring = std::fabs(u) / m.half_width + std::fabs(v) / m.half_height;
      const Vec ground = (m.seed & 1U) != 0 && floor_int(ring * m.scale) % 2 == 0 ? m.c : m.a;
      return ground * (0.8F + 0.4F * noise(u * 40.0F, v * 40.0F, m.seed));
    }
    case Pattern::outside:
      return detail::outside(m, u, v);
  }
  return m.a;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
