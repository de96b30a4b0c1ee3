// needs: caffe
// Files of Caffe's: both generations of layers, values packed or not, against what OpenCV makes of the same bytes;
// pixels of other networks; what does not fit and what is damaged.
#include <xstitch/layers/group_norm.hpp>
#include <xstitch/layers/layer_norm.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/bvlc_alexnet.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/caffe_parameters.hpp>
#include <xstitch/run/predictor.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../data/temporary_folder.hpp"
#include "../models/formula.hpp"

#include "../golden/caffe.inc"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

// The bytes of a file, written by hand as scripts/golden/caffe.py does.
enum class Form : std::uint8_t { old, packed, unpacked, doubles };

std::string varint(std::uint64_t n) {
  std::string out;
  for (; n > 127; n >>= 7) out += static_cast<char>((n & 127) | 128);
  return out + static_cast<char>(n);
}
std::string number(unsigned field, std::uint64_t n) { return varint(field << 3) + varint(n); }
std::string block(unsigned field, std::string_view data) {
  return varint(field << 3 | 2) + varint(data.size()) + std::string(data);
}
template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string blob(const std::vector<std::uint64_t>& shape, std::span<const float> values, Form form) {
  std::string out, data;
  if (form == Form::old) {
    for (unsigned i = 0; i < 4; ++i) out += number(i + 1, i + shape.size() < 4 ? 1 : shape[i + shape.size() - 4]);
  } else {
    for (const std::uint64_t extent : shape) data += varint(extent);
    out += block(7, block(1, data));
    data.clear();
  }
  for (const float value : values)
    data += form == Form::unpacked  ? varint(5 << 3 | 5) + raw(value)
            : form == Form::doubles ? raw(static_cast<double>(value))
                                    : raw(value);
  return out + (form == Form::unpacked ? data : block(form == Form::doubles ? 8 : 5, data));
}

struct Made {
  std::string name, type;
  std::vector<std::uint64_t> shape;
  unsigned groups = 1;
};
const std::vector<Made> trunk{{"conv1", "Convolution", {6, 3, 11, 11}},    {"relu1", "ReLU", {}},
                              {"conv2", "Convolution", {16, 3, 5, 5}, 2},  {"conv3", "Convolution", {24, 16, 3, 3}},
                              {"conv4", "Convolution", {24, 12, 3, 3}, 2}, {"conv5", "Convolution", {16, 12, 3, 3}, 2},
                              {"fc6", "InnerProduct", {256, 576}},         {"fc7", "InnerProduct", {256, 256}}};
const Made fc8{"fc8", "InnerProduct", {5, 256}}, score{"score", "Convolution", {5, 256, 1, 1}};

std::vector<float> values(const std::string& name, const std::vector<std::uint64_t>& shape) {
  std::array<int, 4> extents{};
  for (std::size_t i = 0; i < shape.size(); ++i) extents[i] = static_cast<int>(shape[i]);
  return golden::values(name, extents);
}

std::string layer(const Made& made, Form form) {
  const bool old = form == Form::old;
  std::string out = block(old ? 4 : 1, made.name);
  out += !old                          ? block(2, made.type)
         : made.type == "Convolution"  ? number(5, 4)
         : made.type == "InnerProduct" ? number(5, 14)
                                       : number(5, 18);
  if (!made.shape.empty()) {
    out += block(old ? 6 : 7, blob(made.shape, values(made.name + ".weight", made.shape), form));
    out += block(old ? 6 : 7, blob({made.shape[0]}, values(made.name + ".bias", {made.shape[0]}), form));
  }
  if (made.type == "Convolution") out += block(old ? 10 : 106, number(1, made.shape[0]) + number(5, made.groups));
  return block(old ? 2 : 100, out);
}
std::string network(std::vector<Made> layers, const Made& last, Form form) {
  layers.push_back(last);
  std::string out = block(1, "made");
  for (const Made& one : layers) out += layer(one, form);
  return out;
}

struct File {
  TemporaryFolder folder{};
  std::string path = folder.file("a.caffemodel");
  explicit File(const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
};
std::uint32_t checksum(const std::string& bytes) { return xs::crc32c(std::as_bytes(std::span(bytes))); }

/// As OpenCV gets it, [3, side, side], in our order.
std::vector<float> picture(const std::string& name, std::size_t side) {
  const golden::Bits bits(name);
  std::vector<float> image(side * side * 3);
  for (std::size_t i = 0; i < image.size(); ++i)
    image[i % (side * side) * 3 + i / (side * side)] =
        static_cast<float>(100.0 * (static_cast<double>(bits[i] >> 8) * 0x1p-23 - 1.0));
  return image;
}

using Loss = xs::SoftmaxCrossEntropy;
using CaffeNet = xs::OneTask<xs::models::CaffeNet<"birds", 5, Loss, 16>>;
using AlexNet = xs::OneTask<xs::models::BvlcAlexNet<"birds", 5, Loss, 16>>;
/// Layers that Caffe has not.
using Normed = xs::OneTask<xs::Tower<"birds", xs::Shape<2, 2, 3>, xs::GroupNorm<"channels", 3>, xs::LayerNorm<"pixels">,
                                     xs::Linear<"fc8", 5>, Loss>>;
/// FCN-32s up to its scores.
using Cells =
    xs::OneTask<xs::Tower<"pixels", xs::Shape<64, 64, 3>, xs::models::Fcn32sTrunk<16>, xs::Conv<"score", 5, 1>, Loss>>;

template <class Net>
std::shared_ptr<xs::Parameters> empty() {
  return std::make_shared<xs::Parameters>(Net::inference_program_of_type);
}
/// The largest difference of scores [rows, columns, 5] from `expected` [5, rows, columns], over the largest of them.
template <class Net>
double difference(const std::shared_ptr<xs::Parameters>& parameters, const std::vector<float>& image,
                  std::span<const float> expected) {
  xs::Predictor<Net> predictor(parameters, 2);
  const auto answer = predictor.predict(image);
  const auto found = answer.logits(predictor.parameters()->layout().heads()[0].name());
  REQUIRE(static_cast<std::size_t>(found.size()) == expected.size());
  double largest = 0.0, worst = 0.0;
  const std::size_t cells = expected.size() / 5;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = static_cast<double>(expected[i % 5 * cells + i / 5]);
    largest = std::max(largest, std::abs(e));
    const double d = std::abs(static_cast<double>(found.data()[i]) - e);
    worst = std::isnan(d) ? INFINITY : std::max(worst, d);
  }
  return worst / largest;
}

template <class Net = CaffeNet>
std::string refused(const std::string& bytes, const xs::CaffeOptions& options = {}) {
  const File file(bytes);
  const auto to = empty<Net>();
  const std::string text = error_of<xs::Error>([&] {
    xs::initialise_from(*to, xs::CaffeFile(file.path), {{"", "birds."}}, options);
  });
  bool changed = false;
  for (std::size_t i = 0; i < to->slots().size(); ++i)
    for (const float value : to->values(i)) changed = changed || value != 0.0F;
  CHECK_FALSE(changed);  // all or nothing
  return text;
}
bool holds(const std::string& text, std::string_view part) {
  CAPTURE(text);
  CAPTURE(part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("CaffeNet and AlexNet give OpenCV's scores, from every form of the file") {
  const std::vector<float> image = picture("picture", 227);
  for (const auto& [form, crc] : {std::pair{Form::old, caffe::old_crc},
                                  {Form::packed, caffe::packed_crc},
                                  {Form::unpacked, caffe::unpacked_crc},
                                  {Form::doubles, 0U}}) {
    const std::string bytes = network(trunk, fc8, form);
    if (crc != 0) REQUIRE(checksum(bytes) == crc);  // the file that OpenCV read
    const File file(bytes);
    const auto parameters = empty<CaffeNet>();
    xs::load(*parameters, xs::CaffeFile(file.path), {{"", "birds."}});
    CHECK(difference<CaffeNet>(parameters, image, caffe::caffenet) < 1e-5);
    if (form != Form::old) continue;
    const auto alexnet = empty<AlexNet>();
    xs::load(*alexnet, xs::CaffeFile(file.path), {{"", "birds."}});
    CHECK(difference<AlexNet>(alexnet, image, caffe::alexnet) < 1e-5);
  }
}

TEST_CASE("the fully connected layers become convolutions: FCN-32s gives OpenCV's scores") {
  const std::string bytes = network(trunk, score, Form::packed);
  REQUIRE(checksum(bytes) == caffe::dense_crc);
  const File file(bytes), old(network(trunk, score, Form::old)), other(network(trunk, fc8, Form::old));
  for (const std::string& path : {file.path, old.path}) {
    const auto parameters = empty<Cells>();
    xs::load(*parameters, xs::CaffeFile(path), {{"", "pixels."}});
    CHECK(difference<Cells>(parameters, picture("small picture", 64), caffe::cells) < 1e-5);
  }
  const auto parameters = empty<Cells>();
  const xs::Initialised done =
      xs::initialise_from(*parameters, xs::CaffeFile(other.path), {{"", "pixels."}}, {.ignore = {"fc8"}});
  CHECK(done.parameters == 14);
  CHECK(done.untouched == std::vector<std::string>{"pixels.score.weight", "pixels.score.bias"});
}

TEST_CASE("pixels of another scaling give the same scores where no padding forbids it") {
  const File file(network(trunk, fc8, Form::packed));
  const xs::PixelScaling caffe_pixels = xs::PixelScaling::caffe();
  std::vector<float> image = picture("picture", 227);
  for (xs::PixelScaling seen : {xs::PixelScaling::torchvision(), xs::PixelScaling{}}) {
    for (const bool blue_first : {false, true}) {
      seen.blue_first = blue_first;
      std::vector<float> other(image.size());
      for (std::size_t i = 0; i < image.size(); ++i) {
        const std::size_t colour = 2 - i % 3;  // of the file: blue, green, red
        const float v = image[i] * caffe_pixels.standard_deviation[colour] + caffe_pixels.mean[colour];
        other[i / 3 * 3 + (blue_first ? 2 - colour : colour)] =
            (v - seen.mean[colour]) / seen.standard_deviation[colour];
      }
      const auto parameters = empty<CaffeNet>();
      xs::load(*parameters, xs::CaffeFile(file.path), {{"", "birds."}}, {.pixels = seen});
      CHECK(difference<CaffeNet>(parameters, other, caffe::caffenet) < 1e-4);
    }
  }
  const auto cells = empty<Cells>();
  const std::string text = error_of<xs::Error>([&] {
    xs::initialise_from(*cells, xs::CaffeFile(file.path), {{"", "pixels."}},
                        {.ignore = {"fc8"}, .pixels = xs::PixelScaling::torchvision()});
  });
  holds(text, "layer 'conv1' of tower 'pixels': found padding, expected a convolution without");
  xs::PixelScaling red_first = caffe_pixels;  // only moves the channels: padding does not matter
  red_first.blue_first = false;
  xs::initialise_from(*cells, xs::CaffeFile(file.path), {{"", "pixels."}}, {.ignore = {"fc8"}, .pixels = red_first});
  const auto blue = empty<Cells>();
  xs::initialise_from(*blue, xs::CaffeFile(file.path), {{"", "pixels."}}, {.ignore = {"fc8"}});
  const std::size_t first = cells->layout().find_parameter("pixels.conv1.weight");
  bool mirrored = true;
  for (std::size_t i = 0; i < cells->values(first).size(); ++i)
    mirrored = mirrored && cells->values(first)[i] == blue->values(first)[(i / 18 * 3 + (2 - i / 6 % 3)) * 6 + i % 6];
  CHECK(mirrored);
}

TEST_CASE("what does not fit is told together, with names, and changes nothing") {
  std::vector<Made> layers = trunk;
  layers[2].groups = 1;
  layers[3].shape = {24, 16, 5, 5};
  layers[6].shape = {256, 575};
  layers.push_back({"slope", "PReLU", {16}});
  layers.push_back({"fc9", "InnerProduct", {2, 5}});
  const std::string text = refused(network(layers, fc8, Form::packed), {.ignore = {"fc7", "fc10"}});
  holds(text, "a.caffemodel does not fit the network:");
  holds(text, R"(layer "conv2", blob 0: found 1 groups, expected 2 ("birds.conv2.weight"))");
  holds(text, R"(layer "conv3", blob 0: found [24, 16, 5, 5], expected [24, 16, 3, 3] ("birds.conv3.weight"))");
  holds(text, R"(layer "fc6", blob 0: found [256, 575], expected [256, 576] ("birds.fc6.weight"))");
  holds(text, R"(layer "slope" has the type PReLU, expected Convolution, InnerProduct or Deconvolution)");
  holds(text, R"(layer "fc9" (InnerProduct), weight [2, 5]: found no parameter of the network for it)");
  holds(text, R"(layer "fc10" is to be ignored, but the file has none of that name)");
  CHECK(text.find("conv4") == std::string::npos);

  const auto to = empty<CaffeNet>();
  const File file(network(trunk, fc8, Form::old));
  holds(error_of<xs::Error>([&] {
          xs::load(*to, xs::CaffeFile(file.path), {{"", "birds."}}, {.ignore = {"conv1", "fc8"}});
        }),
        R"(missing: "conv1.weight" [11, 11, 3, 6])");
  holds(refused(network({{"conv1", "Deconvolution", {6, 3, 11, 11}}}, fc8, Form::packed)),
        R"(layer "conv1", blob 0: found type Deconvolution, expected Convolution or InnerProduct)");
  std::vector<float> infinite = values("fc8.bias", {5});
  infinite[3] = std::numeric_limits<float>::infinity();
  holds(refused(block(100, block(1, "fc8") + block(2, "InnerProduct") +
                               block(7, blob({5, 256}, values("fc8.weight", {5, 256}), Form::packed)) +
                               block(7, blob({5}, infinite, Form::packed)))),
        R"(layer "fc8", blob 1: found values that are not finite)");
  holds(refused(block(100, block(1, "fc8") + block(2, "InnerProduct") +
                               block(7, blob({5, 256}, values("fc8.weight", {5, 256}), Form::packed)))),
        R"("birds.fc8.weight" and "birds.fc8.bias": the file has the first only)");
  holds(refused(layer(fc8, Form::packed), {.ignore = {"fc8"}}), "does not fit the network: no layer is taken");
  holds(refused(layer(fc8, Form::packed), {.pixels = xs::PixelScaling::torchvision()}),
        "CaffeOptions: found other pixels than the file's, and no convolution on a picture of three channels, expected "
        "one whose weights are converted");
  const std::string one = block(7, blob({1}, values("fc8.bias", {1}), Form::packed));
  holds(refused(block(100, block(1, "fc8") + block(2, "InnerProduct") + one + one + one)),
        R"(layer "fc8" has 3 blobs, expected a weight and perhaps a bias)");
  holds(refused(block(100, block(1, "fc8") + block(2, "InnerProduct") + one + one + block(117, number(6, 1)))),
        R"(layer "fc8", blob 0: found a transposed weight [in, out], expected [out, in] ("birds.fc8.weight"))");
  const std::string norms = refused<Normed>(layer({"channels", "InnerProduct", {3}}, Form::packed) +
                                            layer({"pixels", "Convolution", {2, 2, 3}}, Form::packed));
  holds(norms, R"(layer "channels", blob 0: found a weight of type InnerProduct, expected one whose axes are known)");
  holds(norms, R"(layer "pixels", blob 0: found a weight of type Convolution, expected one of a layer that Caffe has)");
}

TEST_CASE("damaged files are refused by file, layer, found and expected") {
  const auto one = [](const std::string& blob) {
    return block(100, block(1, "conv1") + block(2, "Convolution") + block(7, blob));
  };
  const std::vector<float> two{1, 2};
  const auto message = [](const std::string& bytes) {
    const File file(bytes);
    const std::string text = error_of<xs::Error>([&] { xs::CaffeFile{file.path}; });
    holds(text, "file " + file.path + ": ");
    return text;
  };
  holds(message(""), "found 0 layers and no weights, expected a .caffemodel with some");
  holds(message("name: \"made\"\nlayer {"), "expected");
  holds(message(one(blob({3}, two, Form::packed))),
        R"(layer "conv1", blob 0: found 2 floats and 0 doubles, expected 3 of one kind for its shape [3])");
  holds(message(one(number(1, 2) + block(5, raw(1.0F)))), "found the extent 0 in its shape, expected at least 1");
  holds(message(one(block(7, block(1, varint(~std::uint64_t{0}))))), "found the extent -1 in its shape");
  holds(message(one(block(7, block(1, std::string(33, '\1'))))), "found a shape of 33 extents, expected at most 32");
  holds(message(one(block(5, "abc"))), "found damage, expected a blob");
  holds(message(one(blob({2}, two, Form::packed)) + one(blob({2}, two, Form::packed))),
        R"(layer "conv1": found two with weights, expected one of each name)");
  holds(message(block(2, block(1, block(1, "conv1")) + block(4, "conv1"))), "found the form of before 2014");
  holds(message(block(100, block(1, "conv1") + "\x7f")), R"(layer "conv1": found damage, expected a layer)");

  // Every prefix is refused or has fewer layers; no flipped byte crashes.
  const std::string whole = one(blob({2}, two, Form::packed)) + layer({"fc", "InnerProduct", {2, 3}}, Form::unpacked) +
                            layer({"old", "InnerProduct", {2, 3}}, Form::old);
  const File all(whole);
  REQUIRE(xs::CaffeFile(all.path).layers().size() == 3);
  CHECK(xs::CaffeFile(all.path).layers()[0].name == "old");          // older ones first
  const auto layers = [](const std::string& bytes) -> std::size_t {  // 0: refused
    const File file(bytes);
    try {
      return xs::CaffeFile(file.path).layers().size();
    } catch (const xs::Error&) {
      return 0;
    }
  };
  for (std::size_t length = 0; length < whole.size(); ++length) CHECK(layers(whole.substr(0, length)) < 3);
  for (std::size_t i = 0; i < whole.size(); ++i)
    for (const char flip : {'\x01', '\x10', '\x80', '\xff'}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      CHECK(layers(bytes) <= 3);
    }
}
