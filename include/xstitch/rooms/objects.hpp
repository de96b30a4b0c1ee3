#pragma once
/// \file
/// The objects of a drawn room: a box around the visible pixels of each thing, its class and its attributes.
///
/// Measures are those of a picture of 500 x 375, scaled with the side of a square of the picture's area. A thing is
/// left out with fewer than 70 pixels, a side under 8, or more than 93 % hidden (and under 400 pixels). It is difficult
/// under 260 pixels, with a side under 14, or with more than 80 % hidden, and Occluded with more than 8 %. Hidden: the
/// share of its pixels in the picture that show something else.

#include <xstitch/data/regions.hpp>
#include <xstitch/rooms/draw.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {
namespace detail {

/// How many pixels a thing would have if it were alone.
inline std::size_t pixels_alone(const Room& room, std::size_t thing) {
  const Picture& picture = room.picture;
  const std::size_t count = picture.things.size();
  Frame frame{room.scene, room.camera, picture.height, picture.width, std::vector<int>(count, -1), {}};
  std::vector<float> depth(count, infinity);
  for (std::size_t i = 0; i < room.scene.primitives.size(); ++i)
    if (room.scene.primitives[i].thing == thing) rasterise(frame, static_cast<int>(i), depth);
  return count - static_cast<std::size_t>(std::count(frame.id.begin(), frame.id.end(), -1));
}

}  // namespace detail

inline std::vector<ImageObject> find_objects(const Room& room) {
  struct Extent {
    int left = 0, top = 0, right = -1, bottom = -1;
    std::size_t pixels = 0;
  };
  std::vector<Extent> seen(room.scene.things.size() + 1);
  const Picture& picture = room.picture;
  for (int row = 0; row < picture.height; ++row)
    for (int column = 0; column < picture.width; ++column) {
      Extent& e = seen[picture.things[static_cast<std::size_t>(row * picture.width + column)]];
      if (e.pixels++ == 0) e = {column, row, column, row, 1};
      e.left = std::min(e.left, column), e.right = std::max(e.right, column), e.bottom = row;
    }
  const double area = static_cast<double>(picture.height) * picture.width / (500.0 * 375.0), side = std::sqrt(area);
  std::vector<ImageObject> objects;
  for (std::size_t thing = 1; thing < seen.size(); ++thing) {
    const Extent& e = seen[thing];
    const double pixels = static_cast<double>(e.pixels), shorter = std::min(e.right - e.left, e.bottom - e.top) + 1;
    if (pixels < 70 * area || pixels < 1 || shorter < 8 * side) continue;
    const double hidden = 1.0 - pixels / static_cast<double>(std::max(e.pixels, detail::pixels_alone(room, thing)));
    if (hidden > 0.93 && pixels < 400 * area) continue;
    const Thing& it = room.scene.things[thing - 1];
    ImageObject object;
    object.box = {static_cast<float>(e.left), static_cast<float>(e.top), static_cast<float>(e.right + 1),
                  static_cast<float>(e.bottom + 1)};
    object.class_index = static_cast<int>(it.kind);
    object.difficult = pixels < 260 * area || shorter < 14 * side || hidden > 0.8;
    const auto attributes = it.attributes(hidden > 0.08);
    object.attributes.assign(attributes.begin(), attributes.end());
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
