// A training that does not resume starts from fresh optimizer state, whatever was trained before on the same network.
#include "toy.hpp"

#include <xstitch/layers/linear.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <memory>

using namespace toy;

namespace {

/// x = 1, target 1000, for a network of one weight that is 0 at first.
struct Far {
  [[nodiscard]] std::size_t size() const { return 1; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {1, 1, 1}, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const { return {{"a", {xs::LabelKind::real, {1, 1, 1}, {}, 0}}}; }
  void load(std::size_t, xs::Sample& sample) const {
    sample.inputs[0] = {1.0F};
    sample.labels[0].values = {1000.0F};
  }
};

using Absolute = xs::OneTask<xs::Tower<"a", xs::Shape<1>, xs::Linear<"l", 1, xs::ZeroInitializer>, xs::L1>>;
using Square = xs::OneTask<xs::Tower<"a", xs::Shape<1>, xs::Linear<"l", 1, xs::ZeroInitializer>, xs::L2>>;

const xs::Adam still{.learning_rate = 0};
const xs::Sgd sgd{.learning_rate = .01F, .momentum = .9F};

void train(xs::AnyNet& net, const xs::OptimizerRef& optimizer, std::uint64_t iterations) {
  xs::TrainOptions options;
  options.iterations = iterations;
  options.threads = 1;
  options.output = nullptr;
  CHECK(xs::train(net, Far{}, optimizer, options).finished());
}

}  // namespace

TEST_CASE("momentum does not begin with another optimizer's moments") {
  Absolute used{xs::seed(1)}, fresh{xs::seed(1)};
  train(used, still, 50);
  CHECK(used.parameter(used.find_parameter("a.l.weight"))[0] == 0.0F);
  train(used, sgd, 1);
  train(fresh, sgd, 1);
  CHECK(used.parameter(used.find_parameter("a.l.weight"))[0] == 0.01F);
  CHECK(same_bits(used, fresh));
}

TEST_CASE("moments do not begin with another training's momentum, nor with an earlier one of the same optimizer") {
  const xs::AdamW adam{.learning_rate = 0.1F};
  Square used{xs::seed(1)}, fresh{xs::seed(1)};
  const std::vector<float> zero = values(used);
  train(used, xs::Sgd{.learning_rate = 0.001F, .momentum = 0.5F}, 7);
  train(used, adam, 5);
  CHECK_FALSE(same_bits(values(used), zero));
  for (std::size_t i = 0; i < used.parameters().size(); ++i) used.mutable_parameter(i)[0] = 0.0F;
  train(used, adam, 5);
  train(fresh, adam, 5);
  CHECK(same_bits(used, fresh));
}

TEST_CASE("after load() of another network") {
  const Folder folder("load");
  Absolute used{xs::seed(1)}, other{xs::seed(2)}, fresh{xs::seed(3)};
  other.mutable_parameter(0)[0] = 3.0F;
  xs::save(other, folder.path / "other");
  train(used, still, 50);
  xs::load(used, folder.path / "other");
  xs::load(fresh, folder.path / "other");
  train(used, sgd, 2);
  train(fresh, sgd, 2);
  CHECK(same_bits(used, fresh));
}

TEST_CASE("a checkpoint holds the arrays of its own optimizer alone") {
  const Folder first("arrays_first"), second("arrays_second");
  const Stripes data;
  OneTaskA used{xs::seed(1)}, fresh{xs::seed(1)};
  const std::vector<float> start = values(used);
  xs::TrainOptions options{.iterations = 3, .batch = 5, .threads = 1, .output = nullptr};
  xs::train(used, data, xs::Adam{}, options);
  std::size_t at = 0;
  for (std::size_t i = 0; i < used.parameters().size(); ++i)
    for (float& value : used.mutable_parameter(i)) value = start[at++];
  options.checkpoint_directory = first.path;
  xs::train(used, data, sgd, options);
  options.checkpoint_directory = second.path;
  xs::train(fresh, data, sgd, options);
  CHECK(xs::read_file(first.path / "last.safetensors") == xs::read_file(second.path / "last.safetensors"));
}

namespace {

/// Two stages on one network; between them the process may end.
std::vector<float> two_stages(const std::filesystem::path& folder, bool end_between) {
  const Stripes data;
  xs::TrainOptions options{.iterations = 6, .batch = 5, .threads = 1, .output = nullptr};
  auto net = std::make_unique<Pair>(xs::seed(1));
  // Jobs that are compared byte by byte have one identity, which is drawn at random otherwise.
  xs::write_file_atomically(folder / "job.json", R"({"version": 2, "job": "the same for both", "stages": []})");
  auto job = std::make_unique<xs::TrainingJob>(folder, xs::JobOptions{.resume = true});
  job->train("first", *net, data, xs::Adam{}, options);
  if (end_between) {
    job.reset();
    net = std::make_unique<Pair>(xs::seed(1));
    job = std::make_unique<xs::TrainingJob>(folder, xs::JobOptions{.resume = true});
    CHECK(job->train("first", *net, data, xs::Adam{}, options).message.find("finished before") != std::string::npos);
  }
  job->train("second", *net, data, sgd, options);
  CHECK(job->complete());
  return values(*net);
}

}  // namespace

TEST_CASE("a job of two stages on one network: resumed between them, the same bits") {
  const Folder whole("stages_whole"), cut("stages_cut");
  CHECK(same_bits(two_stages(whole.path, false), two_stages(cut.path, true)));
  CHECK(xs::read_file(whole.path / "second" / "last.safetensors") ==
        xs::read_file(cut.path / "second" / "last.safetensors"));
}
