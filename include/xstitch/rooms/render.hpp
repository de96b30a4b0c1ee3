#pragma once
/// \file
/// Draws a scene: what each pixel's central ray meets (class, normal, depth), then its colour.
///
/// Solids are drawn one after the other into the rectangle of pixels that can see them, keeping the nearest. Light
/// is deferred: one jittered shadow ray per light and one short ambient-occlusion ray per pixel, smoothed over
/// neighbours on the same surface, which gives soft shadows. Pixels at the edge of a surface mix the colours of
/// what four sub-rays meet.

#include <xstitch/rooms/lights.hpp>
#include <xstitch/rooms/picture.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

class Renderer {
 public:
  Renderer(const Scene& scene, const Camera& camera, int height, int width, std::uint32_t seed)
      : scene_(scene), camera_(camera), height_(height), width_(width), seed_(seed) {}

  void render(Picture& picture) {
    const std::size_t count = static_cast<std::size_t>(height_) * static_cast<std::size_t>(width_);
    picture.height = height_, picture.width = width_;
    picture.tangent_x = camera_.tangent_x, picture.tangent_y = camera_.tangent_y;
    picture.rgb.resize(count);
    picture.labels.resize(count);
    picture.normals.resize(count);
    picture.depth.assign(count, infinity);
    id_.assign(count, -1);
    surface_.resize(count);
    find_surfaces(picture);
    light_surfaces();
    for (std::size_t i = 0; i < count; ++i) picture.rgb[i] = shade(i);
    smooth_edges(picture);
  }

 private:
  struct Surface {
    Vec position, normal, colour, emission;
    float gloss = 0.0F;
    std::array<float, most_lights + 1> seen{};  ///< share of each light, then of the surroundings
  };

  [[nodiscard]] float screen_x(int column) const noexcept {
    return (static_cast<float>(column) + 0.5F) * 2.0F / static_cast<float>(width_) - 1.0F;
  }
  [[nodiscard]] float screen_y(int row) const noexcept {
    return 1.0F - (static_cast<float>(row) + 0.5F) * 2.0F / static_cast<float>(height_);
  }
  [[nodiscard]] std::size_t index(int row, int column) const noexcept {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(column);
  }
  /// Number of a surface of the shell; primitives are numbered from 0.
  static int shell_id(const ShellHit& hit) noexcept { return -2 - hit.face - 16 * (5 * (hit.opening + 1) + hit.side); }

  void find_surfaces(Picture& picture) {
    for (std::size_t i = 0; i < scene_.primitives.size(); ++i) rasterise(static_cast<int>(i), picture.depth);
    const float pixel = 2.0F * camera_.tangent_x / static_cast<float>(width_);
    for (int row = 0; row < height_; ++row)
      for (int column = 0; column < width_; ++column) {
        const std::size_t i = index(row, column);
        const Vec d = camera_.ray(screen_x(column), screen_y(row));
        Surface& s = surface_[i];
        if (id_[i] < 0) {
          const ShellHit hit = scene_.leave(camera_.position, d);
          picture.depth[i] = hit.t;
          id_[i] = shell_id(hit);
          s.position = camera_.position + d * hit.t;
          s.normal = hit.normal;
          picture.labels[i] = shell_material(hit, d, pixel * hit.t, s);
        } else {
          const Primitive& p = scene_.primitives[static_cast<std::size_t>(id_[i])];
          s.position = camera_.position + d * picture.depth[i];
          picture.labels[i] = static_cast<std::uint8_t>(p.label);
          solid_material(p, d, pixel * picture.depth[i], s);
        }
        Vec n = camera_.axes.to_local(s.normal);
        const Vec view = camera_.axes.to_local(d);
        // At a silhouette rounding can tip a curved surface's normal just beyond the line of sight.
        const float away = dot(n, view);
        if (away > -1e-6F) n = normalize(n - view * ((away + 1e-5F) / dot(view, view)));
        picture.normals[i] = n;
      }
  }

  /// Draws one solid into the depth buffer.
  void rasterise(int number, std::vector<float>& depth) {
    const Primitive& p = scene_.primitives[static_cast<std::size_t>(number)];
    const Vec centre = camera_.axes.to_local(p.centre - camera_.position);
    const float swell = p.solid == Solid::frustum ? larger(1.0F, p.shape) : 1.0F;
    const Vec ax = camera_.axes.to_local(p.axes.x) * (p.half.x * swell),
              ay = camera_.axes.to_local(p.axes.y) * p.half.y,
              az = camera_.axes.to_local(p.axes.z) * (p.half.z * swell);
    float low_x = infinity, high_x = -infinity, low_y = infinity, high_y = -infinity;
    int before = 0, behind = 0;
    for (int corner = 0; corner < 8; ++corner) {
      const Vec at = centre + ax * ((corner & 1) != 0 ? 1.0F : -1.0F) + ay * ((corner & 2) != 0 ? 1.0F : -1.0F) +
                     az * ((corner & 4) != 0 ? 1.0F : -1.0F);
      if (-at.z < 0.05F) {
        ++behind;
        continue;
      }
      ++before;
      const float x = at.x / (-at.z * camera_.tangent_x), y = at.y / (-at.z * camera_.tangent_y);
      low_x = smaller(low_x, x), high_x = larger(high_x, x);
      low_y = smaller(low_y, y), high_y = larger(high_y, y);
    }
    if (before == 0) return;
    if (behind > 0) low_x = low_y = -1.0F, high_x = high_y = 1.0F;
    const auto to_pixel = [](float x, int size) {
      return static_cast<int>((smaller(larger(x, -1.1F), 1.1F) * 0.5F + 0.5F) * static_cast<float>(size));
    };
    const int left = std::max(0, to_pixel(low_x, width_) - 1),
              right = std::min(width_ - 1, to_pixel(high_x, width_) + 1);
    const int top = std::max(0, to_pixel(-high_y, height_) - 1),
              bottom = std::min(height_ - 1, to_pixel(-low_y, height_) + 1);
    const Vec origin = p.axes.to_local(camera_.position - p.centre);
    const Vec along_x = p.axes.to_local(camera_.axes.x) * camera_.tangent_x,
              along_y = p.axes.to_local(camera_.axes.y) * camera_.tangent_y;
    const Vec forward = -p.axes.to_local(camera_.axes.z);
    for (int row = top; row <= bottom; ++row) {
      const Vec line = forward + along_y * screen_y(row);
      for (int column = left; column <= right; ++column) {
        const std::size_t i = index(row, column);
        const float t = intersect_local(p, origin, line + along_x * screen_x(column), depth[i]);
        if (t < depth[i]) {
          depth[i] = t;
          id_[i] = number;
        }
      }
    }
  }

  std::uint8_t shell_material(const ShellHit& hit, Vec d, float footprint, Surface& s) const noexcept {
    const Face& face = scene_.faces[static_cast<std::size_t>(hit.face)];
    const Vec at = s.position - face.origin;
    const float u = dot(at, face.u), v = dot(at, face.v);
    footprint *= smaller(6.0F, length(d) / larger(0.05F, -dot(d, hit.normal) / length(d)));
    if (hit.opening < 0) {
      apply(scene_.materials[face.material], u, v, footprint, s);
      return static_cast<std::uint8_t>(face.label);
    }
    const Opening& o = scene_.openings[static_cast<std::size_t>(hit.opening)];
    const auto label = static_cast<std::uint8_t>(o.label);
    bool glass = hit.side == 0;
    if (glass && o.frame > 0.0F) {
      const auto bar = [&](float x, float size, int panes) {
        const float pitch = (size - o.frame) / static_cast<float>(panes), f = x / pitch;
        return x - std::floor(f) * pitch < o.frame;
      };
      glass = !bar(u - o.u0, o.u1 - o.u0, o.columns) && !bar(v - o.v0, o.v1 - o.v0, o.rows);
    }
    if (!glass) {
      apply(scene_.materials[o.reveal], u, v, footprint, s);
    } else if (scene_.materials[o.pane].pattern == Pattern::outside) {
      const Vec to = normalize(d);
      apply(scene_.materials[o.pane], std::atan2(to.x, to.z) * 2.0F, to.y * 1.4F, footprint, s);
      s.colour = s.colour * 0.1F;
      s.gloss = 0.3F;
    } else {
      apply(scene_.materials[o.pane], u - 0.5F * (o.u0 + o.u1), v - 0.5F * (o.v0 + o.v1), footprint, s);
    }
    return label;
  }

  void solid_material(const Primitive& p, Vec d, float footprint, Surface& s) const noexcept {
    const Vec at = p.axes.to_local(s.position - p.centre), ray = p.axes.to_local(d);
    const Vec n = normal_local(p, at, ray);
    s.normal = p.axes.to_world(n);
    footprint *= smaller(6.0F, length(d) / larger(0.05F, -dot(ray, n) / length(d)));
    const Material& m = scene_.materials[p.material];
    const Vec a = absolute(n);
    float u = 0.0F, v = 0.0F;
    if (p.solid == Solid::frustum && a.y < 0.9F) {
      u = std::atan2(at.x, at.z) * p.half.x, v = at.y;
    } else if (a.z >= a.x && a.z >= a.y) {
      u = at.x, v = at.y;
      if (m.pattern == Pattern::wood && p.half.x > p.half.y) std::swap(u, v);
    } else if (a.y >= a.x) {
      u = at.x, v = at.z;
      if (m.pattern == Pattern::wood && p.half.x > p.half.z) std::swap(u, v);
    } else {
      u = at.z, v = at.y;
      if (m.pattern == Pattern::wood && p.half.z > p.half.y) std::swap(u, v);
    }
    if ((is_front_only(m.pattern) && n.z < 0.5F) || (m.pattern == Pattern::rug && n.y < 0.5F)) {
      s.colour = m.c;
      s.emission = {};
      s.gloss = m.gloss;
      return;
    }
    apply(m, u, v, footprint, s);
  }

  static void apply(const Material& m, float u, float v, float footprint, Surface& s) noexcept {
    s.colour = paint(m, u, v, footprint);
    s.emission = s.colour * m.emission;
    s.gloss = m.gloss;
  }

  /// Numbers in [0, 1) that neighbouring pixels share out evenly: multiples of the plane's golden ratio (R2 sequence),
  /// which leaves far less noise after smoothing than independent draws.
  [[nodiscard]] float jitter(std::size_t pixel, std::uint32_t which) const noexcept {
    constexpr std::uint32_t a = 3242174889U, b = 2447445414U;  // 2^32 / g and 2^32 / g^2 for g^3 = g + 1
    const auto width = static_cast<std::uint32_t>(width_), x = static_cast<std::uint32_t>(pixel) % width,
               y = static_cast<std::uint32_t>(pixel) / width;
    return unit_float(((which & 1U) != 0 ? x * a + y * b : x * b - y * a) + scramble(which + seed_));
  }

  [[nodiscard]] std::size_t lights() const noexcept { return std::min(scene_.lights.size(), most_lights); }

  void light_surfaces() {
    const std::size_t count = surface_.size();
    for (std::size_t i = 0; i < count; ++i) {
      Surface& s = surface_[i];
      const Vec from = s.position + s.normal * 2e-3F;
      for (std::size_t l = 0; l < lights(); ++l) {
        const auto salt = static_cast<std::uint32_t>(3 * l);
        s.seen[l] =
            visibility(scene_.lights[l], from, s.normal, jitter(i, salt), jitter(i, salt + 1), jitter(i, salt + 2));
      }
      // One cosine-weighted direction.
      const float radius = std::sqrt(jitter(i, 91)), around = 6.2831853F * jitter(i, 90);
      const Vec helper = std::fabs(s.normal.x) > 0.7F ? Vec{0, 1, 0} : Vec{1, 0, 0};
      const Vec t = normalize(cross(s.normal, helper)), b = cross(s.normal, t);
      const Vec d = t * (radius * std::cos(around)) + b * (radius * std::sin(around)) +
                    s.normal * std::sqrt(1.0F - radius * radius);
      float distance = smaller(0.7F, scene_.shell_distance(from, d));
      scene_.tree.closest(scene_.primitives, from, d, distance);
      s.seen[most_lights] = smooth_step(0.0F, 0.7F, distance);
    }
    smooth_light();
  }

  [[nodiscard]] float visibility(const Light& light, Vec from, Vec normal, float r0, float r1,
                                 float r2) const noexcept {
    Vec to;
    if (light.kind == Light::Kind::sun) {
      const Vec d = normalize(light.position + Vec{r0 - 0.5F, r1 - 0.5F, r2 - 0.5F} * 0.02F);
      if (dot(d, normal) <= 0.0F) return 0.0F;
      const ShellHit hit = scene_.leave(from, d);
      if (hit.opening < 0 || hit.side != 0 ||
          scene_.openings[static_cast<std::size_t>(hit.opening)].label != RoomClass::window)
        return 0.0F;
      return scene_.tree.blocked(scene_.primitives, from, d, hit.t) ? 0.0F : 1.0F;
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
    if (light.power.y < 0.04F * scene_.ambient.y * dot(d, d)) return 1.0F;
    return scene_.tree.blocked(scene_.primitives, from, d, 0.999F) ? 0.0F : 1.0F;
  }

  /// Averages what the noisy rays found over 3x3 neighbours of the same surface and direction, twice with holes.
  void smooth_light() {
    std::vector<std::array<float, most_lights + 1>> result(surface_.size());
    for (const int step : {1, 2}) {
      for (int row = 0; row < height_; ++row)
        for (int column = 0; column < width_; ++column) {
          const std::size_t i = index(row, column);
          std::array<float, most_lights + 1> sum = surface_[i].seen;
          float weight = 1.0F;
          for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
              const int r = row + y * step, c = column + x * step;
              if ((x == 0 && y == 0) || r < 0 || c < 0 || r >= height_ || c >= width_) continue;
              const std::size_t j = index(r, c);
              if (id_[i] != id_[j] || dot(surface_[i].normal, surface_[j].normal) < 0.9F) continue;
              for (std::size_t l = 0; l <= most_lights; ++l) sum[l] += surface_[j].seen[l];
              weight += 1.0F;
            }
          for (float& value : sum) value /= weight;
          result[i] = sum;
        }
      for (std::size_t i = 0; i < result.size(); ++i) surface_[i].seen = result[i];
    }
  }

  [[nodiscard]] Vec shade(std::size_t i) const noexcept {
    const Surface& s = surface_[i];
    const Vec view = normalize(camera_.position - s.position);
    const float open = s.seen[most_lights];
    // Light that comes from everywhere: more of it from above, tinted by the room's own colours.
    Vec light = scene_.ambient * (open * (0.8F + 0.2F * s.normal.y)), shine;
    for (std::size_t l = 0; l < lights(); ++l) {
      if (s.seen[l] <= 0.0F) continue;
      const Light& source = scene_.lights[l];
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

  /// Pixels whose neighbours show another surface mix the colours of four sub-rays: each takes the colour of a pixel
  /// around that shows the surface it meets.
  void smooth_edges(Picture& picture) const {
    const std::vector<Vec> sharp = picture.rgb;
    constexpr std::array<std::array<float, 2>, 4> offsets{
        {{-0.125F, -0.375F}, {0.375F, -0.125F}, {0.125F, 0.375F}, {-0.375F, 0.125F}}};
    for (int row = 0; row < height_; ++row)
      for (int column = 0; column < width_; ++column) {
        const std::size_t i = index(row, column);
        bool edge = false;
        for (const auto& [y, x] : {std::array{-1, 0}, std::array{1, 0}, std::array{0, -1}, std::array{0, 1}}) {
          const int r = std::clamp(row + y, 0, height_ - 1), c = std::clamp(column + x, 0, width_ - 1);
          edge = edge || id_[index(r, c)] != id_[i];
        }
        if (!edge) continue;
        Vec sum{};
        for (const auto& [x, y] : offsets) {
          const Vec d = camera_.ray(screen_x(column) + x * 2.0F / static_cast<float>(width_),
                                    screen_y(row) - y * 2.0F / static_cast<float>(height_));
          const ShellHit hit = scene_.leave(camera_.position, d);
          float distance = hit.t;
          int found = scene_.tree.closest(scene_.primitives, camera_.position, d, distance);
          if (found < 0) found = shell_id(hit);
          std::size_t source = i;
          if (found != id_[i])
            for (int k = 0; k < 9; ++k) {
              const int r = std::clamp(row + k / 3 - 1, 0, height_ - 1),
                        c = std::clamp(column + k % 3 - 1, 0, width_ - 1);
              if (id_[index(r, c)] == found) {
                source = index(r, c);
                break;
              }
            }
          sum += sharp[source];
        }
        picture.rgb[i] = sum * 0.25F;
      }
  }

  const Scene& scene_;
  const Camera& camera_;
  int height_, width_;
  std::uint32_t seed_;
  std::vector<int> id_;
  std::vector<Surface> surface_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
