#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <string>

#include "../../data/voc_files.hpp"
#include "../captured.hpp"
#include "../in_folder.hpp"

namespace {

template <xs::FixedString Name, int Outputs, class Loss>
using Listener = xs::Tower<Name, xs::Shape<1, 64, 1>, xs::Linear<"fc1", 16>, xs::Relu, xs::Seam<"fc1">,
                           xs::Linear<"out", Outputs>, Loss>;

void write_picture(const std::filesystem::path& path, int height, int width) {
  std::filesystem::create_directories(path.parent_path());
  xstitch_test::write_text(path.string(), xstitch_test::jpeg_bytes(xstitch_test::two_colours(height, width)));
}
void write_map(const std::filesystem::path& path, int height, int width, std::uint8_t label) {
  std::filesystem::create_directories(path.parent_path());
  const xs::data::ByteImage map{{height, width, 1}, {}};
  xs::data::write_png(path.string(), {map.shape, std::vector<std::uint8_t>(map.shape.size(), label)});
}

/// What the function on the page opens.
void write_pets() {
  for (const char* path : {"pets/train/poodle/1.jpg", "pets/train/beagle/1.jpg", "pets/test/poodle/2.jpg"})
    write_picture(path, 30, 40);
  write_picture("pictures/1.jpg", 20, 30);
  write_picture("pictures/2.jpg", 20, 30);
  write_map("outlines/1.png", 20, 30, 1);
  xstitch_test::write_text("pets.csv",
                           "path,breed,age,outline\n"
                           "pictures/1.jpg,poodle,3.5,outlines/1.png\n"
                           "pictures/2.jpg,,4,\n");
  write_picture("streets/1.jpg", 300, 400);
  write_picture("streets/2.jpg", 300, 400);
  write_map("classes/1.png", 300, 400, 7);
}

}  // namespace

TEST_CASE("a data set of one's own is learned; every fifth sample lacks a label") {
  const Waves waves;
  xs::Sample sample;
  waves.load(4, sample);
  CHECK(sample.labels[1].present);
  waves.load(5, sample);
  CHECK_FALSE(sample.labels[1].present);
  CHECK(std::ranges::max(sample.inputs[0]) <= sample.labels[1].values[0]);  // strength x sine
  const pages::Captured progress(std::cerr);
  xs::CrossStitch<Listener<"kind", 3, xs::SoftmaxCrossEntropy>, Listener<"strength", 1, xs::L2>> net{xs::seed(1)};
  const xs::Sgd sgd{.learning_rate = 0.01F, .momentum = 0.9F, .alpha_multiplier = 1};
  CHECK(xs::train(net, waves, sgd, {.epochs = 5, .threads = 1}).finished());
  const xs::Evaluation evaluation = xs::evaluate(net, waves);
  CHECK(evaluation.value("kind", "accuracy") > 95.0);
  CHECK(evaluation.rows[1].loss < 0.05);
}

TEST_CASE("pictures in folders, of a CSV and beside label maps") {
  const pages::InFolder folder;
  write_pets();
  CHECK_NOTHROW(folders());

  // What the function opens, looked at.
  const xs::data::PictureOptions size{.height = 64, .width = 64};
  const Folder train = Folder::of_classes("pets/train", "breed", size);
  CHECK(train.class_names("breed") == std::vector<std::string>{"beagle", "poodle"});
  const Folder test = Folder::of_classes("pets/test", {"breed", train.class_names("breed")}, size);
  xs::Sample sample;
  sample.inputs.resize(1);
  sample.labels.resize(1);
  test.load(0, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{1});  // in the order of the other set
  const Folder several =
      Folder::of_csv("pets.csv", {"breed", FolderTask::real("age"), FolderTask::pixels("outline", 2)}, size);
  sample.labels.resize(3);
  several.load(0, sample);
  CHECK(sample.labels[1].values == std::vector<float>{3.5F});
  CHECK(sample.labels[2].indices == std::vector<std::int32_t>(64 * 64, 1));
  several.load(1, sample);
  CHECK_FALSE(sample.labels[0].present);
  CHECK(sample.labels[1].values == std::vector<float>{4.0F});
  CHECK_FALSE(sample.labels[2].present);
}

TEST_CASE("folders: a class of the test set that the training set does not have is refused with its name") {
  const pages::InFolder folder;
  write_pets();
  write_picture("pets/test/dachshund/1.jpg", 10, 10);
  CHECK(xstitch_test::contains(xstitch_test::error_of<xs::Error>([] { folders(); }), "dachshund"));
}

TEST_CASE("rooms are made once and kept") {
  CHECK_NOTHROW(keep());
  xs::ThreadPool threads;
  xs::Sample one, other;
  {
    const xs::data::Rooms rooms({.seed = 1, .count = 2});
    const xs::data::InMemory kept(rooms, threads);
    CHECK(kept.size() == 2);
    one.inputs.resize(1), one.labels.resize(rooms.labels().size());
    other = one;
    rooms.load(1, one);
    kept.load(1, other);
  }
  CHECK(!one.inputs[0].empty());
  CHECK(one.inputs == other.inputs);
}
