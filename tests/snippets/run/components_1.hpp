#include <doctest/doctest.h>

#include <array>

TEST_CASE("a quarter of CaffeNet's width") {
  // Layer by layer: kernel x inputs x outputs + outputs.
  constexpr std::size_t conv1 = 121 * 3 * 24 + 24, conv2 = 25 * 12 * 64 + 64, conv3 = 9 * 64 * 96 + 96;
  constexpr std::size_t conv4 = 9 * 48 * 96 + 96, conv5 = 9 * 48 * 64 + 64, fc6 = 36 * 64 * 1024 + 1024;
  constexpr std::size_t fc7 = 1024 * 1024 + 1024, fc8 = 1024 * 200 + 200;
  CHECK(xs::OneTask<Classifier>::parameter_count == conv1 + conv2 + conv3 + conv4 + conv5 + fc6 + fc7 + fc8);
}

TEST_CASE("FCN-32s: scores of 40 classes, and their fixed upsampling") {
  constexpr std::size_t scores = 4096 * 40 + 40, up = 63 * 63 * 40;
  CHECK(xs::OneTask<Pixels>::parameter_count -
            xs::OneTask<xs::models::Fcn32s<"segmentation", 1, xs::L1, 480, 640>>::parameter_count ==
        (scores + up) / 40 * 39);
}

TEST_CASE("views look at memory without a copy") {
  std::array<float, 6> memory{0, 1, 2, 3, 4, 5};
  auto matrix = xs::matrix_view(memory.data(), 2, 3);
  const auto tensor = xs::tensor_view(memory.data(), {std::size_t{3}, std::size_t{2}});
  matrix(1, 0) = 30;
  CHECK(memory[3] == 30);
  CHECK(tensor(1, 1) == 30);
}
