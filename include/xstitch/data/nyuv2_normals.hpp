#pragma once
/// \file
/// Surface normals for NYU Depth V2: read from the published pictures, or computed from depth.
///
/// Axes everywhere: x to the right, y up, z towards the camera; a wall seen head-on is (0, 0, 1).
///
/// From depth: a plane through the points of a square window. With the ray r = ((u - cx) / fx, -(v - cy) / fy, -1) of
/// pixel (u, v), a point is z r, and a plane n . p = d is linear in inverse depth:
///
///     1 / z = a x + b y + c,   n = (-a, -b, c) / |(a, b, c)|        with x = r_x, y = r_y
///
/// so that each window is a 3x3 least-squares problem, and the residual is what a structured-light sensor measures
/// with even noise. A pixel takes, of the nine windows that have it in the centre, at a side or in a corner, the one
/// that fits best: windows across an edge lose. Invalid where depth is missing or no window explains the pixel.

#include <xstitch/core/error.hpp>
#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// A pinhole camera, in pixels; the centre of the first pixel is (0, 0).
struct Camera {
  double fx = 0, fy = 0, cx = 0, cy = 0;

  /// The Kinect of NYU Depth V2 (640x480), scaled to another size.
  static Camera kinect(int height, int width) {
    const double sx = width / 640.0, sy = height / 480.0;
    return {518.8579 * sx, 519.4696 * sy, (325.5824 + 0.5) * sx - 0.5, (253.7362 + 0.5) * sy - 0.5};
  }
};

/// Normals of a view, [height, width, 3], and where they hold (1) or not (0).
struct NormalMap {
  int height = 0, width = 0;
  std::vector<float> normals;
  std::vector<std::uint8_t> mask;

  NormalMap(int h, int w)
      : height(h),
        width(w),
        normals(static_cast<std::size_t>(h) * static_cast<std::size_t>(w) * 3, 0.0F),
        mask(static_cast<std::size_t>(h) * static_cast<std::size_t>(w), 0) {}

  /// Stores the direction, made a unit vector; ignores one that is far from it (black or grey in a picture).
  void set(std::size_t pixel, double x, double y, double z) {
    const double length = std::sqrt(x * x + y * y + z * z);
    if (!(length > 0.5 && length < 1.5)) return;
    normals[3 * pixel] = static_cast<float>(x / length);
    normals[3 * pixel + 1] = static_cast<float>(y / length);
    normals[3 * pixel + 2] = static_cast<float>(z / length);
    mask[pixel] = 1;
  }
};

struct NormalsFromDepthOptions {
  int radius = 0;           ///< of the window, e.g. 3 for 7x7; 0: by width, 7 at 640 pixels, at least 2
  double tolerance = 0.01;  ///< of the residual, relative to inverse depth; at least `noise`
  double noise = 0.004;     ///< in 1/m: a few steps of the sensor (0.00285 1/m)
};

/// depth [height, width] in metres; what is not above 0 and finite is a hole.
inline NormalMap normals_from_depth(const std::vector<float>& depth, int height, int width, const Camera& camera,
                                    const NormalsFromDepthOptions& options = {}) {
  const auto w = static_cast<std::size_t>(width), h = static_cast<std::size_t>(height);
  if (depth.size() != w * h || !(camera.fx > 0) || !(camera.fy > 0) || options.radius < 0)
    fail("normals_from_depth: found ", depth.size(), " depths, focal lengths ", camera.fx, ", ", camera.fy, ", radius ",
         options.radius, "; expected ", h, " x ", w, " depths, focal lengths above 0, radius at least 0");

  // Moments of each window: count, x, y, xx, xy, yy, q, xq, yq, qq with q = 1 / z and x, y in pixels.
  constexpr std::size_t moments = 10;
  const int radius = options.radius > 0 ? options.radius : std::max(2, (width * 7 + 320) / 640);
  std::vector<std::array<double, moments>> rows(w * h), windows(w * h);
  std::vector<double> inverse(w * h, 0.0);
  for (std::size_t i = 0; i < inverse.size(); ++i)
    if (std::isfinite(depth[i]) && depth[i] > 0) inverse[i] = 1.0 / depth[i];
  const auto at = [w](int r, int c) { return static_cast<std::size_t>(r) * w + static_cast<std::size_t>(c); };
  // x and y are counted from the window's own centre, so that nothing cancels: sums over a row first, then rows.
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      auto& m = rows[at(r, c)];
      for (int dx = -radius; dx <= radius; ++dx) {
        if (c + dx < 0 || c + dx >= width) continue;
        const double q = inverse[at(r, c + dx)];
        if (q == 0) continue;
        m[0] += 1;
        m[1] += dx;
        m[3] += dx * dx;
        m[6] += q;
        m[7] += dx * q;
        m[9] += q * q;
      }
    }
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      auto& m = windows[at(r, c)];
      for (int dy = std::max(-radius, -r); dy <= std::min(radius, height - 1 - r); ++dy) {
        const auto& s = rows[at(r + dy, c)];
        for (const std::size_t k : {0U, 1U, 3U, 6U, 7U, 9U}) m[k] += s[k];
        m[2] += dy * s[0];
        m[4] += dy * s[1];
        m[5] += dy * dy * s[0];
        m[8] += dy * s[6];
      }
    }

  // q = a dx + b dy + c in each window, with its residual; residual < 0 where there is none.
  struct Plane {
    double a = 0, b = 0, c = 0, residual = -1;
  };
  std::vector<Plane> planes(w * h);
  const double enough = 0.5 * (2 * radius + 1) * (2 * radius + 1);
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const auto& m = windows[i];
    const double n = m[0];
    if (n < enough) continue;
    const double mx = m[1] / n, my = m[2] / n, mq = m[6] / n;
    const double xx = m[3] / n - mx * mx, xy = m[4] / n - mx * my, yy = m[5] / n - my * my;
    const double xq = m[7] / n - mx * mq, yq = m[8] / n - my * mq, qq = m[9] / n - mq * mq;
    const double determinant = xx * yy - xy * xy;
    if (!(determinant > 0.1)) continue;  // all in one line
    Plane& p = planes[i];
    p.a = (xq * yy - yq * xy) / determinant;
    p.b = (yq * xx - xq * xy) / determinant;
    p.c = mq - p.a * mx - p.b * my;
    p.residual = std::sqrt(std::max(0.0, qq - p.a * xq - p.b * yq));
  }

  NormalMap map(height, width);
  for (int r = 0; r < height; ++r)
    for (int c = 0; c < width; ++c) {
      const double q = inverse[at(r, c)];
      if (q == 0) continue;
      const double allowed = std::max(options.tolerance * q, options.noise);
      const Plane* best = nullptr;
      double best_residual = allowed;
      // The window round the pixel itself is the surest: others must beat it clearly.
      for (const int dy : {0, -radius, radius})
        for (const int dx : {0, -radius, radius}) {
          if (r + dy < 0 || r + dy >= height || c + dx < 0 || c + dx >= width) continue;
          const Plane& p = planes[at(r + dy, c + dx)];
          if (p.residual < 0 || std::abs(p.c - p.a * dx - p.b * dy - q) > 2 * allowed) continue;
          const double residual = dx == 0 && dy == 0 ? 0.7 * p.residual : p.residual;
          if (residual < best_residual) best = &p, best_residual = residual;
        }
      if (best == nullptr) continue;
      // From pixels to rays: u grows with x, v against y; the plane's value at the principal point is its c.
      const auto index = static_cast<std::size_t>(best - planes.data());
      const double column = static_cast<double>(index % w), row = static_cast<double>(index / w);
      const double a = best->a * camera.fx, b = -best->b * camera.fy;
      const double c0 = best->c + best->a * (camera.cx - column) + best->b * (camera.cy - row);
      const double length = std::sqrt(a * a + b * b + c0 * c0);
      if (length > 0) map.set(at(r, c), -a / length, -b / length, c0 / length);
    }
  return map;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
