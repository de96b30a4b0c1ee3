#pragma once
/// \file
/// The last word on a room's light: the few sources that get shadow rays, the sun, and the light from everywhere.

#include <xstitch/core/sort_stably.hpp>
#include <xstitch/rooms/camera.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

/// Lights that cast shadows; each costs one ray a pixel.
inline constexpr std::size_t most_lights = 3;

XSTITCH_INLINE void finish_lights(Scene& scene, const Camera& camera, Dice& dice) {
  const auto brightness = [&](const Light& light) {
    const Vec to = light.position - camera.position;
    return (light.power.x + light.power.y + light.power.z) / (4.0F + dot(to, to));
  };
  sort_stably(scene.lights, [&](const Light& a, const Light& b) { return brightness(a) > brightness(b); });
  Vec total{}, glass{};
  bool day = false;
  Vec into;
  for (const Light& light : scene.lights) {
    total += light.power;
    if (light.kind == Light::Kind::window && !day) {
      day = true;
      into = light.normal;
      glass = light.power;
    }
  }
  if (scene.lights.size() > most_lights) scene.lights.resize(most_lights);
  if (day && glass.x > 0.5F && dice.chance(0.4F)) {
    // Shines in through the brightest window, 25 to 50 degrees high, up to 45 degrees from the side.
    const Rotation aside = turn(dice.uniform(-0.75F, 0.75F));
    const float high = dice.uniform(0.4F, 0.9F);
    const Vec flat = normalize(Vec{-into.x, 0.0F, -into.z});
    Light sun;
    sun.kind = Light::Kind::sun;
    sun.position = aside.to_world(flat) * std::cos(high) + Vec{0.0F, std::sin(high), 0.0F};
    sun.power = Vec{1.0F, 0.9F, 0.72F} * dice.uniform(2.0F, 4.5F);
    if (scene.lights.size() == most_lights) scene.lights.pop_back();
    scene.lights.push_back(sun);
    total += sun.power * 0.3F;
  }
  // What the walls and the floor send back, in their colours.
  const Vec wall = scene.materials[scene.faces[0].material].a, floor = scene.materials[scene.faces[4].material].a;
  const Vec tint = mix(mix({0.6F, 0.6F, 0.6F}, wall, 0.5F), floor, 0.25F);
  const float surface = 2.0F * (scene.width * scene.depth + (scene.width + scene.depth) * scene.height);
  scene.ambient = tint * (Vec{0.03F, 0.03F, 0.03F} + total * (9.0F / surface) * dice.uniform(0.8F, 1.2F));
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
