// A job's own texts.
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/log.hpp>
#include <xstitch/train/sgd.hpp>

#include <array>

#include "filled.hpp"

namespace fuzz {
namespace {

const xs::Sgd sgd{.learning_rate = 0.1F, .momentum = 0.9F};

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

const Added all[] = {Added({"job", run_job, seeds_of_job})};

}  // namespace
}  // namespace fuzz
