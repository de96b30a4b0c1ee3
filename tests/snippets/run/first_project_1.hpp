#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "../captured.hpp"
#include "../in_folder.hpp"

// The training itself, and what ONNX Runtime says: tests/consume/first_project, which follows the page to the letter.

namespace {

/// A picture, and a network that always says "sandal" above and "boot" below.
void write_files() {
  xs::data::ByteImage picture{{36, 36, 1}, {}};
  for (int i = 0; i < 36 * 36; ++i) picture.values.push_back(static_cast<std::uint8_t>(i % 256));
  xs::data::write_png("picture.png", picture);
  Net net{xs::seed(1)};
  for (const auto& [task, garment] : {std::pair{"upper", 5}, {"lower", 9}}) {
    const std::size_t bias = net.find_parameter(std::string(task) + ".fc4.bias");
    REQUIRE(bias != xs::AnyNet::npos);
    net.mutable_parameter(bias)[static_cast<std::size_t>(garment)] = 30.0F;
  }
  xs::save(net, "net.safetensors");
}

int run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return main(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("predict: the garments of a picture") {
  const pages::InFolder folder;
  write_files();
  const pages::Captured out(std::cout);
  CHECK(run({"garments", "predict"}) == 0);
  CHECK(out.has("upper: sandal 1\n"));
  CHECK(out.has("lower: boot 1\n"));
}

TEST_CASE("deploy: an ONNX file with the names of the classes, and the standardised pixels beside it") {
  const pages::InFolder folder;
  write_files();
  CHECK(run({"garments", "deploy", "picture.png"}) == 0);
  const std::string file = xs::read_file("net.onnx");
  for (const std::string part : {"image", "upper.classes", "\"sandal\"", "lower.classes", "upper.fc4.weight"})
    CHECK_MESSAGE(file.find(part) != std::string::npos, part);
  REQUIRE(std::filesystem::file_size("picture.f32") == 36 * 36 * sizeof(float));
  const std::string raw = xs::read_file("picture.f32");
  std::vector<float> written(36 * 36);
  std::memcpy(written.data(), raw.data(), raw.size());
  const std::vector<float> read = pixels_of("picture.png");
  CHECK(written == read);
  CHECK(read[51] == doctest::Approx((51.0F / 255 - scaling.mean) / scaling.standard_deviation));
}

TEST_CASE("what is wrong is said, with the file; without words the program says how it is used") {
  const pages::InFolder folder;
  const pages::Captured messages(std::cerr);
  CHECK(run({"garments", "predict", "missing.png"}) == 1);
  CHECK(messages.has("net.safetensors"));
  CHECK(run({"garments"}) == 0);
  CHECK(messages.has("usage: garments train | predict [PNG] | deploy [PNG]"));
  xs::data::write_png("small.png", {{2, 2, 1}, {0, 0, 0, 0}});
  const auto text = xstitch_test::error_of<xs::Error>([] { (void)pixels_of("small.png"); });
  CHECK(xstitch_test::contains(text, "small.png"));
}
