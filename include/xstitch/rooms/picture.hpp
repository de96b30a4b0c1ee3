#pragma once
/// \file
/// A drawn room, pixel by pixel, and the development of its colours.

#include <xstitch/rooms/noise.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

struct Picture {
  int height = 0, width = 0;
  /// Of half the fields of view: the upper left corner of the picture is in direction (-tangent_x, tangent_y, -1).
  float tangent_x = 0.0F, tangent_y = 0.0F;
  std::vector<Vec> rgb;               ///< linear light until `develop`, then 0..1 as displayed
  std::vector<std::uint8_t> labels;   ///< RoomClass
  std::vector<std::uint16_t> things;  ///< numbers of Scene::things from 1; 0: none
  std::vector<Vec> normals;           ///< camera coordinates, unit, towards the camera
  std::vector<float> depth;           ///< along the optical axis, metres
};

/// What a network reads: (colour - mean) / standard_deviation, [height, width, 3].
inline void fill_pixels(const Picture& picture, float mean, float standard_deviation, std::vector<float>& to) {
  to.resize(3 * picture.rgb.size());
  const float scale = 1.0F / standard_deviation;
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
    to[3 * i] = (picture.rgb[i].x - mean) * scale;
    to[3 * i + 1] = (picture.rgb[i].y - mean) * scale;
    to[3 * i + 2] = (picture.rgb[i].z - mean) * scale;
  }
}

/// From linear light to what a camera stores: exposure, colour cast, vignette, tone curve, noise.
XSTITCH_INLINE void develop(Picture& picture, Dice& dice) {
  double total = 0.0;
  for (const Vec& c : picture.rgb) total += static_cast<double>(smaller(1.5F, 0.3F * c.x + 0.6F * c.y + 0.1F * c.z));
  const float mean = static_cast<float>(total / static_cast<double>(picture.rgb.size())) + 1e-4F;
  const float exposure = dice.uniform(0.24F, 0.42F) / mean;
  const Vec cast = Vec{dice.uniform(0.9F, 1.12F), 1.0F, dice.uniform(0.86F, 1.12F)} * exposure;
  const float vignette = dice.uniform(0.0F, 0.3F), grain = dice.uniform(0.006F, 0.025F);
  const std::uint32_t seed = dice.bits();
  for (int row = 0; row < picture.height; ++row)
    for (int column = 0; column < picture.width; ++column) {
      const std::size_t i =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(column);
      const float x = static_cast<float>(column) / static_cast<float>(picture.width) - 0.5F;
      const float y = static_cast<float>(row) / static_cast<float>(picture.height) - 0.5F;
      const Vec c = picture.rgb[i] * cast * (1.0F - vignette * 2.0F * (x * x + y * y));
      const auto stored = [&](float linear, std::uint32_t channel) {
        const float toned = linear * (1.0F + 0.16F * linear) / (1.0F + 0.75F * linear);  // rolls highlights off
        const std::uint32_t r = scramble(static_cast<std::uint32_t>(i) * 3U + channel + seed);
        // Sum of four bytes: near enough to a normal deviate, standard deviation 1.
        const float deviate =
            (static_cast<float>((r & 255U) + ((r >> 8) & 255U) + ((r >> 16) & 255U) + (r >> 24)) - 510.0F) / 147.8F;
        return clamp01(std::sqrt(larger(0.0F, toned)) + grain * deviate);
      };
      picture.rgb[i] = {stored(c.x, 0), stored(c.y, 1), stored(c.z, 2)};
    }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
