// Weights of others: ONNX and Caffe files. A refusal leaves the network as it was, what is accepted is finite.
#include <xstitch/io/protobuf_writer.hpp>
#include <xstitch/onnx/load.hpp>
#include <xstitch/run/caffe_parameters.hpp>

#include "filled.hpp"

namespace fuzz {
namespace {

Filled& filled() {
  static Filled one;
  return one;
}

void run_onnx(Input input) {
  put(file(), input);
  filled().run(input.size(), file(), [&] {
    const xs::OnnxFile found(file());
    for (const auto& [name, tensor] : found.tensors())
      XSTITCH_FUZZ_REQUIRE(!tensor.unread.empty() || tensor.values.size() == product(tensor.shape));
    (void)xs::initialise_from(filled().net, found, {{"", "a."}, {"a.", "a."}});
  });
}
std::vector<std::string> seeds_of_onnx() {
  using xs::ProtobufWriter;
  const auto tensor = [](const std::string& name, std::vector<int> extents, int type) {
    ProtobufWriter made;
    for (const int extent : extents) made.whole(1, static_cast<std::uint64_t>(extent));
    return made.whole(2, static_cast<std::uint64_t>(type)).bytes(8, name);
  };
  std::vector<std::string> all;
  for (int type = 1; type <= 16; ++type) {
    ProtobufWriter graph;
    graph.message(5, tensor("fc.weight", {2, 8}, type).bytes(9, std::string(64, '\1')));
    graph.message(5, tensor("fc.bias", {2}, type).real(4, 0.5F).real(4, 1.5F));
    graph.message(5, tensor("conv.weight", {2, 1, 2, 2}, 1).bytes(9, std::string(32, '\0')));
    all.push_back(ProtobufWriter().whole(1, 8).message(7, graph).bytes());
  }
  return all;
}

void run_caffe(Input input) {
  put(file(), input);
  filled().run(input.size(), file(), [&] {
    const xs::CaffeFile found(file());
    for (const xs::CaffeLayer& layer : found.layers())
      for (const xs::CaffeBlob& blob : layer.blobs) XSTITCH_FUZZ_REQUIRE(product(blob.shape) == blob.values.size());
    (void)xs::initialise_from(filled().net, found);
  });
}
std::vector<std::string> seeds_of_caffe() {
  using xs::ProtobufWriter;
  const auto blob = [](std::vector<std::uint64_t> shape, std::size_t count) {
    ProtobufWriter extents, made;
    for (const std::uint64_t extent : shape) extents.whole(1, extent);
    made.message(7, extents);
    for (std::size_t i = 0; i < count; ++i) made.real(5, 0.5F);
    return made;
  };
  ProtobufWriter conv, fc, old, shape, convolution;
  convolution.whole(5, 1);
  conv.bytes(1, "conv")
      .bytes(2, "Convolution")
      .message(7, blob({2, 1, 2, 2}, 8))
      .message(7, blob({2}, 2))
      .message(106, convolution);
  fc.bytes(1, "fc").bytes(2, "InnerProduct").message(7, blob({2, 8}, 16)).message(7, blob({2}, 2));
  ProtobufWriter four;
  four.whole(1, 1).whole(2, 1).whole(3, 2).whole(4, 8).bytes(5, std::string(64, '\0'));
  old.bytes(4, "fc").whole(5, 14).message(6, four);
  return {ProtobufWriter().bytes(1, "n").message(100, conv).message(100, fc).bytes(),
          ProtobufWriter().message(2, old).bytes()};
}

const Added all[] = {Added({"onnx", run_onnx, seeds_of_onnx}), Added({"caffe", run_caffe, seeds_of_caffe})};

}  // namespace
}  // namespace fuzz
