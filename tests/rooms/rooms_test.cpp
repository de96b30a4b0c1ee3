#include <xstitch/rooms/rooms.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace xs = xstitch;
using xs::data::room_classes;
using xs::data::RoomClass;
using xs::data::Rooms;
using xs::data::RoomsOptions;
using xs::data::RoomsSplit;
using xs::data::rooms::Picture;
using xs::data::rooms::Primitive;
using xs::data::rooms::Solid;
using xs::data::rooms::Vec;

static_assert(xs::DataSet<Rooms>);

namespace {

Rooms small_rooms(std::size_t count, std::uint64_t seed = 5) {
  return Rooms({.seed = seed, .count = count, .height = 48, .width = 64});
}

bool same(const xs::Sample& a, const xs::Sample& b) {
  if (a.inputs != b.inputs || a.labels.size() != b.labels.size()) return false;
  for (std::size_t i = 0; i < a.labels.size(); ++i)
    if (a.labels[i].indices != b.labels[i].indices || a.labels[i].values != b.labels[i].values) return false;
  return true;
}

/// The point that a pixel shows, in camera coordinates.
Vec back_project(const Picture& p, int row, int column) {
  const auto i = static_cast<std::size_t>(row * p.width + column);
  const float x = ((static_cast<float>(column) + 0.5F) * 2.0F / static_cast<float>(p.width) - 1.0F) * p.tangent_x;
  const float y = (1.0F - (static_cast<float>(row) + 0.5F) * 2.0F / static_cast<float>(p.height)) * p.tangent_y;
  return Vec{x, y, -1.0F} * p.depth[i];
}

/// Whether a local point lies within the solid: the definition in primitive.hpp, written once more.
bool inside(const Primitive& p, Vec at) {
  const auto sharp = [&](float shrink) {
    return std::fabs(at.x) <= p.half.x - shrink && std::fabs(at.y) <= p.half.y - shrink &&
           std::fabs(at.z) <= p.half.z - shrink;
  };
  const double x = at.x / p.half.x, y = at.y / p.half.y, z = at.z / p.half.z;
  switch (p.solid) {
    case Solid::box:
      return sharp(0.0F);
    case Solid::rounded_box: {
      const double qx = std::max(0.0F, std::fabs(at.x) - p.half.x + p.shape),
                   qy = std::max(0.0F, std::fabs(at.y) - p.half.y + p.shape),
                   qz = std::max(0.0F, std::fabs(at.z) - p.half.z + p.shape);
      return sharp(0.0F) && qx * qx + qy * qy + qz * qz <= static_cast<double>(p.shape) * p.shape;
    }
    case Solid::ellipsoid:
      return x * x + y * y + z * z <= 1.0;
    case Solid::frustum: {
      const double r = 1.0 + (static_cast<double>(p.shape) - 1.0) * 0.5 * (y + 1.0);
      return std::fabs(y) <= 1.0 && x * x + z * z <= r * r;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("the fields carry the names and shapes that towers bind to") {
  const Rooms rooms({.count = 7, .height = 24, .width = 40, .depth = "depth"});
  CHECK(rooms.size() == 7);
  const auto inputs = rooms.inputs();
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].name == "input");
  CHECK(inputs[0].shape == xs::Dims{24, 40, 3});
  const auto labels = rooms.labels();
  REQUIRE(labels.size() == 3);
  CHECK(labels[0].name == "segmentation");
  CHECK(labels[0].spec == xs::LabelSpec{xs::LabelKind::class_index, {24, 40, 1}, {}, 13});
  CHECK(labels[1].name == "normals");
  CHECK(labels[1].spec == xs::LabelSpec{xs::LabelKind::unit_normal, {24, 40, 3}, {24, 40, 1}, 0});
  CHECK(labels[2].name == "depth");
  CHECK(labels[2].spec == xs::LabelSpec{xs::LabelKind::real, {24, 40, 1}, {24, 40, 1}, 0});

  xs::Sample sample;
  rooms.load(3, sample);
  CHECK(sample.inputs.at(0).size() == 24 * 40 * 3);
  CHECK(sample.labels.at(0).indices.size() == 24 * 40);
  CHECK(sample.labels.at(1).values.size() == 24 * 40 * 3);
  CHECK(sample.labels.at(2).values.size() == 24 * 40);

  const auto renamed = Rooms({.segmentation = "scene.classes", .normals = ""}).labels();
  REQUIRE(renamed.size() == 1);
  CHECK(renamed[0].name == "scene.classes");
}

TEST_CASE("a sample is a function of seed, split and number alone") {
  const Rooms rooms = small_rooms(20);
  xs::Sample first, again, other;
  rooms.load(4, first);
  rooms.load(5, other);
  CHECK_FALSE(same(first, other));
  rooms.load(4, again);  // buffers that held another sample
  CHECK(same(first, again));
  rooms.load(4, other);
  CHECK(same(first, other));

  xs::Sample from_thread;
  std::thread([&] { rooms.load(4, from_thread); }).join();
  CHECK(same(first, from_thread));
  {
    const xs::FlushDenormals flush;
    rooms.load(4, from_thread);
  }
  CHECK(same(first, from_thread));

  const auto sample_of = [](RoomsOptions options, std::size_t index) {
    options.height = 48, options.width = 64;
    xs::Sample sample;
    Rooms(options).load(index, sample);
    return sample;
  };
  CHECK(same(first, sample_of({.seed = 5, .count = 2, .first = 3}, 1)));
  CHECK_FALSE(same(first, sample_of({.seed = 6, .count = 20}, 4)));
  CHECK_FALSE(same(first, sample_of({.seed = 5, .split = RoomsSplit::test, .count = 20}, 4)));
  CHECK_FALSE(same(sample_of({.seed = 5, .split = RoomsSplit::validation, .count = 20}, 4),
                   sample_of({.seed = 5, .split = RoomsSplit::test, .count = 20}, 4)));
}

TEST_CASE("classes have a long tail, and pictures are exposed") {
  const Rooms rooms = small_rooms(200);
  std::array<double, room_classes> share{};
  double sum = 0.0, squares = 0.0;
  int varied = 0;
  xs::Sample sample;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    rooms.load(i, sample);
    std::set<std::int32_t> things;
    for (const std::int32_t c : sample.labels[0].indices) {
      REQUIRE(c >= 0);
      REQUIRE(c < room_classes);
      share[static_cast<std::size_t>(c)] += 100.0 / (48.0 * 64.0 * 200.0);
      if (c != static_cast<int>(RoomClass::wall) && c != static_cast<int>(RoomClass::floor) &&
          c != static_cast<int>(RoomClass::ceiling))
        things.insert(c);
    }
    varied += things.size() >= 3 ? 1 : 0;
    for (const float v : sample.inputs[0]) {
      const double stored = static_cast<double>(v * rooms.options().standard_deviation + rooms.options().mean);
      REQUIRE(stored >= -1e-5);
      REQUIRE(stored <= 1.0 + 1e-5);
      sum += v, squares += static_cast<double>(v) * v;
    }
  }
  for (std::size_t c = 0; c < share.size(); ++c) {
    CAPTURE(xs::data::room_class_names[c]);
    CAPTURE(share[c]);
    CHECK(share[c] > 0.2);
    CHECK(share[c] < (c == static_cast<std::size_t>(RoomClass::wall) ? 50.0 : 25.0));
  }
  CHECK(share[static_cast<std::size_t>(RoomClass::wall)] > 28.0);
  CHECK(varied > 180);
  const double count = 200.0 * 48 * 64 * 3, mean = sum / count;
  CHECK(std::fabs(mean) < 0.1);
  CHECK(std::sqrt(squares / count - mean * mean) == doctest::Approx(1.0).epsilon(0.1));
}

TEST_CASE("normals are unit vectors towards the camera and agree with the depth") {
  const Rooms rooms({.seed = 9, .count = 12, .height = 96, .width = 128});
  long planar = 0, agreeing = 0;
  std::set<int> directions;  // normals must not all be those of a box seen from one side
  for (std::size_t n = 0; n < rooms.size(); ++n) {
    const Picture p = rooms.draw(n);
    for (int row = 0; row < p.height; ++row)
      for (int column = 0; column < p.width; ++column) {
        const auto i = static_cast<std::size_t>(row * p.width + column);
        const Vec at = back_project(p, row, column), normal = p.normals[i];
        REQUIRE(p.depth[i] > 0.05F);
        REQUIRE(p.depth[i] < 12.0F);
        REQUIRE(std::fabs(length(normal) - 1.0F) < 1e-4F);
        REQUIRE(dot(normal, at) < 0.0F);
        directions.insert(static_cast<int>(std::lround(4.0F * normal.x)) * 100 +
                          static_cast<int>(std::lround(4.0F * normal.y)) * 10 +
                          static_cast<int>(std::lround(4.0F * normal.z)));
        if (row + 1 >= p.height || column + 1 >= p.width || row == 0 || column == 0) continue;
        // Pixels within one plane: neighbours on all sides show the same normal and no step of depth.
        const std::array<Vec, 4> around{back_project(p, row, column + 1), back_project(p, row, column - 1),
                                        back_project(p, row + 1, column), back_project(p, row - 1, column)};
        const auto w = static_cast<std::size_t>(p.width);
        bool flat = true;
        for (const std::size_t j : {i + 1, i - 1, i + w, i - w})
          flat = flat && dot(normal, p.normals[j]) > 0.99999F && p.labels[i] == p.labels[j];
        for (const Vec& q : around) flat = flat && length(q - at) < 0.2F;
        const Vec across = around[0] - around[1], up = around[3] - around[2];
        if (!flat) continue;
        ++planar;
        agreeing += dot(normalize(cross(across, up)), normal) > 0.995F ? 1 : 0;
      }
  }
  CHECK(planar > 12L * 96 * 128 / 3);
  // The rest straddles steps of a few centimetres between parallel planes: a picture on its wall.
  CHECK(static_cast<double>(agreeing) > 0.97 * static_cast<double>(planar));
  CHECK(directions.size() > 60);
}

TEST_CASE("rays meet solids where the definition says") {
  xs::data::rooms::Dice dice(xs::RandomKey(xs::seed(3)));
  int met = 0;
  for (int n = 0; n < 4000; ++n) {
    Primitive p;
    p.solid = static_cast<Solid>(n % 4);
    p.half = {dice.uniform(0.2F, 1.0F), dice.uniform(0.2F, 1.0F), dice.uniform(0.2F, 1.0F)};
    p.shape = p.solid == Solid::rounded_box ? dice.uniform(0.02F, 0.19F) : dice.uniform(0.2F, 1.6F);
    const Vec from =
        normalize(Vec{dice.uniform(-1.0F, 1.0F), dice.uniform(-1.0F, 1.0F), dice.uniform(-1.0F, 1.0F)}) * 4.0F;
    const Vec to{dice.uniform(-0.8F, 0.8F), dice.uniform(-0.8F, 0.8F), dice.uniform(-0.8F, 0.8F)};
    const Vec d = to - from;
    const float t = intersect_local(p, from, d, 3.0F);
    // Steps along the ray find the first inside point.
    float first = xs::data::rooms::infinity;
    for (int k = 0; k < 3000 && first == xs::data::rooms::infinity; ++k)
      if (inside(p, from + d * (static_cast<float>(k) * 1e-3F))) first = static_cast<float>(k) * 1e-3F;
    CAPTURE(n % 4);
    if (first == xs::data::rooms::infinity) {
      // A graze between two steps may be missed by them: then the way through is short.
      if (t != xs::data::rooms::infinity) CHECK_FALSE(inside(p, from + d * (t + 2e-3F)));
      continue;
    }
    ++met;
    REQUIRE(t <= first + 1e-3F);
    REQUIRE(t >= first - 2e-3F);
    const Vec normal = normal_local(p, from + d * t, d);
    CHECK(std::fabs(length(normal) - 1.0F) < 1e-4F);
    // A little against the normal is inside, along it outside (except beside an edge).
    const Vec at = from + d * t;
    CHECK_FALSE(inside(p, at + normal * 5e-3F));
    CHECK(dot(normal, d) < 1e-3F);
  }
  CHECK(met > 1500);
}

TEST_CASE("furniture does not overlap, the camera is in the room, and the tree agrees with trying every solid") {
  namespace rooms = xs::data::rooms;
  for (std::uint64_t n = 0; n < 40; ++n) {
    rooms::Dice dice(xs::RandomKey(xs::seed(n)));
    rooms::Scene scene;
    const rooms::Builder builder = rooms::furnish(scene, dice);
    scene.tree = rooms::Tree(scene.primitives);
    const rooms::Camera camera = rooms::choose_camera(builder, 4.0F / 3.0F);
    CAPTURE(n);
    CHECK(scene.primitives.size() > 10);
    CHECK(camera.position.y >= 1.2F);
    CHECK(camera.position.y <= 1.9F);
    CHECK(camera.position.x > 0.2F);
    CHECK(camera.position.x < scene.width - 0.2F);
    CHECK(camera.position.z > 0.2F);
    CHECK(camera.position.z < scene.depth - 0.2F);
    for (const rooms::Footprint& f : builder.footprints)
      if (f.height > camera.position.y) CHECK_FALSE(f.holds(camera.position, 0.0F));
    for (const Primitive& p : scene.primitives) {
      CHECK(p.material < scene.materials.size());
      CHECK(p.centre.y + rooms::world_half(p).y > 0.0F);  // nothing under the floor
      CHECK(std::min({p.half.x, p.half.y, p.half.z}) > 0.0F);
    }
    for (int k = 0; k < 100; ++k) {
      const Vec d{dice.uniform(-1.0F, 1.0F), dice.uniform(-1.0F, 1.0F), dice.uniform(-1.0F, 1.0F)};
      float nearest = rooms::infinity, found = rooms::infinity;
      bool shaded = false;
      for (const Primitive& p : scene.primitives) {
        const float t =
            intersect_local(p, p.axes.to_local(camera.position - p.centre), p.axes.to_local(d), rooms::infinity);
        nearest = std::min(nearest, t);
        shaded = shaded || (p.casts_shadow && t < 2.0F);
      }
      scene.tree.closest(scene.primitives, camera.position, d, found);
      CHECK(found == nearest);
      CHECK(scene.tree.blocked(scene.primitives, camera.position, d, 2.0F) == shaded);
      CHECK(scene.leave(camera.position, d).t < rooms::infinity);
    }
  }
}

TEST_CASE("wrong options and indices are refused with what was found") {
  CHECK_THROWS_WITH_AS(Rooms(RoomsOptions{.count = 0}), "rooms: found a count of 0, expected at least one sample",
                       xs::Error);
  CHECK_THROWS_WITH_AS(Rooms(RoomsOptions{.height = 4}),
                       "rooms: found an image of 4x128, expected 8 to 4096 pixels a side", xs::Error);
  CHECK_THROWS_AS(Rooms(RoomsOptions{.width = 5000}), xs::Error);
  CHECK_THROWS_AS(Rooms(RoomsOptions{.standard_deviation = 0.0F}), xs::Error);
  xs::Sample sample;
  const Rooms rooms({.seed = 2, .split = RoomsSplit::test, .count = 3, .first = 10});
  CHECK_THROWS_WITH_AS(rooms.load(3, sample), "room 13 of test, seed 2: expected an index below 3", xs::Error);
}
