#include <xstitch/data/augment.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace xs = xstitch;

namespace {

constexpr int height = 6, width = 8;

struct Fields {
  std::vector<xs::InputField> inputs{{"input", {height, width, 3}, true}, {"numbers", {1, 1, 4}, false}};
  std::vector<xs::LabelField> labels{
      {"classes", {xs::LabelKind::class_index, {height, width, 1}, {}, 50}},
      {"normals", {xs::LabelKind::unit_normal, {height, width, 3}, {height, width, 1}, 0}},
      {"image", {xs::LabelKind::class_index, {1, 1, 1}, {}, 10}},
      {"facing", {xs::LabelKind::unit_normal, {1, 1, 3}, {}, 0}},
      {"none", {xs::LabelKind::real, {height, width, 1}, {}, 0}}};
};

/// Image value, class and mask of a pixel say where it came from; the normals are different everywhere.
xs::Sample make() {
  xs::Sample s;
  s.inputs.resize(2);
  s.labels.resize(5);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) s.inputs[0].push_back(static_cast<float>(y + 10 * c) + 0.1F * static_cast<float>(x));
      s.labels[0].indices.push_back(y * width + x);
      const float angle = 0.1F * static_cast<float>(y * width + x);
      s.labels[1].values.insert(s.labels[1].values.end(), {std::sin(angle), 0.0F, std::cos(angle)});
      s.labels[1].mask.push_back(static_cast<std::uint8_t>((x + y) % 2));
    }
  s.inputs[1] = {1, 2, 3, 4};
  s.labels[2].indices = {7};
  s.labels[3].values = {0.6F, 0.0F, 0.8F};
  s.labels[4].present = false;
  return s;
}

/// A key whose coin says `mirrored`.
xs::RandomKey key(bool mirrored) {
  for (std::uint64_t i = 0;; ++i)
    if (const xs::RandomKey k = xs::RandomKey(xs::seed(i)); (k.uniform(0) < 0.5F) == mirrored) return k;
}

}  // namespace

TEST_CASE("a mirror turns images, label maps and masks, and negates x of normals") {
  const Fields fields;
  xs::Sample s = make();
  const xs::Sample before = make();
  xs::augment::Buffers scratch;
  xs::augment::apply({.mirror = true}, s, fields.inputs, fields.labels, key(true), scratch);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) {
      const std::size_t to = y * width + x, from = y * width + (width - 1 - x);
      for (std::size_t c = 0; c < 3; ++c) CHECK(s.inputs[0][3 * to + c] == before.inputs[0][3 * from + c]);
      CHECK(s.labels[0].indices[to] == before.labels[0].indices[from]);
      CHECK(s.labels[1].mask[to] == before.labels[1].mask[from]);
      CHECK(s.labels[1].values[3 * to] == -before.labels[1].values[3 * from]);
      CHECK(s.labels[1].values[3 * to + 1] == before.labels[1].values[3 * from + 1]);
      CHECK(s.labels[1].values[3 * to + 2] == before.labels[1].values[3 * from + 2]);
    }
  CHECK(s.inputs[1] == before.inputs[1]);
  CHECK(s.labels[2].indices == before.labels[2].indices);
  CHECK(s.labels[3].values == std::vector<float>{-0.6F, 0.0F, 0.8F});
  CHECK(s.labels[4].values.empty());

  xs::augment::apply({.mirror = true}, s, fields.inputs, fields.labels, key(true), scratch);  // twice is nothing
  CHECK(s.inputs == before.inputs);
  CHECK(s.labels[1].values == before.labels[1].values);

  xs::augment::apply({.mirror = true}, s, fields.inputs, fields.labels, key(false), scratch);
  CHECK(s.inputs == before.inputs);
}

TEST_CASE("half of the samples are mirrored") {
  int mirrored = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) mirrored += xs::RandomKey(xs::seed(1)).with(i).uniform(0) < 0.5F ? 1 : 0;
  CHECK(mirrored > 400);
  CHECK(mirrored < 600);
}

TEST_CASE("a crop keeps images and labels together") {
  const Fields fields;
  bool changed = false;
  for (std::uint64_t i = 0; i < 50; ++i) {
    xs::Sample s = make();
    const xs::Sample before = make();
    xs::augment::Buffers scratch;
    xs::augment::apply({.smallest_crop = 0.5F}, s, fields.inputs, fields.labels, xs::RandomKey(xs::seed(i)), scratch);
    changed = changed || s.inputs[0] != before.inputs[0];
    for (std::size_t p = 0; p < height * width; ++p) {
      const auto from = static_cast<std::size_t>(s.labels[0].indices[p]);
      REQUIRE(from < height * width);
      // the image is linear in row and column, so that interpolation shows exactly where a pixel came from
      const float row = static_cast<float>(from / width), column = static_cast<float>(from % width);
      CHECK(std::abs(s.inputs[0][3 * p] - (row + 0.1F * column)) <= 0.5F + 0.05F + 1e-4F);
      CHECK(s.labels[1].mask[p] == before.labels[1].mask[from]);
      for (std::size_t c = 0; c < 3; ++c)  // taken, not mixed: still of unit length, x not negated
        CHECK(s.labels[1].values[3 * p + c] == before.labels[1].values[3 * from + c]);
    }
    CHECK(s.labels[2].indices == before.labels[2].indices);
    CHECK(s.inputs[1] == before.inputs[1]);
  }
  CHECK(changed);
}

TEST_CASE("a crop of everything is the picture itself") {
  std::vector<float> image, scratch;
  for (int i = 0; i < height * width * 3; ++i) image.push_back(static_cast<float>(i * i));
  const std::vector<float> before = image;
  xs::augment::crop_bilinear(image, scratch, {height, width, 3}, {});
  for (std::size_t i = 0; i < image.size(); ++i) CHECK(image[i] == doctest::Approx(before[i]));
  xs::augment::crop_nearest(image, scratch, {height, width, 3}, {});
  for (std::size_t i = 0; i < image.size(); ++i) CHECK(image[i] == doctest::Approx(before[i]));
}

TEST_CASE("colour changes follow the image's own scale") {
  const Fields fields;
  const xs::Augment jitter{.brightness = 0.5F, .contrast = 0.4F, .saturation = 0.8F};
  xs::augment::Buffers scratch;
  for (std::uint64_t i = 0; i < 10; ++i) {
    xs::Sample a = make(), b = make();
    for (float& value : b.inputs[0]) value = 255.0F * value;
    xs::augment::apply(jitter, a, fields.inputs, fields.labels, xs::RandomKey(xs::seed(i)), scratch);
    xs::augment::apply(jitter, b, fields.inputs, fields.labels, xs::RandomKey(xs::seed(i)), scratch);
    CHECK(a.inputs[0] != make().inputs[0]);
    CHECK(a.inputs[1] == make().inputs[1]);
    CHECK(a.labels[1].values == make().labels[1].values);
    for (std::size_t k = 0; k < a.inputs[0].size(); ++k)
      CHECK(b.inputs[0][k] == doctest::Approx(255.0F * a.inputs[0][k]).epsilon(1e-4));
  }
  // by hand: values 0 and 2 (mean 1, deviation 1): contrast 0.5, brightness 0.25 give 0.75 and 1.75
  std::vector<float> image{0.0F, 2.0F};
  xs::augment::change_colour(image, {1, 2, 1}, 0.25F, 0.5F, 1.0F);
  CHECK(image == std::vector<float>{0.75F, 1.75F});
  std::vector<float> red{1.0F, 0.0F, 0.0F};
  xs::augment::change_colour(red, {1, 1, 3}, 0.0F, 1.0F, 0.0F);  // no saturation: grey
  for (const float channel : red) CHECK(channel == doctest::Approx(0.299));
}

TEST_CASE("the same key gives the same change") {
  const Fields fields;
  const xs::Augment all{
      .mirror = true, .smallest_crop = 0.6F, .brightness = 0.1F, .contrast = 0.1F, .saturation = 0.1F};
  xs::Sample a = make(), b = make(), c = make();
  xs::augment::Buffers scratch;
  xs::augment::apply(all, a, fields.inputs, fields.labels, xs::RandomKey(xs::seed(1)), scratch);
  xs::augment::apply(all, b, fields.inputs, fields.labels, xs::RandomKey(xs::seed(1)), scratch);
  xs::augment::apply(all, c, fields.inputs, fields.labels, xs::RandomKey(xs::seed(2)), scratch);
  CHECK(a.inputs == b.inputs);
  CHECK(a.labels[0].indices == b.labels[0].indices);
  CHECK(a.inputs != c.inputs);
}

TEST_CASE("settings are checked and described") {
  CHECK_FALSE(xs::Augment{}.enabled());
  CHECK(xs::Augment{.smallest_crop = 0.9F}.enabled());
  CHECK_THROWS_AS(xs::Augment{.smallest_crop = 0.0F}.check(), xs::Error);
  CHECK_THROWS_AS(xs::Augment{.smallest_crop = 1.5F}.check(), xs::Error);
  CHECK_THROWS_AS(xs::Augment{.contrast = -0.1F}.check(), xs::Error);
  CHECK_THROWS_AS(xs::Augment{.contrast = std::numeric_limits<float>::quiet_NaN()}.check(), xs::Error);
  CHECK(xs::Augment{}.describe() == "none");
  CHECK(xs::Augment{.mirror = true}.describe() != xs::Augment{.mirror = true, .contrast = 0.1F}.describe());
}
