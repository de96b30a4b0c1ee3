// What fills a network: checkpoints, parameter files, ONNX and Caffe files; and a job's own texts. A refusal leaves the
// network as it was, what is accepted is finite.
#include "fuzz.hpp"

#include <xstitch/core/random.hpp>
#include <xstitch/io/protobuf_writer.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/onnx/load.hpp>
#include <xstitch/run/caffe_parameters.hpp>
#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/log.hpp>
#include <xstitch/train/sgd.hpp>

#include "../data/temporary_folder.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace fuzz {
namespace {

using Net = xs::OneTask<
    xs::Tower<"a", xs::Shape<3, 3, 1>, xs::Conv<"conv", 2, 2>, xs::Relu, xs::Linear<"fc", 2>, xs::SoftmaxCrossEntropy>>;
const xs::Sgd sgd{.learning_rate = 0.1F, .momentum = 0.9F};

std::vector<float> all_values(const xs::AnyNet& net) {
  std::vector<float> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all.insert(all.end(), net.parameter(i).begin(), net.parameter(i).end());
  return all;
}
std::string bytes_of(const std::string& path) {
  const xstitch_test::Bytes bytes = xstitch_test::read_bytes(path);
  return {bytes.begin(), bytes.end()};
}

/// A network that each input finds alike.
struct Filled {
  Net net{xs::seed(1)};
  xs::Training training{net, sgd};
  xs::TrainingIdentity identity;
  std::vector<float> values = all_values(net);
  Filled() {
    identity.network = net.signature();
    identity.optimizer = sgd.describe();
  }
  template <class Read>
  void run(std::uint64_t bytes, std::string_view name, const Read& read) {
    const bool taken = accepted(bytes, name, read);
    const std::vector<float> now = all_values(net);
    for (const float value : now) XSTITCH_FUZZ_REQUIRE(std::isfinite(value));
    XSTITCH_FUZZ_REQUIRE(taken || std::memcmp(now.data(), values.data(), now.size() * sizeof(float)) == 0);
    std::size_t at = 0;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      for (float& value : net.mutable_parameter(i)) value = values[at++];
  }
};
Filled& filled() {
  static Filled one;
  return one;
}

/// Byte 0: how the rest, a checkpoint, is read.
void run_checkpoint(Input input) {
  Dice dice(input);
  const std::uint32_t how = dice.below(4);
  put(file(), dice.rest());
  Filled& to = filled();
  to.run(input.size(), "", [&] {
    if (how < 2) {
      const xs::checkpoint::Found found =
          xs::checkpoint::read(file(), to.training, to.identity, {.total = 9, .finished = how == 1});
      XSTITCH_FUZZ_REQUIRE(found.state.step <= 9 && found.state.interval.size() == 1);
      for (std::size_t i = 0; i < to.net.parameters().size(); ++i)
        for (const float value : to.training.optimizer_state(0, i)) XSTITCH_FUZZ_REQUIRE(std::isfinite(value));
    } else if (how == 2) {
      xs::load(to.net, file());
    } else {
      (void)xs::initialise_from(to.net, file(), {{"a.", "a."}, {"", "a."}});
    }
  });
}
std::vector<std::string> seeds_of_checkpoint() {
  Filled to;
  xs::checkpoint::write(
      file(), to.training, to.identity,
      {.step = 3, .total = 9, .has_best = true, .best_score = 0.5, .best_step = 2, .interval = {{1.5, 4}}});
  std::vector<std::string> all;
  for (const char how : {'\0', '\1', '\2', '\3'}) all.push_back(how + bytes_of(file()));
  to.training.optimizer_state(0, 0)[0] = 0.25F;
  xs::checkpoint::write(file(), to.training, to.identity, {.step = 9, .total = 9, .interval = {{0, 0}}});
  all.push_back('\1' + bytes_of(file()));
  xs::save(to.net, file(), {{"note", "x"}});
  all.push_back('\2' + bytes_of(file()));
  return all;
}

/// The checksums of the file that begins at byte 1 set right, as far as it is one.
void mend(std::string& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < 9) return;
  std::memcpy(&length, bytes.data() + 1, 8);
  if (length > bytes.size() - 9) return;
  std::string header = bytes.substr(9, static_cast<std::size_t>(length));
  const std::string_view data = std::string_view(bytes).substr(9 + header.size());
  const std::size_t place = xs::checksums::place_in(header);
  if (place == std::string::npos) return;
  std::vector<std::array<std::uint64_t, 2>> ranges;
  try {
    const xs::Json parsed = xs::Json::parse(header, "header");
    for (const auto& [name, entry] : parsed.object())
      if (name != "__metadata__")
        ranges.push_back(
            {entry.at("data_offsets").array().at(0).whole(), entry.at("data_offsets").array().at(1).whole()});
  } catch (const std::exception&) {
    return;
  }
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::uint32_t> sums;
  for (const auto& [begin, end] : ranges) {
    if (begin > end || end > data.size()) return;
    sums.push_back(xs::crc32c(std::as_bytes(std::span(data.substr(begin, end - begin)))));
  }
  const std::string text = xs::checksums::text_of(sums);
  const std::size_t end = header.find('"', place);
  if (end == std::string::npos || end - place != text.size()) return;
  header.replace(place, text.size(), text);
  header.replace(place, xs::checksums::digits, xs::checksums::hexadecimal(xs::checksums::of_header(header, place)));
  bytes.replace(9, header.size(), header);
}
/// libFuzzer's change of one part of a text, which may become longer by `room`.
void change(std::string& text, std::size_t begin, std::size_t size, std::size_t room) {
  std::string part = text.substr(begin, size);
  const std::size_t old = part.size();
  part.resize(old + room);
  part.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), old, old + room));
  text.replace(begin, size, part);
}
/// Changes header, numbers in it, or data, and mostly sets length and checksums right.
void mutate_checkpoint(std::string& bytes, std::uint32_t seed, std::size_t most) {
  std::uint64_t length = 0;
  if (bytes.size() >= 9) std::memcpy(&length, bytes.data() + 1, 8);
  if (bytes.size() < 9 || length == 0 || length > bytes.size() - 9 || seed % 16 == 0) {
    const std::size_t size = bytes.size();
    bytes.resize(most);
    bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, most));
    return;
  }
  std::string header = bytes.substr(9, static_cast<std::size_t>(length)), data = bytes.substr(9 + header.size());
  const std::size_t room = most - std::min(most, bytes.size());
  const xs::RandomKey key{xs::seed(seed)};
  const auto below = [&](std::uint64_t k, std::size_t n) {
    return static_cast<std::size_t>(key.below(k, static_cast<std::uint32_t>(n)));
  };
  switch (below(0, 5)) {
    case 0: {
      const std::size_t begin = below(1, header.size()),
                        size = std::min<std::size_t>(header.size() - begin, 1 + below(2, 24));
      change(header, begin, size, std::min<std::size_t>(room, 8));
      break;
    }
    case 1:
    case 2: {  // a number becomes another
      std::vector<std::size_t> starts;
      const auto digit = [&](std::size_t i) { return header[i] >= '0' && header[i] <= '9'; };
      for (std::size_t i = 1; i < header.size(); ++i)
        if (digit(i) && !digit(i - 1) && header[i - 1] != '.') starts.push_back(i);
      if (starts.empty()) break;
      const std::size_t begin = starts[below(1, starts.size())], end = header.find_first_not_of("0123456789.e", begin);
      constexpr const char* others[] = {
          "0",   "1",  "2",    "8", "-1", "1e308", "1e999", "18446744073709551615", "4294967296", "9007199254740993",
          "0.5", "24", "null", "[]"};
      header.replace(begin, end - begin, others[below(2, std::size(others))]);
      break;
    }
    case 3: {  // a piece of the header twice
      const std::size_t begin = below(1, header.size()),
                        size = std::min<std::size_t>(below(2, 80), std::min(room, header.size() - begin));
      header.insert(begin, header.substr(begin, size));
      break;
    }
    default:
      if (data.empty()) break;
      change(data, below(1, data.size()), 4, below(2, 8) == 0 ? std::min<std::size_t>(room, 4) : 0);
  }
  length = header.size();
  std::string made(bytes.substr(0, 1));
  made.append(reinterpret_cast<const char*>(&length), 8);
  bytes = made + header + data;
  if (key.below(9, 16) != 0) mend(bytes);
}

void run_onnx(Input input) {
  put(file(), input);
  filled().run(input.size(), file(), [&] {
    const xs::OnnxFile found(file());
    for (const auto& [name, tensor] : found.tensors()) {
      std::uint64_t count = 1;
      for (const std::uint64_t extent : tensor.shape) count *= extent;
      XSTITCH_FUZZ_REQUIRE(!tensor.unread.empty() || tensor.values.size() == count);
    }
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
      for (const xs::CaffeBlob& blob : layer.blobs) {
        std::uint64_t count = 1;
        for (const std::uint64_t extent : blob.shape) count *= extent;
        XSTITCH_FUZZ_REQUIRE(count == blob.values.size());
      }
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

// --- A job's texts ---

struct Dots {
  [[nodiscard]] static std::size_t size() { return 4; }
  [[nodiscard]] static std::vector<xs::InputField> inputs() { return {{"input", {3, 3, 1}, false}}; }
  [[nodiscard]] static std::vector<xs::LabelField> labels() {
    return {{"a", {xs::LabelKind::class_index, {1, 1, 1}, {}, 2}}};
  }
  static void load(std::size_t index, xs::Sample& sample) {
    sample.inputs[0].assign(9, static_cast<float>(index));
    sample.labels[0].indices = {static_cast<std::int32_t>(index & 1U)};
  }
};
xs::TrainOptions two_steps() {
  xs::TrainOptions options;
  options.iterations = 2;
  options.batch = 2;
  options.threads = 1;
  options.loader_threads = 0;
  options.output = nullptr;
  options.checkpoint_every = 1;
  options.log_every = 1;
  return options;
}
void train_job(const std::string& folder, bool resume) {
  const Dots dots;
  Net net{xs::seed(1)};
  xs::TrainingJob job(folder, {.resume = resume});
  job.train("a", net, dots, sgd, two_steps());
}
/// Byte 0: whether the rest is job.json or log.jsonl of a finished job, which is resumed: whichever way, what is there
/// afterwards is the checkpoint of two steps.
void run_job(Input input) {
  Dice dice(input);
  const bool log = dice.one_of(2);
  static const std::string folder = file("job");
  static const std::array<std::string, 3> good = [] {
    train_job(folder, false);
    return std::array{bytes_of(folder + "/job.json"), bytes_of(folder + "/a/log.jsonl"),
                      bytes_of(folder + "/a/last.safetensors")};
  }();
  put(folder + "/job.json", good[0]);
  put(folder + "/a/log.jsonl", good[1]);
  put(folder + "/a/last.safetensors", good[2]);
  put(folder + (log ? "/a/log.jsonl" : "/job.json"), dice.rest());
  accepted(input.size() + good[0].size() + good[1].size() + good[2].size(), "", [&] {
    train_job(folder, true);
    Net net{xs::seed(2)};
    xs::load(net, folder + "/a/last.safetensors");
  });
  if (log) XSTITCH_FUZZ_REQUIRE(bytes_of(folder + "/a/last.safetensors") == good[2]);
}
std::vector<std::string> seeds_of_job() {
  train_job(file("seed"), false);
  return {'\0' + bytes_of(file("seed/job.json")), '\1' + bytes_of(file("seed/a/log.jsonl"))};
}

const Added all[] = {Added({"checkpoint", run_checkpoint, seeds_of_checkpoint, mutate_checkpoint}),
                     Added({"onnx", run_onnx, seeds_of_onnx}), Added({"caffe", run_caffe, seeds_of_caffe}),
                     Added({"job", run_job, seeds_of_job})};

}  // namespace
}  // namespace fuzz
