// needs: onnx
// Weights from ONNX files: what was exported comes back to the bit; every type of element; what does not fit, and what
// is damaged.
#include <xstitch/onnx.hpp>
#include <xstitch/onnx/load.hpp>
#include <xstitch/xstitch.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "../data/temporary_folder.hpp"
#include "../weave/support.hpp"

namespace xs = xstitch;
using xs::ProtobufWriter;
using xstitch_test::error_of;

namespace {

template <xs::FixedString Name, int Outputs>
using Tower = xs::Tower<Name, xs::Shape<5, 4, 3>, xs::Conv<"conv", 4, 3, xs::Pad<1>>, xs::BatchNorm<"norm">, xs::Relu,
                        xs::TransposedConv<"up", 6, 2, xs::Groups<2>>, xs::LayerNorm<"layer">,
                        xs::Linear<"score", Outputs>, xs::SoftmaxCrossEntropy>;
using Net = xs::OneTask<Tower<"birds", 5>>;
using Vector = xs::OneTask<xs::Tower<"v", xs::Shape<2>, xs::Linear<"fc", 3>, xs::L2>>;

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

struct Files {
  xstitch_test::TemporaryFolder folder{};
  std::string path = folder.file("net.onnx");
  void write(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  void write(const std::vector<ProtobufWriter>& tensors) const {
    ProtobufWriter graph;
    for (const ProtobufWriter& tensor : tensors) graph.message(5, tensor);
    write(ProtobufWriter().whole(1, 8).message(7, graph).bytes());
  }
};
ProtobufWriter tensor(const std::string& name, std::vector<int> extents, int type) {
  ProtobufWriter made;
  for (const int extent : extents) made.whole(1, extent);
  return made.whole(2, type).bytes(8, name);
}
std::string raw(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}
const ProtobufWriter bias = tensor("fc.bias", {3}, 1).bytes(9, std::string(12, '\0'));

}  // namespace

TEST_CASE("what was exported comes back") {
  const Files files;
  Net net{xs::seed(1)}, loaded{xs::seed(2)};
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    for (float& value : net.mutable_parameter(i)) value += 0.25F;
  xs::export_onnx(net, files.path);
  xs::load(loaded, xs::OnnxFile(files.path));
  CHECK(support::same_bits(support::all_parameters(net), support::all_parameters(loaded)));

  xs::OneTask<Tower<"cats", 7>> other{xs::seed(3)};
  const std::string text = error_of<xs::Error>([&] {
    xs::load(other, xs::OnnxFile(files.path), {{"birds.", "cats."}});
  });
  has(text, "\n  \"birds.score.weight\" is [5, 180], expected [180, 7]");
  has(text, "\n  \"birds.score.bias\" is [5], expected [7]");
  has(error_of<xs::Error>([&] { xs::load(other, xs::OnnxFile(files.path)); }),
      "\n  missing: \"cats.conv.weight\" [3, 3, 3, 4]");
  has(error_of<xs::Error>([&] { xs::initialise_from(other, xs::OnnxFile(files.path)); }), "no name matches");
  CHECK(xs::initialise_from(other, xs::OnnxFile(files.path), {{"birds.conv.", "cats.conv."}}).untouched.size() == 10);
}

TEST_CASE("types of elements, and where values lie") {
  const Files files;
  const auto read = [&](const ProtobufWriter& one) {
    files.write({one});
    return xs::OnnxFile(files.path).find("t")->values;
  };
  using Values = std::vector<float>;
  CHECK(read(tensor("t", {2}, 10).bytes(9, raw({0x00, 0x3C, 0x00, 0xC0}))) == Values{1, -2});
  CHECK(read(tensor("t", {2}, 16).bytes(9, raw({0x80, 0x3F, 0x00, 0xC0}))) == Values{1, -2});
  CHECK(read(tensor("t", {1}, 11).bytes(9, raw({0, 0, 0, 0, 0, 0, 0xF8, 0x3F}))) == Values{1.5});
  CHECK(read(tensor("t", {2}, 7).bytes(9, raw({3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}))) ==
        Values{3, -1});
  CHECK(read(tensor("t", {2}, 3).bytes(9, raw({255, 4}))) == Values{-1, 4});
  CHECK(read(tensor("t", {2}, 2).bytes(9, raw({255, 4}))) == Values{255, 4});
  CHECK(read(tensor("t", {2}, 1).real(4, 0.5F).real(4, -3.0F)) == Values{0.5, -3});                   // not packed
  CHECK(read(tensor("t", {2}, 1).bytes(4, raw({0, 0, 0x80, 0x3F, 0, 0, 0, 0x40}))) == Values{1, 2});  // packed
  CHECK(read(tensor("t", {2}, 10).whole(5, 0x3C00).whole(5, 0xC000)) == Values{1, -2});
  CHECK(read(tensor("t", {2}, 6).whole(5, 7).whole(5, -7)) == Values{7, -7});
  CHECK(read(tensor("t", {1}, 13).whole(11, 9)) == Values{9});
  CHECK(read(tensor("t", {}, 1).real(4, 2.5F)) == Values{2.5});
  CHECK(read(tensor("t", {0, 3}, 1)).empty());
}

TEST_CASE("what cannot be read is no obstacle to the rest") {
  const Files files;
  Vector net{xs::seed(1)};
  const ProtobufWriter weight = tensor("fc.weight", {3, 2}, 1).bytes(9, std::string(24, '\0'));
  files.write({weight, bias, tensor("text", {1}, 8).bytes(6, "a"), tensor("away", {9}, 1).whole(14, 1)});
  xs::load(net, xs::OnnxFile(files.path), {{"", "v."}});
  CHECK(net.parameter(0)[5] == 0.0F);

  const auto refused = [&](const ProtobufWriter& one) {
    files.write({one, bias});
    return error_of<xs::Error>([&] { xs::load(net, xs::OnnxFile(files.path), {{"", "v."}}); });
  };
  has(refused(tensor("fc.weight", {3, 2}, 8)), "it cannot be read, its type is number 8");
  has(refused(tensor("fc.weight", {3, 2}, 1).whole(14, 1)), "it cannot be read, its values are in another file");
  has(refused(tensor("fc.weight", {3, 3}, 1).bytes(9, std::string(36, '\0'))),
      "\"fc.weight\" is [3, 3], expected [2, 3]");
  has(refused(tensor("fc.weight", {2, 3}, 1).bytes(9, std::string(24, '\0'))), "if it is in xstitch's");
  has(refused(tensor("fc.weight", {3, 2}, 1).bytes(9, std::string(22, '\0') + raw({0x80, 0x7F}))), "not finite");
  has(refused(tensor("fc.weight", {3, 2}, 1).bytes(9, std::string(20, '\0'))),
      "initialiser \"fc.weight\": found 20 bytes, expected 6 elements of 4");
  has(refused(tensor("fc.weight", {3, 2}, 1).real(4, 1.0F)), "found 1 values, expected 6");
  has(refused(tensor("fc.weight", {-3, -2}, 1)), "found the extent -3, expected 0 or more");
  has(refused(tensor("fc.weight", {1 << 30, 1 << 30, 1 << 30}, 1).bytes(9, "abcd")), "found 4 bytes");
  has(refused(tensor("fc.bias", {3}, 1).bytes(9, std::string(12, '\0'))), "found two, expected one of each name");
}

TEST_CASE("damage") {
  const Files files;
  Vector net{xs::seed(1)};
  xs::export_onnx(net, files.path);
  const std::string whole = xs::read_file(files.path);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {  // a prefix is damage, or lacks what comes at the end alone
    files.write(whole.substr(0, cut));
    const std::string text = error_of<xs::Error>([&] { (void)xs::OnnxFile(files.path); });
    CHECK((!text.empty() || cut + 40 > whole.size()));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    files.write(other);
    (void)error_of<xs::Error>([&] { (void)xs::OnnxFile(files.path); });  // an Error or none
  }
  has(error_of<xs::Error>([&] { (void)xs::OnnxFile(files.folder.path()); }),
      "a folder, not a regular file, expected an ONNX file");
  has(error_of<xs::Error>([&] { (void)xs::OnnxFile(files.folder.file("none")); }), "no such file");
}
