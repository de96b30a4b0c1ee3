#include <xstitch/rooms/detection.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace xs = xstitch;
namespace rooms = xs::data::rooms;
using xs::Box;
using xs::data::ImageObject;
using xs::data::RegionChoice;
using xs::data::RoomsDetection;
using xs::data::RoomsSplit;
using xs::data::ThingClass;

static_assert(xs::DataSet<RoomsDetection>);
static_assert(xs::DrawsSamples<RoomsDetection>);
static_assert(xs::data::DetectionSet<RoomsDetection>);

namespace {

RoomsDetection small_rooms(std::size_t count, std::uint64_t seed = 5, xs::data::RegionOptions regions = {.count = 32}) {
  return RoomsDetection({.seed = seed, .count = count, .height = 72, .width = 96, .regions = regions});
}

bool same(const xs::Sample& a, const xs::Sample& b) {
  if (a.inputs != b.inputs || a.labels.size() != b.labels.size()) return false;
  for (std::size_t i = 0; i < a.labels.size(); ++i)
    if (a.labels[i].indices != b.labels[i].indices || a.labels[i].values != b.labels[i].values ||
        a.labels[i].mask != b.labels[i].mask)
      return false;
  return true;
}

}  // namespace

TEST_CASE("the fields carry the names and shapes that towers bind to") {
  const RoomsDetection data = small_rooms(3);
  REQUIRE(data.inputs().size() == 2);
  CHECK(data.inputs()[0].shape == xs::Dims{72, 96, 3});
  CHECK(data.inputs()[1].name == "regions");
  CHECK(data.inputs()[1].shape == xs::Dims{32, 1, 5});
  REQUIRE(data.labels().size() == 3);
  CHECK(data.labels()[0].name == "detection.class");
  CHECK(data.labels()[0].spec == xs::LabelSpec{xs::LabelKind::class_index, {1, 1, 1}, {}, 10, 32});
  CHECK(data.labels()[1].spec == xs::LabelSpec{xs::LabelKind::box_target, {1, 1, 5}, {}, 0, 32});
  CHECK(data.labels()[2].name == "attributes");
  CHECK(data.labels()[2].spec == xs::LabelSpec{xs::LabelKind::binary, {1, 1, 16}, {1, 1, 16}, 0, 32});
  CHECK(data.class_names().size() == 9);
  CHECK(data.attribute_names().size() == 16);
  const auto renamed =
      RoomsDetection({.height = 24, .width = 32, .class_name = "a.kind", .box_name = "", .attribute_name = ""})
          .labels();
  REQUIRE(renamed.size() == 1);
  CHECK(renamed[0].name == "a.kind");
}

TEST_CASE("a sample is a function of seed, split and number alone, its draw one of the key besides") {
  const RoomsDetection data = small_rooms(6);
  xs::Sample first, again, other;
  data.load(4, first);
  data.load(5, other);
  CHECK_FALSE(same(first, other));
  data.load(4, again);
  CHECK(same(first, again));
  xs::Sample from_thread;
  const RoomsDetection fresh = small_rooms(6);
  std::thread([&] { fresh.load(4, from_thread); }).join();
  CHECK(same(first, from_thread));
  small_rooms(6, 6).load(4, other);
  CHECK_FALSE(same(first, other));
  RoomsDetection({.seed = 5, .count = 1, .first = 4, .height = 72, .width = 96, .regions = {.count = 32}})
      .load(0, other);
  CHECK(same(first, other));

  // Regions alone change from draw to draw, and need no picture: this one was never loaded.
  const RoomsDetection never_loaded = small_rooms(6);
  xs::Sample drawn = first;
  data.draw(4, drawn, xs::RandomKey(xs::seed(1)));
  CHECK(drawn.inputs[0] == first.inputs[0]);
  CHECK(drawn.inputs[1] != first.inputs[1]);
  xs::Sample other_draw = first;
  never_loaded.draw(4, other_draw, xs::RandomKey(xs::seed(1)));
  CHECK(same(drawn, other_draw));
}

TEST_CASE("boxes are tight about the pixels of a thing, whose class they tell") {
  std::size_t seen = 0, occluded = 0, difficult = 0;
  std::set<int> classes;
  for (std::size_t n = 0; n < 12; ++n) {
    const rooms::Room room = rooms::draw_room(rooms::room_key(3, RoomsSplit::train, n), 72, 96, true);
    const rooms::Picture& picture = room.picture;
    std::vector<Box> boxes(room.scene.things.size() + 1, Box{1e9F, 1e9F, 0, 0});
    for (int y = 0; y < 72; ++y)
      for (int x = 0; x < 96; ++x) {
        const auto i = static_cast<std::size_t>(y * 96 + x);
        const std::uint16_t thing = picture.things[i];
        if (thing == 0) continue;
        const auto expected = rooms::room_class(room.scene.things[thing - 1U].kind);
        CHECK(picture.labels[i] == static_cast<std::uint8_t>(expected));
        const auto fx = static_cast<float>(x), fy = static_cast<float>(y);
        Box& b = boxes[thing];
        b = {std::min(b.x0, fx), std::min(b.y0, fy), std::max(b.x1, fx + 1), std::max(b.y1, fy + 1)};
      }
    for (const ImageObject& object : rooms::find_objects(room)) {
      const auto at = std::find(boxes.begin(), boxes.end(), object.box);
      REQUIRE(at != boxes.end());
      const auto thing = static_cast<std::size_t>(at - boxes.begin());
      CHECK(object.class_index == static_cast<int>(room.scene.things[thing - 1].kind));
      REQUIRE(object.attributes.size() == 16);
      int surfaces = 0, shapes = 0;
      for (std::size_t a = 0; a < 7; ++a) surfaces += object.attributes[a];
      for (std::size_t a = 8; a < 11; ++a) shapes += object.attributes[a];
      CHECK(surfaces == 1);
      CHECK(shapes == 1);
      const auto visible = static_cast<std::size_t>(std::count(picture.things.begin(), picture.things.end(), thing));
      const std::size_t alone = rooms::detail::pixels_alone(room, thing);
      CHECK(alone >= visible);
      const double hidden = 1.0 - static_cast<double>(visible) / static_cast<double>(alone);
      CHECK((object.attributes[11] != 0) == (hidden > 0.08));
      occluded += object.attributes[11];
      difficult += object.difficult ? 1 : 0;
      classes.insert(object.class_index);
      ++seen;
    }
  }
  CHECK(seen > 25);
  CHECK(classes.size() > 5);
  CHECK(occluded > 5);
  CHECK(occluded < seen - 5);
  CHECK(difficult < seen / 2);
}

TEST_CASE("surface, gloss and shape do not depend on the class; undressed rooms are as ever") {
  std::array<std::array<double, 11>, 9> yes{};
  std::array<double, 9> count{};
  for (std::uint64_t n = 0; n < 400; ++n) {
    rooms::Scene scene, plain;
    rooms::Dice dice(xs::RandomKey(xs::seed(n))), same_dice(xs::RandomKey(xs::seed(n)));
    (void)rooms::furnish(scene, dice);
    (void)rooms::furnish(plain, same_dice);
    rooms::Dice dressing(xs::RandomKey(xs::seed(n)).with("dress"));
    rooms::dress(scene, dressing);
    REQUIRE(scene.primitives.size() == plain.primitives.size());
    for (std::size_t i = 0; i < scene.primitives.size(); ++i) {
      if (scene.primitives[i].thing == 0) CHECK(scene.primitives[i].material == plain.primitives[i].material);
      CHECK(scene.primitives[i].material < scene.materials.size());
    }
    for (const rooms::Thing& thing : scene.things) {
      const auto kind = static_cast<std::size_t>(thing.kind);
      const auto attributes = thing.attributes(false);
      count[kind] += 1.0;
      for (std::size_t a = 0; a < 11; ++a) yes[kind][a] += attributes[a];
    }
  }
  constexpr std::array expected{1 / 7.0, 1 / 7.0, 1 / 7.0, 1 / 7.0, 1 / 7.0, 1 / 7.0,
                                1 / 7.0, 0.5,     1 / 3.0, 1 / 3.0, 1 / 3.0};
  for (std::size_t kind = 0; kind < 9; ++kind) {
    CAPTURE(xs::data::thing_class_names[kind]);
    CHECK(count[kind] > 60.0);
    for (std::size_t a = 0; a < 11; ++a) {
      const double p = expected[a], four_deviations = 4.0 * std::sqrt(p * (1.0 - p) / count[kind]);
      CAPTURE(xs::data::thing_attribute_names[a]);
      CHECK(std::fabs(yes[kind][a] / count[kind] - p) < four_deviations);
    }
  }
}

TEST_CASE("proposals lie in the image and find most objects, not all; regions have foreground and background") {
  const RoomsDetection data = small_rooms(25);
  double found = 0.0, objects = 0.0;
  std::size_t foreground = 0, background = 0;
  for (std::size_t n = 0; n < data.size(); ++n) {
    const xs::data::DetectionImage image = data.image(n);
    CHECK(image.pixels.size() == 72 * 96 * 3);
    CHECK(image.proposals.size() <= 300);
    CHECK(image.proposals.size() > 100);
    for (const Box& box : image.proposals) {
      CHECK((box.x0 >= 0.0F && box.y0 >= 0.0F && box.x1 <= 96.0F && box.y1 <= 72.0F));
      CHECK_FALSE(box.empty());
    }
    for (const ImageObject& object : image.objects) {
      if (object.difficult) continue;
      objects += 1.0;
      found += std::any_of(image.proposals.begin(), image.proposals.end(),
                           [&](const Box& b) { return overlap(b, object.box) >= 0.5; })
                   ? 1.0
                   : 0.0;
    }
    xs::Sample sample;
    data.load(n, sample);
    CHECK(sample.inputs[0] == image.pixels);
    for (const std::int32_t k : sample.labels[0].indices) {
      foreground += k > 0 ? 1 : 0;
      background += k == 0 ? 1 : 0;
    }
  }
  CHECK(found / objects > 0.7);
  CHECK(found / objects < 1.0);
  CHECK(foreground > 25 * 3);
  CHECK(background > 2 * foreground);
}

TEST_CASE("the regions of an evaluation; wrong options and indices") {
  const RoomsDetection boxes = small_rooms(3, 5, {.count = 20, .choice = RegionChoice::objects});
  xs::Sample sample;
  boxes.load(1, sample);
  std::size_t expected = 0;
  for (const ImageObject& object : boxes.objects(1)) expected += object.difficult ? 0 : 1;
  CHECK(static_cast<std::size_t>(std::count_if(sample.labels[0].indices.begin(), sample.labels[0].indices.end(),
                                               [](std::int32_t k) { return k > 0; })) == expected);
  CHECK_THROWS_WITH_AS(boxes.load(3, sample), "room 3 of train, seed 5: expected an index below 3", xs::Error);
  CHECK_THROWS_AS((void)boxes.image(3), xs::Error);
  CHECK_THROWS_AS(RoomsDetection({.count = 0}), xs::Error);
  CHECK_THROWS_AS(RoomsDetection({.missed = 1.5}), xs::Error);
  CHECK_THROWS_AS(RoomsDetection({.regions = {.count = 0}}), xs::Error);
}
