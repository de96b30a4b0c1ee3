#pragma once
/// \file
/// Colours that stand for numbers: of a class, of a surface normal.
///
///     class_colour(c)    hues around the circle by the golden ratio, in three brightnesses; ignored: black
///     normal_colour(n)   (n + 1) * 127.5 of each component: right is red, up is green, to the camera is blue

#include <xstitch/core/labels.hpp>
#include <xstitch/report/picture.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA::report {

/// Of a class in pictures: the same in all of them.
inline Colour class_colour(std::int32_t label) {
  if (is_ignored(label)) return {0, 0, 0};
  const float hue = std::fmod(static_cast<float>(label) * 0.61803F, 1.0F) * 6.0F;
  // Hues come near each other again after 8, 13, 21 classes; the brightness is another one there, but for the last.
  const float value = label % 3 == 0 ? 240.0F : label % 3 == 1 ? 180.0F : 120.0F;
  const auto channel = [&](float shift) {
    const float x = std::fmod(hue + shift, 6.0F);
    const float ramp = std::clamp(std::abs(x - 3.0F) - 1.0F, 0.0F, 1.0F);
    return static_cast<std::uint8_t>(value * (0.25F + 0.75F * ramp));
  };
  return {channel(0.0F), channel(4.0F), channel(2.0F)};
}

/// Of a unit normal: red x, green y, blue z, from -1 to 1.
inline Colour normal_colour(const float* n) {
  const auto channel = [&](int c) {
    return static_cast<std::uint8_t>(std::clamp((n[c] + 1.0F) * 127.5F, 0.0F, 255.0F));
  };
  return {channel(0), channel(1), channel(2)};
}

}  // namespace xstitch::inline XSTITCH_ISA::report
