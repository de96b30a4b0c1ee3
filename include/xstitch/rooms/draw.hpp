#pragma once
/// \file
/// Draws a room from a key: furnishes it, chooses a camera, renders and develops the picture.

#include <xstitch/core/threads.hpp>
#include <xstitch/rooms/dress.hpp>
#include <xstitch/rooms/layout.hpp>
#include <xstitch/rooms/render.hpp>

#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA::data {

/// Rooms to train with, to choose settings by, and to judge by; no room is in two of them.
enum class RoomsSplit : std::uint8_t { train, validation, test };

/// As in reports: "train".
constexpr std::string_view name_of(RoomsSplit split) noexcept {
  return split == RoomsSplit::train ? "train" : split == RoomsSplit::validation ? "validation" : "test";
}

namespace rooms {

struct Room {
  Scene scene;
  Camera camera;
  Picture picture;
};

/// `dressed`: things get surfaces and shapes that do not depend on their class (dress.hpp).
XSTITCH_INLINE Room draw_room(RandomKey key, int height, int width, bool dressed = false) {
  const FlushDenormals flush;  // the same bits whatever mode the calling thread is in
  Dice dice(key);
  Room room;
  const Builder builder = furnish(room.scene, dice);
  if (dressed) {
    Dice dressing(key.with("dress"));
    dress(room.scene, dressing);
  }
  room.scene.tree = Tree(room.scene.primitives);
  room.camera = choose_camera(builder, static_cast<float>(width) / static_cast<float>(height));
  finish_lights(room.scene, room.camera, dice);
  Renderer(room.scene, room.camera, height, width, dice.bits()).render(room.picture);
  develop(room.picture, dice);
  return room;
}

/// Room `number` of a split's stream.
inline RandomKey room_key(std::uint64_t seed, RoomsSplit split, std::size_t number) {
  return RandomKey(xstitch::seed(seed)).with("rooms").with(static_cast<std::uint64_t>(split)).with(number);
}

}  // namespace rooms
}  // namespace xstitch::inline XSTITCH_ISA::data
