#pragma once
/// \file
/// What a surface is made of: its pattern, colours and gloss (texture.hpp paints it), and colours by hue, saturation
/// and value.

#include <xstitch/rooms/vector.hpp>

#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

enum class Pattern : std::uint8_t {
  plain,
  wood,     ///< grain along v
  planks,   ///< floor boards along v, `scale` wide
  tiles,    ///< squares of side `scale`, joints of colour c
  checker,  ///< squares of side `scale` in a and b
  carpet,
  stripes,  ///< along v, `scale` wide
  plaid,
  brick,
  dots,  ///< wallpaper: blossoms of b on a, `scale` apart
  fabric,
  marble,
  // The following are on the front (local z) only and fill `extent`; the other faces have colour c.
  picture,
  books,  ///< spines beside each other
  screen,
  door,
  drawers,  ///< `scale` rows
  rug,      ///< on the top (local y)
  outside,  ///< the view through a window
};

constexpr bool is_front_only(Pattern p) noexcept { return p >= Pattern::picture && p <= Pattern::drawers; }

struct Material {
  Pattern pattern = Pattern::plain;
  Vec a{0.5F, 0.5F, 0.5F}, b{0.4F, 0.4F, 0.4F}, c{0.3F, 0.3F, 0.3F};
  float scale = 0.1F;
  float gloss = 0.0F;     ///< share of mirror-like reflection of the lights
  float emission = 0.0F;  ///< light that it gives off, times its colour
  float half_width = 1.0F, half_height = 1.0F;
  std::uint32_t seed = 0;
};

/// Hue (0..1 around the circle), saturation and value as the eye grades them. An aggregate, so that values drawn in its
/// braces are drawn from left to right with every compiler.
struct Shade {
  float hue = 0.0F, saturation = 0.0F, value = 0.0F;
};

/// Linear RGB.
XSTITCH_INLINE Vec colour(Shade shade) noexcept {
  const auto channel = [&](float shift) {
    float h = shade.hue + shift;
    h -= std::floor(h);
    const float ramp = clamp01(std::fabs(h * 6.0F - 3.0F) - 1.0F);
    const float s = shade.value * mix(1.0F, ramp, shade.saturation);
    return s * s;
  };
  return {channel(0.0F), channel(2.0F / 3.0F), channel(1.0F / 3.0F)};
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
