#include <doctest/doctest.h>

#include <xstitch/io/protobuf_writer.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "../../data/temporary_folder.hpp"
#include "../in_folder.hpp"

namespace {

// Networks with the page's names of towers, small enough to be run.
using SmallBirds = xs::OneTask<xs::Tower<"birds", xs::Shape<4>, xs::Linear<"fc", 3>, xs::SoftmaxCrossEntropy>>;
template <xs::FixedString Name, int Outputs, class Loss>
using Pixel = xs::Tower<Name, xs::Shape<6, 6, 3>, xs::Conv<"conv1", 4, 3>, xs::Relu, xs::Seam<"conv1">,
                        xs::Conv<"score", Outputs, 1>, Loss>;
using SmallPair = xs::CrossStitch<Pixel<"normals", 3, xs::Cosine>, Pixel<"segmentation", 5, xs::SoftmaxCrossEntropy>>;

// The bytes of a .caffemodel.
xs::ProtobufWriter blob(const std::vector<std::uint64_t>& shape, const std::vector<float>& values) {
  xs::ProtobufWriter extents, out;
  for (const std::uint64_t extent : shape) extents.whole(1, extent);
  out.message(7, extents).bytes(5, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  return xs::ProtobufWriter().message(7, out);
}
std::string layer(const std::string& name, const std::string& type, const xs::ProtobufWriter& weight,
                  const xs::ProtobufWriter& bias) {
  const xs::ProtobufWriter out = xs::ProtobufWriter().bytes(1, name).bytes(2, type).append(weight).append(bias);
  return xs::ProtobufWriter().message(100, out).bytes();
}
/// A file of PyTorch's for a layer from 4 inputs.
void write_state_dict(const std::vector<float>& weight, const std::vector<float>& bias) {
  const std::vector<xs::TensorView> tensors{xs::TensorView::floats("fc.weight", {bias.size(), 4}, weight),
                                            xs::TensorView::floats("fc.bias", {bias.size()}, bias)};
  xs::safetensors::write("vgg16.safetensors", tensors, {{"format", "pt"}});
}

std::vector<float> values(std::size_t count) {
  std::vector<float> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<float>(i) * 0.5F;
  return all;
}

}  // namespace

TEST_CASE("torchvision's file fills one network, Caffe's the trunks of a pair, whose scores stay") {
  const pages::InFolder folder;
  const std::vector<float> fc = values(12);
  write_state_dict(fc, values(3));
  std::ofstream("bvlc_reference_caffenet.caffemodel", std::ios::binary)
      << layer("conv1", "Convolution", blob({4, 3, 3, 3}, values(108)), blob({4}, values(4)))
      << layer("fc8", "InnerProduct", blob({7, 4}, values(28)), blob({7}, values(7)));
  SmallBirds birds{xs::seed(1)};
  SmallPair pair{xs::seed(1)};
  const SmallPair before{xs::seed(1)};
  start(birds, pair);
  CHECK(birds.parameter(birds.find_parameter("birds.fc.weight"))[1] == fc[4]);  // of input 0 to output 1
  for (const std::string tower : {"normals", "segmentation"}) {
    const auto weight = pair.parameter(pair.find_parameter(tower + ".conv1.weight"));
    CHECK(weight[1] == 27 * 0.5F);         // (row, column, input, output): 0, 0, 0, 1; Caffe's: 1, 0, 0, 0
    CHECK(weight[3 * 4 * 3] == 3 * 0.5F);  // 1, 0, 0, 0; Caffe's 0, 0, 1, 0
    CHECK(pair.parameter(pair.find_parameter(tower + ".conv1.bias"))[3] == 1.5F);
    const std::size_t score = pair.find_parameter(tower + ".score.weight");
    CHECK(std::ranges::equal(pair.parameter(score), before.parameter(score)));
  }
}

TEST_CASE("what does not fit is told, and nothing changes") {
  const pages::InFolder folder;
  write_state_dict(values(8), values(2));
  SmallBirds birds{xs::seed(1)};
  SmallPair pair{xs::seed(1)};
  const std::string text = xstitch_test::error_of<xs::Error>([&] { start(birds, pair); });
  CHECK(xstitch_test::contains(text, "fc.weight"));
  CHECK(xstitch_test::contains(text, "fc.bias"));
  CHECK(std::ranges::equal(birds.parameter(0), SmallBirds{xs::seed(1)}.parameter(0)));
}
