#pragma once
/// \file
/// Draws a scene: what each pixel's central ray meets (class, normal, depth; frame.hpp), then its colour
/// (lighting.hpp). Pixels at the edge of a surface mix the colours of what four sub-rays meet.

#include <xstitch/rooms/frame.hpp>
#include <xstitch/rooms/lighting.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

class Renderer {
 public:
  Renderer(const Scene& scene, const Camera& camera, int height, int width, std::uint32_t seed)
      : frame_{scene, camera, height, width, {}, {}}, seed_(seed) {}

  XSTITCH_INLINE void render(Picture& picture) {
    const std::size_t count = static_cast<std::size_t>(frame_.height) * static_cast<std::size_t>(frame_.width);
    picture.height = frame_.height, picture.width = frame_.width;
    picture.tangent_x = frame_.camera.tangent_x, picture.tangent_y = frame_.camera.tangent_y;
    picture.rgb.resize(count);
    picture.labels.resize(count);
    picture.things.assign(count, 0);
    picture.normals.resize(count);
    picture.depth.assign(count, infinity);
    frame_.id.assign(count, -1);
    frame_.surface.resize(count);
    find_surfaces(frame_, picture);
    Lighting lighting(frame_, seed_);
    lighting.light_surfaces();
    for (std::size_t i = 0; i < count; ++i) picture.rgb[i] = lighting.shade(i);
    smooth_edges(picture);
  }

 private:
  /// Pixels whose neighbours show another surface mix the colours of four sub-rays: each takes the colour of a pixel
  /// around that shows the surface it meets.
  XSTITCH_INLINE void smooth_edges(Picture& picture) const {
    const std::vector<Vec> sharp = picture.rgb;
    constexpr std::array<std::array<float, 2>, 4> offsets{
        {{-0.125F, -0.375F}, {0.375F, -0.125F}, {0.125F, 0.375F}, {-0.375F, 0.125F}}};
    for (int row = 0; row < frame_.height; ++row)
      for (int column = 0; column < frame_.width; ++column) {
        const std::size_t i = frame_.index(row, column);
        bool edge = false;
        for (const auto& [y, x] : {std::array{-1, 0}, std::array{1, 0}, std::array{0, -1}, std::array{0, 1}}) {
          const int r = std::clamp(row + y, 0, frame_.height - 1), c = std::clamp(column + x, 0, frame_.width - 1);
          edge = edge || frame_.id[frame_.index(r, c)] != frame_.id[i];
        }
        if (!edge) continue;
        Vec sum{};
        for (const auto& [x, y] : offsets) {
          const Vec d = frame_.camera.ray(frame_.screen_x(column) + x * 2.0F / static_cast<float>(frame_.width),
                                          frame_.screen_y(row) - y * 2.0F / static_cast<float>(frame_.height));
          const ShellHit hit = frame_.scene.leave(frame_.camera.position, d);
          float distance = hit.t;
          int found = frame_.scene.tree.closest(frame_.scene.primitives, frame_.camera.position, d, distance);
          if (found < 0) found = Frame::shell_id(hit);
          std::size_t source = i;
          if (found != frame_.id[i])
            for (int k = 0; k < 9; ++k) {
              const int r = std::clamp(row + k / 3 - 1, 0, frame_.height - 1),
                        c = std::clamp(column + k % 3 - 1, 0, frame_.width - 1);
              if (frame_.id[frame_.index(r, c)] == found) {
                source = frame_.index(r, c);
                break;
              }
            }
          sum += sharp[source];
        }
        picture.rgb[i] = sum * 0.25F;
      }
  }

  Frame frame_;
  std::uint32_t seed_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
