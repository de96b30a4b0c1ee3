// needs: gzip xz images
// Memory that ends while a file is read: every k-th operator new of this program fails in turn, and each reader says so
// by an Error with the file's name.
#include <xstitch/data/idx_file.hpp>
#include <xstitch/data/mat_file.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/table_csv.hpp>
#include <xstitch/data/table_r.hpp>
#include <xstitch/io/npy.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/io/verify.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hostile_bytes.hpp"
#include "refused_reads.hpp"
#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

/// A folder that is the current one: names in it are so short that copying them takes no memory.
struct CurrentFolder {
  TemporaryFolder folder;
  std::filesystem::path before = std::filesystem::current_path();
  CurrentFolder() { std::filesystem::current_path(folder.path()); }
  ~CurrentFolder() { std::filesystem::current_path(before); }
};

}  // namespace

TEST_CASE("readers of io" * doctest::skip(!new_can_fail)) {
  const CurrentFolder folder;
  const std::string npy = "a.npy", weights = "a.safetensors", tensor = "a tensor with a long name";
  const std::vector<float> values(24, 2.0F);
  xs::save_npy(npy, xs::NpyArray{{2, 3, 4}, values});
  CHECK(failures(npy, [&] { (void)xs::load_npy(npy); }) >= 3);
  CHECK(failures(npy, [&] { (void)xs::load_npy<3>(npy); }) >= 4);
  const std::vector<xs::TensorView> tensors = {xs::TensorView::floats(tensor, {2, 12}, values),
                                               xs::TensorView::floats("another one with a long name", {24}, values)};
  xs::safetensors::write(weights, tensors, {{"key", "a text of metadata, also long"}});
  CHECK(failures(weights, [&] { const xs::SafetensorsFile file(weights); }) > 20);
  CHECK(failures(weights, [&] { (void)xs::verify(weights); }) > 20);
  std::vector<float> into(24);
  CHECK(failures(weights, [&] { xs::SafetensorsFile(weights).read(tensor, into); }) > 20);
}

TEST_CASE("readers of data" * doctest::skip(!new_can_fail)) {
  const CurrentFolder folder;
  const std::string csv = "a.csv", png = "a.png", idx = "a.idx", mat = "a.mat", r = "a", text = "a_text";
  write_text(csv, "number,\"a name that is rather long\"\n1,\"some text that is long as well\"\n2,other\n");
  CHECK(failures(csv, [&] { (void)xs::data::read_csv(csv); }) > 10);

  xs::data::write_png(png, {{3, 4, 1}, std::vector<std::uint8_t>(12, 9)});
  CHECK(failures(png, [&] { (void)xs::data::read_png(png, {3, 4, 1}); }) >= 2);

  write_text(idx, idx_header({1, 2, 3}) + "123456");
  CHECK(failures(idx, [&] { (void)xs::data::read_idx_file(idx, 3); }) >= 2);

  const std::string inner = mat_array(6, {1, 2}, "", mat_element(2, "ab"));
  write_text(mat, mat_header() + mat_array(1, {1, 2}, "cells", inner + inner) +
                      mat_compressed(mat_array(4, {1, 3}, text, mat_element(16, "abc"))));
  CHECK(failures(mat, [&] {
          const xs::data::MatFile file(mat);
          (void)file.at("cells");
          (void)file.at(text);
        }) > 10);

  const std::string frame = r_head() + r_data_frame();
  const std::string packed = r_packed(frame);
  write_text(r + ".rdb", packed);
  write_text(r + ".rdx", gzipped(r_head() + r_index("t", 0, static_cast<double>(packed.size()))));
  CHECK(xs::data::read_r_table(r, "t").columns == std::vector<std::vector<double>>{{1, 2, 3}});
  CHECK(failures(r, [&] { (void)xs::data::read_r_table(r, "t"); }) > 20);
}
