// Weights of PyTorch's in safetensors files: turned round where it is certain, refused where it is not.
#include <xstitch/io/weight_order.hpp>

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../data/temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;
using xs::WeightOrder;

namespace {

using Shape = std::vector<std::uint64_t>;

/// A tensor whose element at (a, b, c, d) is a.bcd in decimal: 1234 is at (1, 2, 3, 4).
std::vector<float> numbered(const Shape& shape) {
  std::size_t count = 1;
  for (const std::uint64_t extent : shape) count *= extent;
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t rest = i, place = 1;
    float value = 0;
    for (std::size_t axis = shape.size(); axis-- > 0; place *= 100) {
      value += static_cast<float>(rest % shape[axis] * place);
      rest /= shape[axis];
    }
    values.push_back(value);
  }
  return values;
}

/// Writes numbered tensors, and loads the file.
template <class Net>
std::string loaded(Net& net, const TemporaryFolder& folder, const std::map<std::string, Shape>& shapes,
                   const xs::TextMap& metadata, WeightOrder order = WeightOrder::as_marked) {
  std::vector<std::vector<float>> values;
  std::vector<xs::TensorView> tensors;
  for (const auto& [name, shape] : shapes) values.push_back(numbered(shape));
  std::size_t i = 0;
  for (const auto& [name, shape] : shapes) tensors.push_back(xs::TensorView::floats(name, shape, values[i++]));
  xs::safetensors::write(folder.file("a"), tensors, metadata);
  return error_of<xs::Error>([&] { xs::load(net, folder.file("a"), order); });
}

template <class Net>
std::span<const float> weight(const Net& net, const char* name) {
  return net.parameter(net.find_parameter(name));
}

const xs::TextMap pytorch{{"format", "pt"}}, ours{{"format", "xstitch"}}, none{};

template <int Inputs, int Outputs>
using Vector = xs::OneTask<xs::Tower<"t", xs::Shape<Inputs>, xs::Linear<"fc", Outputs>, xs::L1>>;
template <int Outputs>
using Image = xs::OneTask<xs::Tower<"t", xs::Shape<2, 3, 4>, xs::Linear<"fc", Outputs, xs::NoBias>, xs::L1>>;

}  // namespace

TEST_CASE("a fully connected weight of PyTorch's [out, in] is turned round, a square one too") {
  const TemporaryFolder folder;
  Vector<16, 16> square{xs::seed(1)};
  REQUIRE(loaded(square, folder, {{"t.fc.weight", {16, 16}}, {"t.fc.bias", {16}}}, pytorch).empty());
  for (std::size_t in = 0; in < 16; ++in)
    for (std::size_t out = 0; out < 16; ++out)
      CHECK_EQ(weight(square, "t.fc.weight")[in * 16 + out], static_cast<float>(100 * out + in));
  CHECK(weight(square, "t.fc.bias")[7] == 7);
  Vector<3, 5> wide{xs::seed(1)};
  for (const xs::TextMap& metadata : {pytorch, none}) {  // the shape tells where nothing is said
    REQUIRE(loaded(wide, folder, {{"t.fc.weight", {5, 3}}, {"t.fc.bias", {5}}}, metadata).empty());
    CHECK(weight(wide, "t.fc.weight")[1 * 5 + 4] == 401);
  }
  REQUIRE(loaded(wide, folder, {{"t.fc.weight", {3, 5}}, {"t.fc.bias", {5}}}, none).empty());
  CHECK(weight(wide, "t.fc.weight")[1 * 5 + 4] == 104);
  // initialise_from, under another name.
  Vector<16, 16> other{xs::seed(2)};
  const std::vector<float> values = numbered({16, 16});
  const xs::TensorView tensors[] = {xs::TensorView::floats("fc.weight", {16, 16}, values)};
  xs::safetensors::write(folder.file("b"), tensors, pytorch);
  CHECK(xs::initialise_from(other, folder.file("b"), {{"", "t."}}).parameters == 1);
  CHECK(weight(other, "t.fc.weight")[2 * 16 + 9] == 902);
}

TEST_CASE("a square matrix in a file that says nothing is refused unless the caller says the order") {
  const TemporaryFolder folder;
  Vector<16, 16> net{xs::seed(1)};
  const std::vector<float> before(weight(net, "t.fc.weight").begin(), weight(net, "t.fc.weight").end());
  const std::map<std::string, Shape> shapes = {{"t.fc.weight", {16, 16}}, {"t.fc.bias", {16}}};
  for (const xs::TextMap& metadata : {none, xs::TextMap{{"format", "flax"}}, xs::TextMap{{"note", "xstitch"}}}) {
    const std::string error = loaded(net, folder, shapes, metadata);
    CHECK(contains(error, "\"t.fc.weight\" is [16, 16], expected [16, 16]: neither the file's metadata nor the shape"));
    CHECK(contains(error, "WeightOrder::pytorch"));
    CHECK(std::equal(before.begin(), before.end(), weight(net, "t.fc.weight").begin()));
    CHECK(contains(error_of<xs::Error>([&] { xs::initialise_from(net, folder.file("a")); }), "neither the file's"));
  }
  REQUIRE(loaded(net, folder, shapes, none, WeightOrder::pytorch).empty());
  CHECK(weight(net, "t.fc.weight")[1 * 16 + 2] == 201);
  REQUIRE(loaded(net, folder, shapes, none, WeightOrder::xstitch).empty());
  CHECK(weight(net, "t.fc.weight")[1 * 16 + 2] == 102);
  REQUIRE(loaded(net, folder, shapes, pytorch, WeightOrder::xstitch).empty());  // the caller knows better
  CHECK(weight(net, "t.fc.weight")[1 * 16 + 2] == 102);
  REQUIRE(loaded(net, folder, shapes, ours).empty());
  CHECK(weight(net, "t.fc.weight")[1 * 16 + 2] == 102);
  xs::save(net, folder.file("own"));  // our own files carry the mark
  xs::load(net, folder.file("own"));
  CHECK(weight(net, "t.fc.weight")[1 * 16 + 2] == 102);
  // A single row or column has one order only.
  Vector<4, 1> column{xs::seed(1)};
  for (const Shape& shape : {Shape{1, 4}, Shape{4, 1}}) {
    REQUIRE(loaded(column, folder, {{"t.fc.weight", shape}, {"t.fc.bias", {1}}}, none).empty());
    CHECK(weight(column, "t.fc.weight")[3] == (shape[0] == 1 ? 3.0F : 300.0F));
  }
}

TEST_CASE("a file that says one order and has the other is refused") {
  const TemporaryFolder folder;
  Vector<3, 5> net{xs::seed(1)};
  CHECK(contains(loaded(net, folder, {{"t.fc.weight", {3, 5}}, {"t.fc.bias", {5}}}, pytorch),
                 "the file is in PyTorch's order, where it should be [5, 3]"));
  CHECK(contains(loaded(net, folder, {{"t.fc.weight", {5, 3}}, {"t.fc.bias", {5}}}, ours),
                 "wrong shape: \"t.fc.weight\" is [5, 3], expected [3, 5]"));
  CHECK(contains(loaded(net, folder, {{"t.fc.weight", {5, 4}}, {"t.fc.bias", {5}}}, pytorch), "wrong shape"));
}

TEST_CASE("after an image the inputs are put into the order height, width, channels") {
  const TemporaryFolder folder;
  Image<5> net{xs::seed(1)};
  REQUIRE(loaded(net, folder, {{"t.fc.weight", {5, 24}}}, pytorch).empty());
  for (std::size_t h = 0; h < 2; ++h)
    for (std::size_t w = 0; w < 3; ++w)
      for (std::size_t c = 0; c < 4; ++c)  // PyTorch flattens [channels, height, width]
        CHECK_EQ(weight(net, "t.fc.weight")[((h * 3 + w) * 4 + c) * 5 + 2],
                 static_cast<float>(200 + (c * 2 + h) * 3 + w));
  CHECK(contains(loaded(net, folder, {{"t.fc.weight", {5, 24}}}, none),
                 "in which order the inputs, an image's elements"));
  Image<24> square{xs::seed(1)};
  CHECK(contains(loaded(square, folder, {{"t.fc.weight", {24, 24}}}, none), "neither the file's metadata"));
  REQUIRE(loaded(square, folder, {{"t.fc.weight", {24, 24}}}, none, WeightOrder::pytorch).empty());
  CHECK(weight(square, "t.fc.weight")[((1 * 3 + 2) * 4 + 3) * 24 + 7] == 700 + (3 * 2 + 1) * 3 + 2);
  Image<1> one{xs::seed(1)};  // one output: no matrix to turn, but inputs to sort
  REQUIRE(loaded(one, folder, {{"t.fc.weight", {1, 24}}}, pytorch).empty());
  CHECK(weight(one, "t.fc.weight")[(0 * 3 + 1) * 4 + 2] == (2 * 2 + 0) * 3 + 1);
}

TEST_CASE("convolutions: [out, in, height, width] becomes ours, groups and transposed ones too") {
  const TemporaryFolder folder;
  using Net = xs::OneTask<xs::Tower<"t", xs::Shape<6, 7, 4>, xs::Conv<"conv", 6, xs::Size{2, 3}, xs::Groups<2>>,
                                    xs::TransposedConv<"up", 6, 3>, xs::DepthwiseConv<"deep", 3>, xs::L1>>;
  Net net{xs::seed(1)};
  const std::map<std::string, Shape> shapes = {{"t.conv.weight", {6, 2, 2, 3}}, {"t.conv.bias", {6}},
                                               {"t.up.weight", {6, 6, 3, 3}},   {"t.up.bias", {6}},
                                               {"t.deep.weight", {6, 1, 3, 3}}, {"t.deep.bias", {6}}};
  REQUIRE(loaded(net, folder, shapes, pytorch) == "");
  // Ours: [height, width, in, out], and [height, width, out, in] of the transposed one. 5 1 0 2: out, in, row, column.
  CHECK(weight(net, "t.conv.weight")[((0 * 3 + 2) * 2 + 1) * 6 + 5] == 5010002);
  CHECK(weight(net, "t.conv.weight")[((1 * 3 + 0) * 2 + 0) * 6 + 4] == 4000100);
  CHECK(weight(net, "t.up.weight")[((2 * 3 + 1) * 6 + 3) * 6 + 5] == 5030201);  // in 5, out 3
  CHECK(weight(net, "t.deep.weight")[(1 * 3 + 2) * 6 + 4] == 4000102);
  // A cube says nothing by its shape.
  using Cube = xs::OneTask<xs::Tower<"t", xs::Shape<4, 4, 3>, xs::Conv<"conv", 3, 3, xs::NoBias>, xs::L1>>;
  Cube cube{xs::seed(1)};
  CHECK(contains(loaded(cube, folder, {{"t.conv.weight", {3, 3, 3, 3}}}, none), "neither the file's metadata"));
  REQUIRE(loaded(cube, folder, {{"t.conv.weight", {3, 3, 3, 3}}}, pytorch).empty());
  CHECK(weight(cube, "t.conv.weight")[((2 * 3 + 1) * 3 + 0) * 3 + 1] == 1000201);
}

TEST_CASE("a parameter whose axes are not known is not read from PyTorch's file") {
  xs::ParameterSpec own{.name = "weight", .extents = xs::Extents(4, 4), .initializer = {}};
  using Kind = xs::weight_order::Fit::Kind;
  CHECK(xs::weight_order::fit(own, {4, 4}, WeightOrder::pytorch).kind == Kind::refused);
  CHECK(xs::weight_order::fit(own, {4, 4}, WeightOrder::as_marked).kind == Kind::refused);
  CHECK(xs::weight_order::fit(own, {4, 4}, WeightOrder::xstitch).kind == Kind::as_it_is);
  own.extents = xs::Extents(4, 5);
  CHECK(xs::weight_order::fit(own, {4, 5}, WeightOrder::as_marked).kind == Kind::as_it_is);
  CHECK(xs::weight_order::fit(own, {5, 4}, WeightOrder::as_marked).kind == Kind::wrong_shape);
  own.extents = xs::Extents(4);
  CHECK(xs::weight_order::fit(own, {4}, WeightOrder::pytorch).kind == Kind::as_it_is);
}
