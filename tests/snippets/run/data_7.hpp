#include <doctest/doctest.h>

#include <string>

#include "../../data/nyuv2_files.hpp"
#include "../../data/temporary_folder.hpp"
#include "../../data/voc_files.hpp"

TEST_CASE("NYU Depth V2: the views of the split in 13 classes, with normals from depth, in the size asked for") {
  const xstitch_test::TemporaryFolder folder;
  xstitch_test::NyuFiles{.folder = folder.path()}.write_all();
  const xs::data::Nyuv2 nyu = open_nyu(folder.path());
  CHECK(nyu.size() == 3);
  CHECK(nyu.inputs()[0].shape == xs::Dims{240, 320, 3});
  REQUIRE(nyu.labels().size() == 2);
  CHECK(nyu.labels()[0].spec.classes == 13);
  CHECK(nyu.labels()[1].spec.kind == xs::LabelKind::unit_normal);
  xs::Sample sample;
  sample.inputs.resize(1);
  sample.labels.resize(2);
  nyu.load(0, sample);
  CHECK(sample.inputs[0].size() == 240 * 320 * 3);
  CHECK(sample.labels[0].indices.size() == 240 * 320);
  std::filesystem::remove(folder.file("class13Mapping.mat"));
  CHECK(xstitch_test::contains(xstitch_test::error_of<xs::Error>([&] { (void)open_nyu(folder.path()); }),
                               "class13Mapping.mat"));
}

TEST_CASE("Pascal VOC: the pictures of the set with their boxes") {
  const xstitch_test::VocFiles files;
  const xs::data::Voc voc = open_voc(files.folder.path());
  CHECK(voc.size() == 3);
  CHECK(voc.inputs()[0].shape == xs::Dims{384, 512, 3});
  CHECK(voc.inputs()[1].name == "regions");
  CHECK(voc.labels()[2].name == "attributes");
  CHECK(voc.annotation(0).objects[0].box == xs::Box{10, 20, 50, 50});  // 11 21 50 50 in the file, counted from 1
  const xs::Box own{10, 20, 50, 50};
  CHECK(xs::overlap(voc.restore(0, voc.letterbox(0).place(own)), own) > 0.999);
}
