#include "compare.hpp"

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/relu.hpp>

#include <doctest/doctest.h>

#include <limits>

namespace xs = xstitch;
using xs::Dims;

TEST_CASE("Conv: gradients agree with numeric ones, stored, emitted in chunks or not wanted") {
  const auto report =
      xs::check_gradients<xs::Conv<"c", 6, 3, xs::Stride<2>, xs::Pad<1>, xs::Groups<2>>, xs::Shape<7, 8, 4>>();
  CHECK_MESSAGE(report.ok, report.text());
  const auto pointwise = xs::check_gradients<xs::Conv<"c", 5, 1, xs::NoBias>, xs::Shape<3, 5, 2>>();
  CHECK_MESSAGE(pointwise.ok, pointwise.text());
  // By im2col (a million weights for a few pixels), and by Winograd.
  const auto columns = xs::check_gradients<xs::Conv<"c", 256, 4>, xs::Shape<5, 5, 256>>({.batch = 1, .elements = 3});
  CHECK_MESSAGE(columns.ok, columns.text());
  const auto winograd = xs::check_gradients<xs::Conv<"c", 128, 3, xs::Pad<1>>, xs::Shape<14, 14, 128>>(
      {.batch = 1, .tolerance = 1e-2, .elements = 3});
  CHECK_MESSAGE(winograd.ok, winograd.text());
}

TEST_CASE("DepthwiseConv: gradients agree with numeric ones") {
  const auto report = xs::check_gradients<xs::DepthwiseConv<"d", 3, xs::Pad<1>>, xs::Shape<5, 6, 3>>();
  CHECK_MESSAGE(report.ok, report.text());
}

TEST_CASE("Conv: sizes, parameters and work follow from the options") {
  using Conv1 = xs::Conv<"conv1", 96, 11, xs::Stride<4>>;
  static_assert(Conv1::output_shape({227, 227, 3}) == Dims{55, 55, 96});
  static_assert(Conv1::multiply_adds({227, 227, 3}) == std::size_t{55} * 55 * 96 * 363);
  using Conv2 = xs::Conv<"conv2", 256, 5, xs::Groups<2>, xs::Pad<2>, xs::Gaussian<xs::Ratio{1, 100}>,
                         xs::InitialBias<xs::Ratio{1}>>;
  constexpr auto parameters = Conv2::parameters({27, 27, 96});
  static_assert(parameters.size() == 2);
  CHECK(parameters[0].extents == xs::Extents(5, 5, 48, 256));
  CHECK(parameters[0].fan_in == 25 * 48);
  CHECK(parameters[0].initializer.kind == xs::InitializerKind::gaussian);
  CHECK(parameters[0].initializer.value == 0.01F);
  CHECK(parameters[1].extents == xs::Extents(256));
  CHECK(parameters[1].initializer.value == 1.0F);
  CHECK(parameters[1].group == xs::ParameterGroup::bias);
  static_assert(xs::Conv<"c", 4, xs::Size{3, 5}, xs::NoBias, xs::Frozen>::parameters({9, 9, 2}).size() == 1);
  CHECK(xs::Conv<"c", 4, xs::Size{3, 5}, xs::NoBias, xs::Frozen>::parameters({9, 9, 2})[0].learning_rate_multiplier ==
        0.0F);
  CHECK(xs::Conv<"c", 4, xs::Size{3, 5}>::output_shape({9, 9, 2}) == Dims{7, 5, 4});
  CHECK(xs::DepthwiseConv<"d", 3, xs::Pad<1>, xs::Stride<2>>::output_shape({9, 9, 7}) == Dims{5, 5, 7});
}

TEST_CASE("four sides, and TensorFlow's same padding: the output is ceil(in / stride)") {
  using Four = xs::Conv<"c", 4, 3, xs::Stride<2>, xs::Pad<xs::Sides{0, 1, 2, 1}>>;
  static_assert(Four::output_shape({8, 9, 3}) == Dims{4, 5, 4});
  CHECK(xs::to_string(Four::attributes({8, 9, 3})[3]) == "pad 0 1 2 1");
  using Same = xs::Conv<"c", 4, xs::Size{3, 5}, xs::SamePad, xs::Stride<2>>;
  static_assert(Same::output_shape({8, 9, 3}) == Dims{4, 5, 4});
  static_assert(Same::shape({8, 9, 3}).pad == xs::Sides{0, 2, 1, 2});  // the odd pixel below
  static_assert(Same::shape({7, 8, 3}).pad == xs::Sides{1, 1, 1, 2});
  static_assert(xs::Conv<"c", 4, 3, xs::SamePad, xs::Dilation<2>>::shape({5, 5, 3}).pad == xs::Sides{2});
  static_assert(xs::DepthwiseConv<"d", 2, xs::SamePad>::output_shape({5, 6, 3}) == Dims{5, 6, 3});
  static_assert(xs::Conv<"c", 4, 1, xs::SamePad, xs::Stride<3>>::shape({8, 8, 3}).pad == xs::Sides{0});
  for (const auto& report :
       {xs::check_gradients<Four, xs::Shape<8, 9, 3>>(), xs::check_gradients<Same, xs::Shape<7, 8, 2>>(),
        xs::check_gradients<xs::DepthwiseConv<"d", 2, xs::SamePad>, xs::Shape<5, 6, 3>>()})
    CHECK_MESSAGE(report.ok, report.text());
}

TEST_CASE("Conv: input that does not fit is refused by its shape") {
  CHECK_FALSE(xs::Conv<"c", 8, 5>::output_shape({4, 9, 3}).valid());
  CHECK_FALSE(xs::Conv<"c", 8, 3, xs::Groups<2>>::output_shape({9, 9, 3}).valid());
  CHECK_FALSE(xs::Conv<"c", 9, 3, xs::Groups<2>>::output_shape({9, 9, 4}).valid());
  CHECK_FALSE(xs::Conv<"c", 8, 3, xs::Dilation<4>>::output_shape({8, 9, 3}).valid());
  CHECK(xs::Conv<"c", 8, 3, xs::Dilation<4>>::output_shape({9, 9, 3}) == Dims{1, 1, 8});
}

TEST_CASE("Conv: forward_fused is max(0, .) of forward and keeps NaN") {
  using Layer = xs::Conv<"c", 20, 1>;
  xs::RunLayer<Layer, Dims{2, 3, 2}> run({.batch = 1});
  for (std::size_t i = 0; i < run.input().size(); ++i) run.input()[i] = i % 2 == 0 ? 1.0F : -1.0F;
  run.input()[0] = std::numeric_limits<float>::quiet_NaN();
  run.forward();
  const std::vector<float> plain(run.output().begin(), run.output().end());
  static_assert(Layer::fuses<xs::Relu::fusion> && !Layer::fuses<xs::Relu>);
  std::array<const float*, 2> parameters{run.parameter(0).data(), run.parameter(1).data()};
  xs::Memory workspace(Layer::workspace({2, 3, 2}).bytes(1));
  xs::ThreadPool threads(1);
  const xs::ForwardCall call{.batch = 1,
                             .input = run.input().data(),
                             .output = run.output().data(),
                             .parameters = parameters.data(),
                             .workspace = workspace.data(),
                             .threads = threads};
  Layer::forward_fused<xs::Relu::fusion, Dims{2, 3, 2}>(call);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i < 20)
      CHECK(std::isnan(run.output()[i]));
    else
      CHECK(run.output()[i] == std::max(0.0F, plain[i]));
  }
}

TEST_CASE("Conv: settings are attributes; initial values and Frozen are none; options of other layers are named") {
  const auto text = [](const auto& attributes) {
    std::string all;
    for (const xs::Attribute& attribute : attributes) all += xs::to_string(attribute) + "; ";
    return all;
  };
  using Layer = xs::Conv<"c", 8, xs::Size{3, 5}, xs::Stride<2>, xs::Pad<1>, xs::Groups<2>, xs::Xavier, xs::Frozen>;
  CHECK(text(Layer::attributes({9, 9, 4})) ==
        "outputs 8; kernel 3 5; stride 2 2; pad 1 1; dilation 1 1; groups 2; bias yes; ");
  CHECK(text(xs::DepthwiseConv<"d", 3, xs::NoBias>::attributes({9, 9, 4})) ==
        "outputs 4; kernel 3 3; stride 1 1; pad 0 0; dilation 1 1; groups 4; bias no; ");
  static_assert(xs::traits::kind<Layer>() == "Conv" &&
                xs::traits::kind<xs::DepthwiseConv<"d", 3>>() == "DepthwiseConv");
  static_assert(xs::traits::unknown_option<Layer>().empty());
  CHECK(xs::traits::unknown_option<xs::Conv<"c", 8, 3, xs::Pad<1>, xs::CeilMode>>().find("CeilMode") !=
        std::string_view::npos);
  CHECK(xs::traits::unknown_option<xs::DepthwiseConv<"d", 3, xs::Groups<2>>>().find("Groups<2>") !=
        std::string_view::npos);
}

TEST_CASE("Conv: a gradient that nobody wants is not made") {
  test::check_unwanted<xs::Conv<"direct", 20, 3, xs::Stride<2>>, Dims{9, 9, 5}>();
  test::check_unwanted<xs::Conv<"pointwise", 20, 1>, Dims{4, 4, 5}>();
  test::check_unwanted<xs::Conv<"winograd", 64, 3, xs::Pad<1>>, Dims{12, 12, 64}>();
  test::check_unwanted<xs::Conv<"im2col", 256, 4>, Dims{5, 5, 256}>();
  test::check_unwanted<xs::DepthwiseConv<"depthwise", 3>, Dims{6, 6, 20}>();
}

TEST_CASE("Conv: a layer's attributes lead to the algorithms that its passes take") {
  const auto names = []<class Layer>(Layer, Dims in) {
    const auto attributes = Layer::attributes(in);
    std::string text;
    for (const xs::AlgorithmNote& n : Layer::algorithms(attributes, in, xs::Precision::fp32))
      text += (text.empty() ? "" : " ") + std::string(n.name);
    return text;
  };
  CHECK(names(xs::Conv<"c", 64, 3, xs::SamePad>{}, {13, 13, 64}) == "Winograd Winograd Winograd");
  CHECK(names(xs::Conv<"c", 64, 3, xs::Pad<1>>{}, {5, 5, 64}) == "direct direct Winograd");
  CHECK(names(xs::Conv<"c", 64, 3, xs::Pad<1>, xs::Stride<2>>{}, {25, 25, 64}) == "direct direct direct");
  CHECK(names(xs::Conv<"c", 64, 3, xs::Pad<1>, xs::Groups<2>>{}, {13, 13, 64}) == "direct direct direct");
  CHECK(names(xs::Conv<"c", 64, 3, xs::Dilation<2>>{}, {13, 13, 64}) == "direct direct direct");
  CHECK(names(xs::Conv<"c", 64, 5, xs::Pad<xs::Sides{2, 0, 1, 2}>>{}, {13, 13, 64}) == "Winograd Winograd Winograd");
  CHECK(names(xs::Conv<"c", 64, 5, xs::Pad<xs::Sides{2, 0, 0, 0}>>{}, {8, 9, 64}) == "direct direct Winograd");
  CHECK(names(xs::Conv<"c", 4096, xs::Size{6, 5}>{}, {9, 8, 64}) == "im2col im2col im2col");
  CHECK(names(xs::DepthwiseConv<"c", 3>{}, {9, 8, 64}) == "depthwise depthwise depthwise");
}
