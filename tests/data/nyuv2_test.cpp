// needs: nyuv2 images gzip
#include <xstitch/data/nyuv2.hpp>

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "nyuv2_files.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::data::Nyuv2;
using xs::data::Nyuv2Normals;
using xs::data::Nyuv2Split;

static_assert(xs::DataSet<Nyuv2>);

namespace {

const std::vector<bool> in_train = {true, false, true, false, true, false};

/// The error of opening the folder and loading every sample.
std::string error_in(const std::string& folder, const Nyuv2::Options& options = {.split = Nyuv2Split::all}) {
  return error_of<xs::Error>([&] {
    const Nyuv2 data(folder, options);
    xs::Sample sample;
    for (std::size_t i = 0; i < data.size(); ++i) data.load(i, sample);
  });
}

}  // namespace

TEST_CASE("samples are the views of the split, turned to rows and columns, with classes mapped") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  files.write_normals(false, in_train);
  const Nyuv2 train(folder.path(), {.scaling = {{0, 0, 0}, {1, 1, 1}}, .depth = true});
  const Nyuv2 test(folder.path(), {.split = Nyuv2Split::test, .classes = 13, .scaling = xs::PixelScaling::caffe()});
  REQUIRE(train.size() == 3);
  REQUIRE(test.size() == 3);
  CHECK(train.inputs()[0].shape == xs::Dims{24, 32, 3});
  REQUIRE(train.labels().size() == 3);
  CHECK(train.labels()[0].name == "segmentation");
  CHECK(train.labels()[0].spec.classes == 40);
  CHECK(train.labels()[1].spec.kind == xs::LabelKind::unit_normal);
  CHECK(train.labels()[1].spec.mask == xs::Dims{24, 32, 1});
  CHECK(train.labels()[2].name == "depth");
  CHECK(test.labels().size() == 2);
  CHECK(train.class_names()[3] == "bed");
  CHECK(test.class_names()[11] == "wall");
  const std::vector<std::size_t> train_views = {4, 0, 2}, test_views = {1, 3, 5};
  xs::Sample sample;
  for (std::size_t n = 0; n < 3; ++n) {
    const int v = static_cast<int>(train_views[n]);
    CHECK(train.view(n) == train_views[n]);
    train.load(n, sample);
    REQUIRE(sample.labels[2].values.size() == 24 * 32);
    std::size_t wrong = 0;
    for (int r = 0; r < 24; ++r)
      for (int c = 0; c < 32; ++c) {
        const auto i = static_cast<std::size_t>(r * 32 + c);
        for (int k = 0; k < 3; ++k)
          wrong += std::abs(sample.inputs[0][3 * i + static_cast<std::size_t>(k)] * 255.0F -
                            static_cast<float>(made_red_green_blue(v, r, c, k))) < 1e-3F
                       ? 0
                       : 1;
        const int raw = made_label(v, r, c);
        wrong += sample.labels[0].indices[i] == (raw == 0 ? 255 : (raw - 1) % 40) ? 0 : 1;
        const RoomPoint truth = room_point(files.camera, r, c);
        wrong += sample.labels[1].mask[i] == (r == 0 ? 0 : 1) ? 0 : 1;
        for (std::size_t k = 0; k < 3; ++k)
          wrong += r == 0 || std::abs(sample.labels[1].values[3 * i + k] - static_cast<float>(truth.normal[k])) < 0.006F
                       ? 0
                       : 1;
        const bool hole = made_hole(v, r, c);
        wrong += sample.labels[2].mask[i] == (hole ? 0 : 1) ? 0 : 1;
        wrong += hole || sample.labels[2].values[i] == static_cast<float>(truth.depth) ? 0 : 1;
      }
    CHECK(wrong == 0);
    test.load(n, sample);
    const int u = static_cast<int>(test_views[n]), raw = made_label(u, 7, 9);
    CHECK(sample.labels[0].indices[7 * 32 + 9] == (raw == 0 ? 255 : (raw - 1) % 40 % 13));
    const float* pixel = &sample.inputs[0][3 * (7 * 32 + 9)];  // blue first, minus the mean
    CHECK(pixel[0] == doctest::Approx(made_red_green_blue(u, 7, 9, 2) - 104));
    CHECK(pixel[1] == doctest::Approx(made_red_green_blue(u, 7, 9, 1) - 117));
    CHECK(pixel[2] == doctest::Approx(made_red_green_blue(u, 7, 9, 0) - 123));
  }
  CHECK(contains(train.describe(0), "view 4"));
  CHECK_THROWS_AS(train.load(3, sample), xs::Error);
}

TEST_CASE("both layouts of normals, and normals from depth, give the same label") {
  const TemporaryFolder plain, eigen, ladicky;
  for (const TemporaryFolder* folder : {&plain, &eigen, &ladicky}) NyuFiles{.folder = folder->path()}.write_all();
  NyuFiles{.folder = eigen.path()}.write_normals(false, in_train);
  NyuFiles{.folder = ladicky.path()}.write_normals(true, in_train);
  const Nyuv2 a(plain.path(), {.split = Nyuv2Split::all}), b(eigen.path(), {.split = Nyuv2Split::all}),
      c(ladicky.path(), {.split = Nyuv2Split::all}), none(eigen.path(), {.normals = Nyuv2Normals::none});
  CHECK(a.options().normals == Nyuv2Normals::from_depth);
  CHECK(b.options().normals == Nyuv2Normals::eigen);
  CHECK(c.options().normals == Nyuv2Normals::ladicky);
  CHECK(none.labels().size() == 1);
  xs::Sample x, y, z;
  std::size_t close = 0, both = 0;
  for (std::size_t n = 0; n < 6; ++n) {
    a.load(n, x), b.load(n, y), c.load(n, z);
    CHECK(y.labels[1].values.size() == z.labels[1].values.size());
    CHECK(y.labels[1].mask == z.labels[1].mask);
    CHECK(y.labels[1].values == z.labels[1].values);
    for (std::size_t i = 0; i < 24 * 32; ++i) {
      if (x.labels[1].mask[i] == 0 || y.labels[1].mask[i] == 0) continue;
      double dot = 0;
      for (std::size_t k = 0; k < 3; ++k) dot += x.labels[1].values[3 * i + k] * y.labels[1].values[3 * i + k];
      ++both;
      close += dot > 0.999 ? 1 : 0;
    }
  }
  CHECK(both > 6 * 24 * 32 * 8 / 10);
  CHECK(close > both * 9 / 10);
}

TEST_CASE("axes of pictures of normals are found out by comparing with depth") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  xs::Sample sample;
  for (const std::array<int, 3> signs : {std::array{1, 1, 1}, {1, -1, -1}, {-1, 1, 1}, {-1, -1, -1}}) {
    files.write_normals(true, in_train, signs);
    const Nyuv2 data(folder.path());
    CHECK(data.options().normal_signs == signs);
    data.load(0, sample);
    const std::size_t floor = 23 * 32 + 5;
    CHECK(sample.labels[1].values[3 * floor + 1] == doctest::Approx(1).epsilon(0.01));
    const Nyuv2 as_stored(folder.path(), {.normal_signs = {1, 1, 1}});
    as_stored.load(0, sample);
    CHECK(sample.labels[1].values[3 * floor + 1] == doctest::Approx(signs[1]).epsilon(0.01));
  }
  CHECK(contains(error_in(folder.path(), {.normal_signs = {1, 2, 1}}), "found 2"));
  // Pictures that have nothing to do with the depth.
  for (int v = 1; v <= 6; ++v) {
    xs::data::ByteImage grey{{24, 32, 3}, xs::data::ByteImage{}.values};
    for (int i = 0; i < 24 * 32; ++i)
      for (const std::uint8_t x : {std::uint8_t{255}, std::uint8_t{127}, std::uint8_t{127}}) grey.values.push_back(x);
    xs::data::write_png(folder.file("nyu_normals_gt/" + std::string(v % 2 == 1 ? "train/" : "test/") + "0000" +
                                    std::to_string(v) + ".png"),
                        grey);
  }
  CHECK(contains(error_in(folder.path()), "normal_signs"));
}

TEST_CASE("another size and a window: labels and normals take the pixel at the centre, pictures are averaged") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  files.write_normals(false, in_train);
  const Nyuv2 data(folder.path(),
                   {.height = 6, .width = 8, .window = {4, 8, 18, 24}, .scaling = {{0, 0, 0}, {1, 1, 1}}});
  xs::Sample sample;
  data.load(1, sample);  // view 0
  REQUIRE(data.inputs()[0].shape == xs::Dims{6, 8, 3});
  REQUIRE(sample.inputs[0].size() == 6 * 8 * 3);
  for (int r = 0; r < 6; ++r)
    for (int c = 0; c < 8; ++c) {
      const int row = 4 + 3 * r + 1, column = 8 + 3 * c + 1;  // 18 / 6 = 24 / 8 = 3: the middle of three
      const auto i = static_cast<std::size_t>(r * 8 + c);
      CHECK(sample.labels[0].indices[i] == (made_label(0, row, column) - 1) % 40);
      CHECK(sample.labels[1].values[3 * i + 2] ==
            doctest::Approx(room_point(files.camera, row, column).normal[2]).epsilon(0.02));
      if (r > 0 && r < 5 && c > 0 && c < 7) {  // red rises by 5 a row and 3 a column: its average is its centre
        CHECK(sample.inputs[0][3 * i] * 255 == doctest::Approx(made_red_green_blue(0, row, column, 0)).epsilon(0.01));
      }
    }
  CHECK(contains(error_in(folder.path(), {.window = {10, 0, 20, 32}}), "24x32"));
}

TEST_CASE("a sample has the same bits kept or not, and from several threads at once") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  const Nyuv2 kept(folder.path(), {.split = Nyuv2Split::all, .height = 12, .width = 16, .depth = true});
  const Nyuv2 fresh(folder.path(),
                    {.split = Nyuv2Split::all, .height = 12, .width = 16, .depth = true, .cache_bytes = 0});
  std::vector<xs::Sample> expected(6);
  for (std::size_t i = 0; i < 6; ++i) fresh.load(i, expected[i]);
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      xs::Sample sample;
      for (std::size_t round = 0; round < 12; ++round) {
        const std::size_t i = (round * 5 + t) % 6;
        (round % 2 == 0 ? kept : fresh).load(i, sample);
        wrong[t] += sample.inputs == expected[i].inputs ? 0 : 1;
        for (std::size_t l = 0; l < 3; ++l) {
          wrong[t] += sample.labels[l].indices == expected[i].labels[l].indices ? 0 : 1;
          wrong[t] += sample.labels[l].values == expected[i].labels[l].values ? 0 : 1;
          wrong[t] += sample.labels[l].mask == expected[i].labels[l].mask ? 0 : 1;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const int w : wrong) CHECK(w == 0);
}

TEST_CASE("holes count only when they are asked to be filled") {
  const TemporaryFolder folder;
  const NyuFiles files{.folder = folder.path()};
  files.write_all();
  const Nyuv2 measured(folder.path(), {.depth = true}), filled(folder.path(), {.depth = true, .fill_holes = true});
  xs::Sample sample;
  measured.load(0, sample);
  CHECK(sample.labels[2].mask[0] == 0);
  CHECK(sample.labels[1].mask[0] == 0);
  filled.load(0, sample);
  CHECK(sample.labels[2].mask[0] == 1);
  CHECK(sample.labels[1].mask[32 + 1] == 1);
}
