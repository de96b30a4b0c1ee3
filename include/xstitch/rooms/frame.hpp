#pragma once
/// \file
/// The pixels of a picture while it is drawn. find_surfaces() says what each one shows: solids are drawn one after the
/// other into the rectangle of pixels that can see them, keeping the nearest; the other pixels show the shell.

#include <xstitch/rooms/camera.hpp>
#include <xstitch/rooms/picture.hpp>
#include <xstitch/rooms/surface.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

struct Frame {
  const Scene& scene;
  const Camera& camera;
  int height, width;
  std::vector<int> id;           ///< of what the pixel shows; see shell_id()
  std::vector<Surface> surface;  ///< of each pixel

  [[nodiscard]] float screen_x(int column) const noexcept {
    return (static_cast<float>(column) + 0.5F) * 2.0F / static_cast<float>(width) - 1.0F;
  }
  [[nodiscard]] float screen_y(int row) const noexcept {
    return 1.0F - (static_cast<float>(row) + 0.5F) * 2.0F / static_cast<float>(height);
  }
  [[nodiscard]] std::size_t index(int row, int column) const noexcept {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column);
  }
  /// Number of a surface of the shell; primitives are numbered from 0.
  static int shell_id(const ShellHit& hit) noexcept { return -2 - hit.face - 16 * (5 * (hit.opening + 1) + hit.side); }
};

namespace detail {

/// Draws one solid into the depth buffer.
XSTITCH_INLINE void rasterise(Frame& frame, int number, std::vector<float>& depth) {
  const Primitive& p = frame.scene.primitives[static_cast<std::size_t>(number)];
  const Vec centre = frame.camera.axes.to_local(p.centre - frame.camera.position);
  const float swell = p.solid == Solid::frustum ? larger(1.0F, p.shape) : 1.0F;
  const Vec ax = frame.camera.axes.to_local(p.axes.x) * (p.half.x * swell),
            ay = frame.camera.axes.to_local(p.axes.y) * p.half.y,
            az = frame.camera.axes.to_local(p.axes.z) * (p.half.z * swell);
  float low_x = infinity, high_x = -infinity, low_y = infinity, high_y = -infinity;
  int in_front = 0;  // corners before the camera
  for (int corner = 0; corner < 8; ++corner) {
    const Vec at = centre + ax * ((corner & 1) != 0 ? 1.0F : -1.0F) + ay * ((corner & 2) != 0 ? 1.0F : -1.0F) +
                   az * ((corner & 4) != 0 ? 1.0F : -1.0F);
    if (-at.z < 0.05F) continue;
    ++in_front;
    const float x = at.x / (-at.z * frame.camera.tangent_x), y = at.y / (-at.z * frame.camera.tangent_y);
    low_x = smaller(low_x, x), high_x = larger(high_x, x);
    low_y = smaller(low_y, y), high_y = larger(high_y, y);
  }
  if (in_front == 0) return;
  if (in_front < 8) low_x = low_y = -1.0F, high_x = high_y = 1.0F;
  const auto to_pixel = [](float x, int size) {
    return static_cast<int>((smaller(larger(x, -1.1F), 1.1F) * 0.5F + 0.5F) * static_cast<float>(size));
  };
  const int left = std::max(0, to_pixel(low_x, frame.width) - 1),
            right = std::min(frame.width - 1, to_pixel(high_x, frame.width) + 1);
  const int top = std::max(0, to_pixel(-high_y, frame.height) - 1),
            bottom = std::min(frame.height - 1, to_pixel(-low_y, frame.height) + 1);
  const Vec origin = p.axes.to_local(frame.camera.position - p.centre);
  const Vec along_x = p.axes.to_local(frame.camera.axes.x) * frame.camera.tangent_x,
            along_y = p.axes.to_local(frame.camera.axes.y) * frame.camera.tangent_y;
  const Vec forward = -p.axes.to_local(frame.camera.axes.z);
  for (int row = top; row <= bottom; ++row) {
    const Vec line = forward + along_y * frame.screen_y(row);
    for (int column = left; column <= right; ++column) {
      const std::size_t i = frame.index(row, column);
      const float t = intersect_local(p, origin, line + along_x * frame.screen_x(column), depth[i]);
      if (t < depth[i]) {
        depth[i] = t;
        frame.id[i] = number;
      }
    }
  }
}

}  // namespace detail

/// Fills ids and surfaces, and the classes, normals and depths of the picture, whose depths are infinite before.
XSTITCH_INLINE void find_surfaces(Frame& frame, Picture& picture) {
  for (std::size_t i = 0; i < frame.scene.primitives.size(); ++i)
    detail::rasterise(frame, static_cast<int>(i), picture.depth);
  const float pixel = 2.0F * frame.camera.tangent_x / static_cast<float>(frame.width);
  for (int row = 0; row < frame.height; ++row)
    for (int column = 0; column < frame.width; ++column) {
      const std::size_t i = frame.index(row, column);
      const Vec d = frame.camera.ray(frame.screen_x(column), frame.screen_y(row));
      Surface& s = frame.surface[i];
      if (frame.id[i] < 0) {
        const ShellHit hit = frame.scene.leave(frame.camera.position, d);
        picture.depth[i] = hit.t;
        frame.id[i] = Frame::shell_id(hit);
        s.position = frame.camera.position + d * hit.t;
        s.normal = hit.normal;
        picture.labels[i] = detail::shell_material(frame.scene, hit, d, pixel * hit.t, s);
      } else {
        const Primitive& p = frame.scene.primitives[static_cast<std::size_t>(frame.id[i])];
        s.position = frame.camera.position + d * picture.depth[i];
        picture.labels[i] = static_cast<std::uint8_t>(p.label);
        picture.things[i] = p.thing;
        detail::solid_material(frame.scene, p, d, pixel * picture.depth[i], s);
      }
      Vec n = frame.camera.axes.to_local(s.normal);
      const Vec view = frame.camera.axes.to_local(d);
      // At a silhouette rounding can tip a curved surface's normal just beyond the line of sight.
      const float away = dot(n, view);
      if (away > -1e-6F) n = normalize(n - view * ((away + 1e-5F) / dot(view, view)));
      picture.normals[i] = n;
    }
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
