#pragma once
/// \file
/// Light on the surfaces of a frame: one jittered shadow ray per light and one short ambient-occlusion ray per pixel,
/// smoothed over neighbours on the same surface, which gives soft shadows; then each pixel's colour.

#include <xstitch/rooms/frame.hpp>
#include <xstitch/rooms/lights.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

class Lighting {
 public:
  Lighting(Frame& frame, std::uint32_t seed) : frame_(frame), seed_(seed) {}

  /// How much each surface sees of each light and of its surroundings.
  XSTITCH_INLINE void light_surfaces() {
    const std::size_t count = frame_.surface.size();
    for (std::size_t i = 0; i < count; ++i) {
      Surface& s = frame_.surface[i];
      const Vec from = s.position + s.normal * 2e-3F;
      for (std::size_t l = 0; l < lights(); ++l) {
        const auto salt = static_cast<std::uint32_t>(3 * l);
        s.seen[l] = visibility(frame_.scene.lights[l], from, s.normal, jitter(i, salt), jitter(i, salt + 1),
                               jitter(i, salt + 2));
      }
      // One cosine-weighted direction.
      const float radius = std::sqrt(jitter(i, 91)), around = 6.2831853F * jitter(i, 90);
      const Vec helper = std::fabs(s.normal.x) > 0.7F ? Vec{0, 1, 0} : Vec{1, 0, 0};
      const Vec t = normalize(cross(s.normal, helper)), b = cross(s.normal, t);
      const Vec d = t * (radius * std::cos(around)) + b * (radius * std::sin(around)) +
                    s.normal * std::sqrt(1.0F - radius * radius);
      float distance = smaller(0.7F, frame_.scene.shell_distance(from, d));
      frame_.scene.tree.closest(frame_.scene.primitives, from, d, distance);
      s.seen[most_lights] = smooth_step(0.0F, 0.7F, distance);
    }
    smooth_light();
  }

  /// Colour of pixel i, after light_surfaces().
  [[nodiscard]] XSTITCH_INLINE Vec shade(std::size_t i) const noexcept {
    const Surface& s = frame_.surface[i];
    const Vec view = normalize(frame_.camera.position - s.position);
    const float open = s.seen[most_lights];
    // Light that comes from everywhere: more of it from above, tinted by the room's own colours.
    Vec light = frame_.scene.ambient * (open * (0.8F + 0.2F * s.normal.y)), shine;
    for (std::size_t l = 0; l < lights(); ++l) {
      if (s.seen[l] <= 0.0F) continue;
      const Light& source = frame_.scene.lights[l];
      Vec to = source.kind == Light::Kind::sun ? source.position : source.position - s.position;
      float strength = 1.0F;
      if (source.kind != Light::Kind::sun) {
        const float squared = dot(to, to);
        to *= 1.0F / std::sqrt(squared);
        strength = 1.0F / (squared + 0.15F);
        if (source.kind == Light::Kind::window) strength *= larger(0.0F, -dot(to, source.normal)) * 0.8F;
      }
      const float cosine = larger(0.0F, dot(to, s.normal));
      light += source.power * (strength * cosine * s.seen[l]);
      if (s.gloss > 0.0F) {
        const float half = larger(0.0F, dot(normalize(to + view), s.normal));
        const float h2 = half * half, h4 = h2 * h2, h8 = h4 * h4, h16 = h8 * h8;
        shine += source.power * (strength * s.seen[l] * s.gloss * 0.8F * h16 * h16);
      }
    }
    return s.colour * light + shine + s.emission;
  }

 private:
  /// Numbers in [0, 1) that neighbouring pixels share out evenly: multiples of the plane's golden ratio (R2 sequence),
  /// which leaves far less noise after smoothing than independent draws.
  [[nodiscard]] float jitter(std::size_t pixel, std::uint32_t which) const noexcept {
    constexpr std::uint32_t a = 3242174889U, b = 2447445414U;  // 2^32 / g and 2^32 / g^2 for g^3 = g + 1
    const auto width = static_cast<std::uint32_t>(frame_.width), x = static_cast<std::uint32_t>(pixel) % width,
               y = static_cast<std::uint32_t>(pixel) / width;
    return unit_float(((which & 1U) != 0 ? x * a + y * b : x * b - y * a) + scramble(which + seed_));
  }

  [[nodiscard]] std::size_t lights() const noexcept { return std::min(frame_.scene.lights.size(), most_lights); }

  [[nodiscard]] XSTITCH_INLINE float visibility(const Light& light, Vec from, Vec normal, float r0, float r1,
                                                float r2) const noexcept {
    Vec to;
    if (light.kind == Light::Kind::sun) {
      const Vec d = normalize(light.position + Vec{r0 - 0.5F, r1 - 0.5F, r2 - 0.5F} * 0.02F);
      if (dot(d, normal) <= 0.0F) return 0.0F;
      const ShellHit hit = frame_.scene.leave(from, d);
      if (hit.opening < 0 || hit.side != 0 ||
          frame_.scene.openings[static_cast<std::size_t>(hit.opening)].label != RoomClass::window)
        return 0.0F;
      return frame_.scene.tree.blocked(frame_.scene.primitives, from, d, hit.t) ? 0.0F : 1.0F;
    }
    if (light.kind == Light::Kind::window) {
      to = light.position + light.u * (2.0F * r0 - 1.0F) + light.v * (2.0F * r1 - 1.0F);
      if (dot(from - to, light.normal) <= 0.0F) return 0.0F;
    } else {
      const float radius = light.u.x;
      to = light.position + Vec{2.0F * r0 - 1.0F, 2.0F * r1 - 1.0F, 2.0F * r2 - 1.0F} * (0.6F * radius);
    }
    const Vec d = to - from;
    if (dot(d, normal) <= 0.0F) return 0.0F;
    // Too weak here to leave a visible shadow.
    if (light.power.y < 0.04F * frame_.scene.ambient.y * dot(d, d)) return 1.0F;
    return frame_.scene.tree.blocked(frame_.scene.primitives, from, d, 0.999F) ? 0.0F : 1.0F;
  }

  /// Averages what the noisy rays found over 3x3 neighbours of the same surface and direction, twice with holes.
  XSTITCH_INLINE void smooth_light() {
    std::vector<std::array<float, most_lights + 1>> result(frame_.surface.size());
    for (const int step : {1, 2}) {
      for (int row = 0; row < frame_.height; ++row)
        for (int column = 0; column < frame_.width; ++column) {
          const std::size_t i = frame_.index(row, column);
          std::array<float, most_lights + 1> sum = frame_.surface[i].seen;
          float weight = 1.0F;
          for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
              const int r = row + y * step, c = column + x * step;
              if ((x == 0 && y == 0) || r < 0 || c < 0 || r >= frame_.height || c >= frame_.width) continue;
              const std::size_t j = frame_.index(r, c);
              if (frame_.id[i] != frame_.id[j] || dot(frame_.surface[i].normal, frame_.surface[j].normal) < 0.9F)
                continue;
              for (std::size_t l = 0; l <= most_lights; ++l) sum[l] += frame_.surface[j].seen[l];
              weight += 1.0F;
            }
          for (float& value : sum) value /= weight;
          result[i] = sum;
        }
      for (std::size_t i = 0; i < result.size(); ++i) frame_.surface[i].seen = result[i];
    }
  }

  Frame& frame_;
  std::uint32_t seed_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
