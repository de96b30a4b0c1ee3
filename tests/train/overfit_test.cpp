// Every kind of network learns a small batch by heart: losses near zero.
#include "toy.hpp"

#include <xstitch/layers/linear.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

using namespace toy;

namespace {

using Input = xs::Shape<6, 6, 1>;
using Trunk =
    xs::Layers<xs::Linear<"fc1", 24>, xs::Relu, xs::Seam<"one">, xs::Linear<"fc2", 16>, xs::Relu, xs::Seam<"two">>;
using TowerA = xs::Tower<"a", Input, Trunk, xs::Linear<"fc3", 3>, xs::SoftmaxCrossEntropy>;
using TowerB = xs::Tower<"b", Input, Trunk, xs::Linear<"fc3", 2>, xs::SoftmaxCrossEntropy>;
using TwoHeads = xs::Tower<"both", Input, Trunk, xs::Head<"a", xs::Linear<"fc3", 3>, xs::SoftmaxCrossEntropy>,
                           xs::Head<"b", xs::Linear<"fc4", 2>, xs::SoftmaxCrossEntropy>>;
/// Shares only one seam with the others, and is stitched as a third there.
using TowerC = xs::Tower<"c", Input, xs::Linear<"wide", 40>, xs::Relu, xs::Linear<"narrow", 16>, xs::Seam<"two">,
                         xs::Linear<"fc3", 3>, xs::SoftmaxCrossEntropy>;

/// The stripes under the names that each network asks for.
struct Renamed {
  Stripes stripes{.count = 9};
  std::vector<std::string> names;
  std::vector<std::size_t> from;  ///< label of the stripes

  [[nodiscard]] std::size_t size() const { return stripes.count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return stripes.inputs(); }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    std::vector<xs::LabelField> fields;
    for (std::size_t i = 0; i < names.size(); ++i) fields.push_back({names[i], stripes.labels()[from[i]].spec});
    return fields;
  }
  void load(std::size_t index, xs::Sample& sample) const {
    xs::Sample plain;
    plain.inputs.resize(1);
    plain.labels.resize(2);
    stripes.load(index, plain);
    sample.inputs = plain.inputs;
    for (std::size_t i = 0; i < names.size(); ++i) sample.labels[i] = plain.labels[from[i]];
  }
};

template <class Net>
void overfit(const Renamed& data) {
  Net net{xs::seed(5)};
  const std::vector<float> start = values(net);
  xs::TrainOptions options;
  options.iterations = 300;
  options.batch = 9;
  options.threads = 2;
  options.output = nullptr;
  options.log_every = 100;
  const xs::TrainResult result =
      xs::train(net, data, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 10.0F}, options);
  CHECK(result.finished());
  for (const double loss : result.history.back().losses) CHECK(loss < 0.01);
  const xs::Evaluation evaluation = xs::evaluate(net, data, {.threads = 1});
  for (const xs::Evaluation::Row& row : evaluation.rows) {
    CHECK(row.loss < 0.01);
    CHECK(row.values[row.main].value == 100.0);
  }
  const std::vector<float> end = values(net);
  std::size_t at = 0;
  for (const xs::ParameterSlot& slot : net.parameters()) {  // no parameter was left behind
    CAPTURE(slot.name);
    CHECK_FALSE(std::equal(start.begin() + static_cast<std::ptrdiff_t>(at),
                           start.begin() + static_cast<std::ptrdiff_t>(at + slot.count),
                           end.begin() + static_cast<std::ptrdiff_t>(at)));
    at += slot.count;
  }
}

}  // namespace

TEST_CASE("OneTask") { overfit<xs::OneTask<TowerA>>({.names = {"a"}, .from = {0}}); }
TEST_CASE("OneTask of two heads") { overfit<xs::OneTask<TwoHeads>>({.names = {"both.a", "both.b"}, .from = {0, 1}}); }
TEST_CASE("Ensemble") { overfit<xs::Ensemble<2, TowerA, TowerB>>({.names = {"a", "b"}, .from = {0, 1}}); }
TEST_CASE("Split") { overfit<xs::Split<"fc2", TowerA, TowerB>>({.names = {"a", "b"}, .from = {0, 1}}); }
TEST_CASE("Shared") { overfit<xs::Shared<TowerA, TowerB>>({.names = {"a", "b"}, .from = {0, 1}}); }
TEST_CASE("CrossStitch of two") { overfit<xs::CrossStitch<TowerA, TowerB>>({.names = {"a", "b"}, .from = {0, 1}}); }
TEST_CASE("CrossStitch of three unequal towers, per layer") {
  overfit<xs::CrossStitch<xs::PerLayer, TowerA, TowerB, TowerC>>({.names = {"a", "b", "c"}, .from = {0, 1, 0}});
}
