// A data set feeds the named inputs of a tower, and augmentation moves boxes with their image.
#include <doctest/doctest.h>
#include <xstitch/data/loader.hpp>
#include <xstitch/networks/ensemble.hpp>

#include <string>
#include <vector>

#include "boxes_tower.hpp"

using namespace boxes_tower;

namespace {

/// The same picture and boxes in every sample; `field` is what the boxes are called.
struct Pictures {
  std::string field = "boxes";
  xs::Dims shape{4, 1, 5};
  std::size_t count = 40;
  std::vector<float> rows = boxes;
  bool is_image = true;

  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return {{"input", {height, width, 1}, is_image}, {field, shape}, {"unread", {1, 1, 5}, false}};
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a.means", {xs::LabelKind::real, {1, 1, 4}, {}, 0}},
            {"a.more", {xs::LabelKind::real, {1, 1, 2}, {}, 0}},
            {"b", {xs::LabelKind::real, {1, 1, 2}, {}, 0}}};
  }
  void load(std::size_t, xs::Sample& sample) const {
    sample.inputs[0] = image();
    sample.inputs[1] = rows;
    sample.inputs[2] = {1, 1, 1, 2, 2};
    sample.labels[0].values = {0, 0, 0, 0};
    sample.labels[1].values = sample.labels[2].values = {0, 0};
  }
};

template <class Net = One>
std::string refusal(const Pictures& data) {
  const Net net{xs::seed(1)};
  try {
    xs::Loader loader(data, net.inputs(), net.heads(), {.batch = 2, .threads = 0});
    (void)loader.next();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a data set feeds it: the field \"a.boxes\", or \"boxes\"") {
  for (const char* field : {"boxes", "a.boxes"}) {
    CAPTURE(field);
    One net{xs::seed(1)};
    const Pictures data{.field = field};
    xs::Loader loader(data, net.inputs(), net.heads(), {.batch = 3, .threads = 0});
    xs::ThreadPool threads(1);
    net.evaluate(loader.next()->batch, threads);
    for (std::size_t i = 0; i < 12; ++i) CHECK(net.prediction(0)[i] == doctest::Approx(means[i % 4]));
  }
}

TEST_CASE("a mirrored image mirrors its boxes: what is in them stays") {
  One net{xs::seed(1)};
  const Pictures data;
  xs::Loader loader(data, net.inputs(), net.heads(), {.batch = 40, .augment = {.mirror = true}, .threads = 0});
  const xs::Batch& batch = loader.next()->batch;
  xs::ThreadPool threads(1);
  net.evaluate(batch, threads);
  for (std::size_t i = 0; i < 160; ++i) CHECK(net.prediction(0)[i] == doctest::Approx(means[i % 4]));
  std::size_t mirrored = 0;
  for (std::size_t n = 0; n < 40; ++n) {
    if (batch.inputs[1][n * 20 + 1] == 2.0F) continue;
    ++mirrored;
    const std::vector<float> got(batch.inputs[1].begin() + static_cast<std::ptrdiff_t>(n * 20),
                                 batch.inputs[1].begin() + static_cast<std::ptrdiff_t>(n * 20 + 20));
    CHECK(got == std::vector<float>{1, 5, 1, 6, 2, 1, 0, 0, width, height, 1, 0, 3, 2, 4, 0, 7, 7, 7, 7});
    CHECK(batch.inputs[0][n * 32] == 7.0F);  // the image, too
  }
  CHECK(mirrored > 5);
  CHECK(mirrored < 35);
}

TEST_CASE("plain inputs stay, and colour changes leave boxes alone") {
  using NoBoxes = xs::Input<"boxes", xs::Shape<4, 1, 5>>;
  using Tower = xs::Tower<"a", Image, NoBoxes, Gain, xs::Apply<MeanOfBox, xs::Layers<>, xs::Recall<"boxes">>,
                          xs::Head<"means", SmallOutput>, xs::Head<"more", Dense<"fc", 2>, SmallOutput>>;
  const xs::OneTask<Tower> net{xs::seed(1)};
  const Pictures data;
  xs::Loader plain(data, net.inputs(), net.heads(),
                   {.batch = 40, .augment = {.mirror = true, .smallest_crop = 0.5F}, .threads = 0});
  const xs::Batch& batch = plain.next()->batch;
  for (std::size_t i = 0; i < batch.inputs[1].size(); ++i) CHECK(batch.inputs[1][i] == boxes[i % 20]);

  const One with_boxes{xs::seed(1)};
  xs::Loader colour(data, with_boxes.inputs(), with_boxes.heads(),
                    {.batch = 40, .augment = {.brightness = 0.5F, .contrast = 0.5F}, .threads = 0});
  const xs::Batch& coloured = colour.next()->batch;
  CHECK(coloured.inputs[0][0] != image()[0]);
  for (std::size_t i = 0; i < coloured.inputs[1].size(); ++i) CHECK(coloured.inputs[1][i] == boxes[i % 20]);
}

TEST_CASE("a crop moves boxes with the image; where no image moves, they stay") {
  const One net{xs::seed(1)};
  const xs::LoaderOptions crops{.batch = 40, .augment = {.smallest_crop = 0.4F}, .threads = 0};
  const Pictures data;
  xs::Loader loader(data, net.inputs(), net.heads(), crops);
  const xs::Batch& batch = loader.next()->batch;
  std::size_t gone = 0, moved = 0;
  for (std::size_t n = 0; n < 40; ++n) {
    const float* rows = batch.inputs[1].data() + n * 20;
    CHECK(std::vector<float>(rows + 5, rows + 10) == std::vector<float>{1, 0, 0, width, height});  // the whole image
    CHECK(std::vector<float>(rows + 15, rows + 20) == std::vector<float>{0, 7, 7, 7, 7});
    for (const std::size_t r : {0U, 2U}) {
      const float* box = rows + 5 * r;
      const bool used = box[0] == 1.0F;
      gone += used ? 0U : 1U;
      moved += used && box[1] != boxes[5 * r + 1] ? 1U : 0U;
      CHECK((used || (box[1] == 0.0F && box[2] == 0.0F && box[3] == 0.0F && box[4] == 0.0F)));
      if (!used) continue;
      CHECK((0.0F <= box[1] && box[1] < box[3] && box[3] <= width));
      CHECK((0.0F <= box[2] && box[2] < box[4] && box[4] <= height));
    }
  }
  CHECK(gone > 5);
  CHECK(moved > 5);

  const Pictures vectors{.is_image = false};
  xs::Loader still(vectors, net.inputs(), net.heads(), crops);
  const xs::Batch& same = still.next()->batch;
  for (std::size_t i = 0; i < same.inputs[1].size(); ++i) CHECK(same.inputs[1][i] == boxes[i % 20]);
}

TEST_CASE("what does not fit is said with slot and field") {
  CHECK(
      refusal({.field = "regions"}) ==
      "the data set does not fit the network:\n"
      "  input \"a.boxes\" (boxes) of tower \"a\" wants a field named \"a.boxes\" or \"boxes\" of 4x1x5; the data set "
      "offers \"input\" (4x8x1), \"regions\" (4x1x5), \"unread\" (1x1x5)");
  CHECK(refusal({.shape = {3, 1, 5}}) ==
        "the data set does not fit the network:\n"
        "  input \"a.boxes\" (boxes) of tower \"a\" wants a field of 4x1x5; \"boxes\" of the data set is 3x1x5");
  std::vector<float> rows = boxes;
  rows[6] = 9;  // x0 > x1
  CHECK(refusal({.rows = rows}) ==
        "sample 0: input \"boxes\", row 1: found (1, 9, 0, 8, 4), expected (1 if used or 0, "
        "x0, y0, x1, y1) with x0 <= x1 and y0 <= y1");
}

TEST_CASE("a field is one thing for all that read it") {
  using AsBoxes =
      xs::Tower<"a", Image, Boxes, xs::Recall<"boxes">, Dense<"fc", 2>, xs::Head<"means", Dense<"f", 4>, SmallOutput>>;
  using AsPlain =
      xs::Tower<"b", Image, xs::Input<"boxes", xs::Shape<4, 1, 5>>, xs::Recall<"boxes">, Dense<"fc", 2>, SmallOutput>;
  using Wider =
      xs::Tower<"b", xs::Shape<height, 2 * width, 1>, Boxes, xs::Recall<"boxes">, Dense<"fc", 2>, SmallOutput>;
  const auto bound = [](const auto& net, const std::vector<xs::InputField>& fields) {
    struct Fields : Pictures {
      std::vector<xs::InputField> fields;
      [[nodiscard]] std::vector<xs::InputField> inputs() const { return fields; }
    } with;
    with.fields = fields;
    try {
      (void)xs::bind(with, net.inputs(), net.heads());
    } catch (const xs::Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const xs::Ensemble<1, AsBoxes, AsPlain> two_kinds{xs::seed(1)};
  const std::vector<xs::InputField> fields{{"input", {height, width, 1}}, {"boxes", {4, 1, 5}}};
  CHECK(
      bound(two_kinds, fields) ==
      "the data set does not fit the network:\n"
      "  input \"b.boxes\" (plain elements) of tower \"b\" wants a field of 4x1x5: \"boxes\" of the data set is taken "
      "for plain elements here and for boxes by \"a.boxes\"");
  CHECK(bound(two_kinds, {fields[0], fields[1], {"b.boxes", {4, 1, 5}}}) == "no error");

  const xs::Ensemble<1, AsBoxes, Wider> two_images{xs::seed(1)};
  std::vector<xs::InputField> own{{"a", {height, width, 1}}, {"b", {height, 2 * width, 1}}, {"boxes", {4, 1, 5}}};
  CHECK(bound(two_images, own) ==
        "the data set does not fit the network:\n"
        "  input \"b.boxes\" (boxes) of tower \"b\" wants a field of 4x1x5: the boxes \"boxes\" of the data set lie in "
        "an "
        "image of 4x16x1 here and in one of 4x8x1 for \"a.boxes\"");
  using Masked = xs::Tower<"a", Image, xs::Input<"mask", Image, xs::Image>, xs::Recall<"mask">, Dense<"fc", 4>,
                           xs::Head<"means", SmallOutput>>;
  CHECK(bound(xs::OneTask<Masked>{xs::seed(1)}, {fields[0], {"mask", {height, width, 1}, false}}) ==
        "the data set does not fit the network:\n"
        "  input \"a.mask\" (an image) of tower \"a\" wants a field of 4x8x1: \"mask\" of the data set says that it is "
        "no "
        "image (InputField::image)");
  own[2].name = "a.boxes";
  own.push_back({"b.boxes", {4, 1, 5}});
  CHECK(bound(two_images, own) == "no error");
}
