// ONNX files of every operation, weave unit and kind of network; layers of one's own; what is refused. tests/onnx/check
// runs the files in ONNX Runtime.
#include <xstitch/xstitch.hpp>

#include <sstream>

#include "cases.hpp"

namespace xs = xstitch;

namespace {

using xs::Size, xs::Sides, xs::Ratio, xs::Pad, xs::Stride;
using xstitch_test::error_of;

// Every operation, in a picture of odd extents.
using Picture = xs::Shape<19, 14, 6>;
using Convolutions =
    xs::Layers<xs::Conv<"conv1", 12, Size{3, 5}, Pad<Sides{0, 1, 2, 3}>, xs::Groups<2>, xs::NoBias>,
               xs::BatchNorm<"norm1">, xs::Relu6, xs::DepthwiseConv<"depthwise", 3, xs::SamePad, Stride<Size{1, 2}>>,
               xs::LeakyRelu<>, xs::GroupNorm<"norm2", 3>, xs::Swish, xs::Conv<"conv2", 8, 3, Pad<2>, xs::Dilation<2>>,
               xs::LayerNorm<"norm3">, xs::Gelu, xs::Dropout<>, xs::LayerNorm<"norm4", xs::OverChannels>, xs::GeluTanh,
               xs::Lrn<3>>;
using Middle = xs::Layers<
    xs::Residual<xs::Layers<xs::Conv<"a", 8, 3, Pad<1>>, xs::Elu<Ratio{1, 2}>>, xs::Shortcut<xs::Conv<"b", 8, 1>>>,
    xs::Mark<"wide">, xs::MaxPoolIndices<3, 2, Pad<1>, xs::CeilMode>, xs::Mark<"where", 1>,
    xs::Product<xs::Layers<>, xs::Layers<xs::Conv<"mask", 1, 1>, xs::Sigmoid>,
                xs::Layers<xs::GlobalAveragePool, xs::Linear<"squeeze", 4>, xs::Relu, xs::Linear<"excite", 8>,
                           xs::HardSigmoid>>,
    xs::MaxUnpool<"where">, xs::Concat<xs::Layers<xs::HardSwish>, xs::Recall<"wide">>, xs::Softplus,
    xs::AveragePool<3, 2, Pad<1>, xs::CeilMode, xs::IncludePadding>, xs::Upsample<2>,
    xs::TransposedConv<"up", 12, 3, Stride<2>, Pad<1>, xs::Groups<2>>, xs::Crop<2, 3, 11, 9>, xs::Tanh,
    xs::MaxPool<2, 2, xs::CeilMode>, xs::AveragePool<3, 1, Pad<Sides{1, 0, 0, 1}>>>;
using All = xs::Tower<
    "all", Picture, Convolutions, Middle, xs::Head<"class", xs::Conv<"class", 5, 1>, xs::SoftmaxCrossEntropy>,
    xs::Head<"normal", xs::Conv<"normal", 3, 1>, xs::Weighted<xs::Cosine, Ratio{1, 2}>>,
    xs::Head<"codebook", xs::Conv<"codebook", 7, 1>, xs::CodebookCrossEntropy<7>>,
    xs::Head<"triangle", xs::Conv<"triangle", 8, 1>, xs::CodebookCrossEntropy<8, xs::CodebookDecoding::best_triangle>>,
    xs::Head<"marks", xs::Linear<"marks", 4>, xs::LearnedTemperature<xs::SigmoidCrossEntropy>>,
    xs::Head<"vector", xs::Linear<"vector1", 6>, xs::GroupNorm<"vector2", 2>, xs::LayerNorm<"vector3">,
             xs::BatchNorm<"vector4">, xs::Softmax, xs::Lrn<>, xs::Normalise, xs::CodebookDecode<6>, xs::L2>>;

using Regions = xs::Tower<"detector", xs::Shape<24, 24, 3>, xs::Input<"regions", xs::Shape<7, 1, 5>, xs::Boxes>,
                          xs::Input<"when", xs::Shape<2>>, xs::Conv<"conv", 6, 3, Pad<1>, Stride<2>>,
                          xs::RoiPool<"regions", 3, Ratio{1, 2}>,
                          xs::Head<"class", xs::Linear<"score", 4>, xs::SoftmaxCrossEntropy>,
                          xs::Head<"box", xs::Linear<"offset", 8>, xs::BoxRegression<>>,
                          xs::Head<"year", xs::Recall<"when">, xs::Linear<"date", 2>, xs::L1>>;

// Weave units between images and between vectors.
using Woven = xs::Layers<xs::Conv<"conv1", 8, 3, Pad<1>>, xs::Relu, xs::Seam<"paper">, xs::Relu, xs::Seam<"layer">,
                         xs::Conv<"conv2", 8, 3>, xs::Relu, xs::Seam<"nddr">, xs::Relu, xs::Seam<"sluice">,
                         xs::Conv<"conv3", 8, 3>, xs::Relu, xs::Seam<"simplex">, xs::Linear<"fc", 12>, xs::Relu,
                         xs::Seam<"vector_paper">, xs::Relu, xs::Seam<"vector_nddr">, xs::Relu,
                         xs::Seam<"vector_sluice">, xs::Relu, xs::Seam<"vector_simplex">>;
template <xs::FixedString Name, int Classes>
using Task = xs::Tower<Name, xs::Shape<9, 8, 3>, Woven, xs::Linear<"score", Classes>, xs::SoftmaxCrossEntropy>;
using Units =
    xs::CrossStitch<Task<"b", 3>, Task<"a", 4>, Task<"c", 5>, xs::UnitAt<"layer", xs::CrossStitchUnit<false>>,
                    xs::UnitAt<"nddr", xs::Nddr<>>, xs::UnitAt<"sluice", xs::Sluice<4>>,
                    xs::UnitAt<"simplex", xs::Simplex<>>, xs::UnitAt<"vector_nddr", xs::Nddr<>>,
                    xs::UnitAt<"vector_sluice", xs::Sluice<2>>, xs::UnitAt<"vector_simplex", xs::Simplex<false>>>;

using Small =
    xs::Layers<xs::Conv<"conv1", 6, 3>, xs::Relu, xs::Mark<"tap">, xs::MaxPool<2>, xs::Conv<"conv2", 6, 3>, xs::Relu>;
using Kind = xs::Tower<"kind", xs::Shape<9, 8, 3>, Small, xs::Linear<"score", 3>, xs::SoftmaxCrossEntropy>;
using Slope = xs::Tower<"slope", xs::Shape<9, 8, 3>, Small, xs::Conv<"normal", 3, 1>, xs::Cosine>;

/// y = x where x > 0, else a[c] x: a layer of a user's.
template <xs::FixedString Name>
struct PRelu {
  static constexpr auto name = Name;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    return {xs::ParameterSpec{.name = "slope", .extents = xs::Extents(in.channels), .initializer = {}}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.input[i] * (call.input[i] > 0 ? 1.0F : call.parameters[0][i % In.channels]);
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall&) {}
};
/// A user's type with a name that the library has, too.
struct Softplus : PRelu<"own"> {};
template <class Layer>
using Own = xs::OneTask<xs::Tower<"own", xs::Shape<5, 4, 3>, Layer, xs::Linear<"score", 2>, xs::L2>>;

}  // namespace

TEST_CASE("every operation") {
  cases::write<xs::OneTask<All>>("operations");
  cases::write<xs::OneTask<All>>("operations_nhwc", {.layout = xs::OnnxLayout::nhwc, .logits = true});
}

TEST_CASE("every layer and weave unit of the library has a translation") {
  std::size_t found = 0;
  const std::filesystem::path root = std::filesystem::path(XSTITCH_TEST_DIRECTORY) / "../include/xstitch";
  for (const char* folder : {"layers", "weave/units"})
    for (const auto& file : std::filesystem::directory_iterator(root / folder)) {
      std::istringstream lines(xs::read_file(file.path()));
      for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find("string_view kind = \"");
        if (at == std::string::npos || line.starts_with("///")) continue;
        const std::size_t begin = at + 20;
        const std::string kind = line.substr(begin, line.find('"', begin) - begin);
        INFO(kind);
        CHECK((xs::onnx::find_translation(kind) != nullptr));
        ++found;
      }
    }
  CHECK(found >= 39);
}

TEST_CASE("regions, with inputs of their own") { cases::write<xs::OneTask<Regions>>("regions", {}, 24.0F); }

TEST_CASE("weave units") {
  cases::write<Units>("units");
  cases::write<Units>("units_one_input", {.layout = xs::OnnxLayout::nhwc, .shared_input = "image"});
}

TEST_CASE("trunks and ensembles") {
  cases::write<xs::Split<"conv2", Kind, Slope>>("split");
  cases::write<xs::Shared<Kind, Slope>>("shared");
  cases::write<xs::Ensemble<2, Kind, Slope>>("ensemble", {.logits = true});
}

TEST_CASE("a layer of one's own") {
  xs::OnnxOptions options;
  const auto write = [&]<class Net>(std::type_identity<Net>) { cases::write<Net>("own_layer", options); };
  const std::string text = error_of<xs::Error>([&] { write(std::type_identity<Own<PRelu<"act">>>{}); });
  CHECK(
      text ==
      "ONNX: no translation for PRelu (layer 'act' of tower 'own'); give one by OnnxOptions::translations[\"PRelu\"], "
      "a function of xs::onnx::Operation&");
  // The library's Softplus is not the user's.
  CHECK(error_of<xs::Error>([&] {
          write(std::type_identity<Own<Softplus>>{});
        }).find("no translation for Softplus (layer 'own'") != std::string::npos);
  options.translations["PRelu"] = [](xs::onnx::Operation& o) {
    const xs::onnx::Form form = o.usual_form();
    o.gives(o.node("PRelu", {o.input(form), o.per_channel("slope", o.parameter(0), form)}), form);
  };
  write(std::type_identity<Own<PRelu<"act">>>{});
  options.translations["PRelu"] = [](xs::onnx::Operation&) {};
  CHECK(error_of<xs::Error>([&] { write(std::type_identity<Own<PRelu<"act">>>{}); }).find("gives not all outputs") !=
        std::string::npos);
  options.translations["PRelu"] = [](xs::onnx::Operation& o) { (void)o.input(o.usual_form(), 1); };
  CHECK(error_of<xs::Error>([&] { write(std::type_identity<Own<PRelu<"act">>>{}); }) ==
        "cannot be written as ONNX: PRelu \"own.act\": an input was asked for that it does not have");
  options.translations["PRelu"] = [](xs::onnx::Operation& o) { (void)o.integer("slopes"); };
  CHECK(error_of<xs::Error>([&] { write(std::type_identity<Own<PRelu<"act">>>{}); }) ==
        "cannot be written as ONNX: PRelu \"own.act\" has no attribute \"slopes\"");
}

TEST_CASE("inputs that cannot be one, losses that have no operator, and a codeword of zeros are refused") {
  const xstitch_test::TemporaryFolder folder;
  const auto refusal = [&](const xs::AnyNet& net, const xs::OnnxOptions& options = {}) {
    return error_of<xs::Error>([&] { xs::export_onnx(net, folder.file("net.onnx"), options); });
  };
  using Narrow = xs::Tower<"narrow", xs::Shape<4>, xs::Linear<"score", 2>, xs::L2>;
  using Wide = xs::Tower<"wide", xs::Shape<6>, xs::Linear<"score", 2>, xs::L2>;
  CHECK(refusal(xs::Ensemble<1, Narrow, Wide>{xs::seed(1)}, {.shared_input = "x"}) ==
        "ONNX: towers 'narrow' and 'wide' read 1x1x4 and 1x1x6, which cannot be one input \"x\"");
  using Dated = xs::Tower<"dated", xs::Shape<4>, xs::Input<"when", xs::Shape<4>>, xs::Recall<"when">,
                          xs::Linear<"score", 2>, xs::L2>;
  CHECK(refusal(xs::OneTask<Dated>{xs::seed(1)}, {.shared_input = "dated.when"}) ==
        "ONNX: two inputs would be named \"dated.when\", expected different names");
  using Boxed = xs::Tower<"boxed", xs::Shape<4>, xs::Linear<"offset", 8>, xs::LearnedTemperature<xs::BoxRegression<>>>;
  CHECK(refusal(xs::OneTask<Boxed>{xs::seed(1)})
            .ends_with(": what the loss inside predicts is not known here; give a translation of LearnedTemperature"));
  xs::OneTask<xs::Tower<"coded", xs::Shape<4>, xs::Linear<"score", 4>, xs::CodebookCrossEntropy<4>>> coded{xs::seed(1)};
  std::ranges::fill(coded.mutable_parameter(coded.parameters().size() - 1), 0.0F);
  CHECK(refusal(coded).ends_with(": a codeword has no direction"));
}

TEST_CASE("a network in bf16, metadata, and what is refused") {
  const xstitch_test::TemporaryFolder folder;
  const std::string path = folder.file("net.onnx");
  xs::OneTask<xs::Bfloat16, Kind> net{xs::seed(1)};
  xs::OnnxOptions options{.classes = {{"kind", {"cat", "a \"dog\"", "cow"}}}, .metadata = {{"author", "me"}}};
  xs::export_onnx(net, path, options);
  const std::string bytes = xs::read_file(path);
  for (const std::string text :
       {"kind.classes", R"(["cat", "a \"dog\"", "cow"])", "author", "kind.conv1.weight", "batch"})
    CHECK(bytes.find(text) != std::string::npos);

  options.classes = {{"kind", {"cat"}}};
  CHECK(error_of<xs::Error>([&] { xs::export_onnx(net, path, options); }) ==
        "ONNX: 1 names of classes for \"kind\", expected 3");
  options.classes = {{"cat", {"kind"}}};
  CHECK(error_of<xs::Error>([&] { xs::export_onnx(net, path, options); }).find("expected a head of the network") !=
        std::string::npos);
  options.classes = {};
  options.shared_input = "kind";
  CHECK(error_of<xs::Error>([&] {
          xs::export_onnx(net, path, options);
        }).find("two values of the ONNX graph are named \"kind\"") != std::string::npos);
  net.mutable_parameter(0)[0] = std::nanf("");
  CHECK(error_of<xs::Error>([&] { xs::export_onnx(net, path); }).find("\"kind.conv1.weight\" is not finite") !=
        std::string::npos);
  CHECK(xs::read_file(path) == bytes);  // the old file stays
}
