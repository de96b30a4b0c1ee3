#include <doctest/doctest.h>

#include <iostream>
#include <string>

#include "../../data/temporary_folder.hpp"
#include "../captured.hpp"
#include "../in_folder.hpp"

// The page leaves these to the reader; a sketch of them is on other pages.
template <xs::FixedString Name>
template <xs::Dims In>
void PRelu<Name>::forward(const xs::ForwardCall& call) {
  for (std::size_t i = 0; i < call.batch * In.size(); ++i)
    call.output[i] = call.input[i] > 0 ? call.input[i] : call.parameters[0][i % In.channels] * call.input[i];
}
template <xs::FixedString Name>
template <xs::Dims In>
void PRelu<Name>::backward(const xs::BackwardCall& call) {
  if (call.input_gradient != nullptr) std::fill_n(call.input_gradient, call.batch * In.size(), 0.0F);
  std::fill_n(call.parameter_gradients[0], In.channels, 0.0F);
}

namespace {

std::string file() { return xs::read_file("net.onnx"); }
std::vector<float> all(const xs::AnyNet& net) {
  std::vector<float> values;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    values.insert(values.end(), net.parameter(i).begin(), net.parameter(i).end());
  return values;
}

}  // namespace

TEST_CASE("a network as a file, with one input, names of classes and texts") {
  const pages::InFolder folder;
  const Net net{xs::seed(1)};
  deploy(net);
  const std::string text = file();
  for (const std::string part :
       {"image", "animal.classes", "[\"cat\", \"dog\", \"cow\"]", "0.485 0.456 0.406", "breed"})
    CHECK_MESSAGE(xstitch_test::contains(text, part), part);
  CHECK_FALSE(xstitch_test::contains(text, "animal.input"));
  const xs::OnnxFile written("net.onnx");
  const xs::OnnxTensor* weight = written.find("breed.conv1.weight");
  REQUIRE(weight != nullptr);
  CHECK(weight->shape == std::vector<std::uint64_t>{16, 3, 3, 3});  // out, in, height, width
}

TEST_CASE("a program that only predicts writes the same weights; each tower has its own input") {
  const pages::InFolder folder;
  const Net net{xs::seed(1)};
  xs::save(net, "net.safetensors");
  convert();
  CHECK(xstitch_test::contains(file(), "animal.input"));
  const std::vector<float> converted = xs::OnnxFile("net.onnx").find("animal.conv1.weight")->values;
  xs::export_onnx(net, "net.onnx");
  CHECK(converted == xs::OnnxFile("net.onnx").find("animal.conv1.weight")->values);
}

TEST_CASE("a layer of one's own by a translation; without it the message of the page") {
  const pages::InFolder folder;
  xs::OneTask<xs::Tower<"a", xs::Shape<4, 4, 3>, PRelu<"act1">, xs::Linear<"out", 2>, xs::L2>> net{xs::seed(1)};
  export_with_own(net);
  CHECK(xstitch_test::contains(file(), "PRelu"));
  const xs::OnnxFile written("net.onnx");
  const xs::OnnxTensor* slope = written.find("a.act1.slope");
  REQUIRE(slope != nullptr);
  CHECK(slope->values == std::vector<float>(3, 0.25F));  // a value a channel
  CHECK(
      xstitch_test::error_of<xs::Error>([&] { xs::export_onnx(net, "net.onnx"); }) ==
      "ONNX: no translation for PRelu (layer 'act1' of tower 'a'); give one by OnnxOptions::translations[\"PRelu\"], a "
      "function of xs::onnx::Operation&");
}

TEST_CASE("weights from a file: a network whole, and by another name a tower of a pair") {
  const pages::InFolder folder;
  using Features =
      xs::Tower<"features", xs::Shape<4, 4, 3>, xs::Conv<"conv", 5, 3>, xs::Relu, xs::Linear<"fc", 2>, xs::L2>;
  const xs::OneTask<Features> trained{xs::seed(1)};
  xs::export_onnx(trained, "net.onnx");
  xs::OneTask<Features> net{xs::seed(2)};
  using Inner = xs::Block<"features", xs::Conv<"conv", 5, 3>, xs::Relu, xs::Linear<"fc", 2>>;
  xs::OneTask<xs::Tower<"animal", xs::Shape<4, 4, 3>, Inner, xs::Linear<"score", 3>, xs::SoftmaxCrossEntropy>> pair{
      xs::seed(3)};
  const pages::Captured out(std::cout);
  take(net, pair);
  CHECK(all(net) == all(trained));
  CHECK(out.text() == "4 parameters taken, 2 left alone\n");
  const auto weight = pair.parameter(pair.find_parameter("animal.features.conv.weight"));
  CHECK(std::equal(weight.begin(), weight.end(), trained.parameter(0).begin()));
}
