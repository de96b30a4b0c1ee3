// Several ranks as one training (run/reduction.hpp): threads with a network each, which add up in shared memory. The
// bits are those of one training that accumulates the slices.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <barrier>
#include <cmath>
#include <limits>
#include <thread>

#include "../train/toy.hpp"
#include "../weave/support.hpp"

namespace xs = xstitch;

namespace {

using Trunk = xs::Layers<xs::Conv<"conv", 8, 3, xs::Pad<1>>, xs::Tanh, xs::Seam<"one">, xs::Dropout<xs::Ratio{1, 4}>>;
using Pair = xs::CrossStitch<
    xs::Tower<"a", xs::Shape<4, 4, 2>, Trunk, xs::Conv<"out", 3, 1>, xs::SoftmaxCrossEntropy>,
    xs::Tower<"b", xs::Shape<4, 4, 2>, Trunk, xs::Linear<"fc", 20>, xs::Tanh, xs::Linear<"out", 2>, xs::L2>>;
using Normed = xs::OneTask<
    xs::Tower<"a", xs::Shape<4>, xs::Linear<"l", 6>, xs::BatchNorm<"norm">, xs::Tanh, xs::Linear<"out", 2>, xs::L2>>;

/// What the ranks share.
struct Shared {
  explicit Shared(std::size_t count) : arrived(static_cast<std::ptrdiff_t>(count)), values(count), gradients(count) {}
  std::barrier<> arrived;
  std::vector<std::vector<double>> values;               ///< [rank]
  std::vector<std::vector<std::span<float>>> gradients;  ///< [rank][in the order of start()]
};

class OverThreads : public xs::Reduction {
 public:
  OverThreads(Shared& shared, std::size_t rank, bool factors) : shared_(shared), rank_(rank), factors_(factors) {}

  std::vector<std::size_t> order;  ///< of start()
  std::size_t factors_taken = 0;

  [[nodiscard]] std::size_t ranks() const override { return shared_.values.size(); }
  void sum(std::span<double> values) override {
    shared_.values[rank_].assign(values.begin(), values.end());
    shared_.arrived.arrive_and_wait();
    std::fill(values.begin(), values.end(), 0.0);
    for (const std::vector<double>& of_rank : shared_.values)
      for (std::size_t i = 0; i < values.size(); ++i) values[i] += of_rank[i];
    shared_.arrived.arrive_and_wait();
  }
  void start(std::size_t slot, std::span<float> gradient) override {
    order.push_back(slot);
    shared_.gradients[rank_].push_back(gradient);
  }
  bool take_factors(std::size_t, const xs::GradientFactors& f, std::span<float> gradient) override {
    if (!factors_) return false;
    ++factors_taken;  // a reduction would send them; here each rank makes its own product, sample by sample
    for (std::size_t i = 0; i < f.inputs; ++i)
      for (std::size_t o = 0; o < f.outputs; ++o) {
        float sum = 0.0F;
        for (std::size_t n = 0; n < f.rows; ++n)
          sum = std::fma(f.input[n * f.inputs + i], f.output_gradient[n * f.outputs + o], sum);
        gradient[i * f.outputs + o] = sum;
      }
    return true;
  }
  void finish() override {
    shared_.arrived.arrive_and_wait();
    std::vector<std::vector<float>> sums;
    for (std::size_t k = 0; k < shared_.gradients[0].size(); ++k) {
      sums.emplace_back(shared_.gradients[0][k].begin(), shared_.gradients[0][k].end());
      for (std::size_t rank = 1; rank < ranks(); ++rank)
        for (std::size_t e = 0; e < sums[k].size(); ++e) sums[k][e] += shared_.gradients[rank][k][e];
    }
    shared_.arrived.arrive_and_wait();  // all have read
    for (std::size_t k = 0; k < sums.size(); ++k) std::ranges::copy(sums[k], shared_.gradients[rank_][k].begin());
    shared_.gradients[rank_].clear();
    shared_.arrived.arrive_and_wait();
  }

 private:
  Shared& shared_;
  std::size_t rank_;
  bool factors_;
};

/// Slice `rank` of `ranks` of a batch, as a batch.
xs::Batch part_of(const xs::AnyNet& net, const xs::Batch& batch, std::size_t rank, std::size_t ranks) {
  xs::Slices slices;
  const xs::Slice slice = slices.cut(net.layout(), batch, rank, ranks);
  xs::Batch part;
  part.size = slice.size;
  part.first_position = slice.position;
  part.shared_input = batch.shared_input;
  for (std::size_t s = 0; s < batch.inputs.size(); ++s) {
    const std::size_t size = net.inputs()[s].shape.size();
    const auto from = batch.inputs[s].begin() + static_cast<std::ptrdiff_t>(slice.begin * size);
    part.inputs.emplace_back();
    if (!batch.inputs[s].empty())
      part.inputs.back().assign(from, from + static_cast<std::ptrdiff_t>(slice.size * size));
  }
  part.labels.assign(slice.labels.begin(), slice.labels.end());
  return part;
}

struct Outcome {
  std::vector<float> parameters;
  std::vector<std::size_t> order;
  std::size_t factors_taken = 0;
  xs::StepResult result;  ///< of the last step
};

/// Three steps on `ranks` threads; every rank's outcome.
template <class Net, class Optimizer>
std::vector<Outcome> train(std::size_t ranks, const Optimizer& optimizer, const xs::StepOptions& options,
                           std::span<const xs::Batch> batches, bool factors = false, const xs::LossBalance& rule = {}) {
  Shared shared(ranks);
  std::vector<Outcome> outcomes(ranks);
  const auto work = [&](std::size_t rank) {
    Net net{xs::seed(5)};
    xs::ThreadPool threads(1);
    xs::Training training(net, optimizer);
    const auto reduction = std::make_shared<OverThreads>(shared, rank, factors);
    training.set_reduction(reduction);
    training.set_balance(rule);
    for (std::size_t k = 0; k < batches.size(); ++k) {
      xs::StepOptions mine = options;
      mine.step = k;
      outcomes[rank].result = training.step(part_of(net, batches[k], rank, ranks), mine, threads);
    }
    outcomes[rank].parameters = support::all_parameters(net);
    outcomes[rank].order = reduction->order;
    outcomes[rank].factors_taken = reduction->factors_taken;
  };
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank < ranks; ++rank) threads.emplace_back(work, rank);
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

template <class Net>
std::vector<xs::Batch> batches_for() {
  Net net{xs::seed(5)};
  std::vector<xs::Batch> batches;
  for (std::uint64_t k = 0; k < 3; ++k) {
    batches.push_back(support::random_batch(net, 8, k));
    for (std::size_t n = 0; n < 8; ++n) batches[k].labels[0].present[n] = (n + k) % 3 == 0 ? 0 : 1;
  }
  return batches;
}

/// One training that accumulates k slices.
template <class Net, class Optimizer>
std::pair<std::vector<float>, double> accumulated(std::size_t k, const Optimizer& optimizer, xs::StepOptions options,
                                                  std::span<const xs::Batch> batches,
                                                  const xs::LossBalance& rule = {}) {
  Net net{xs::seed(5)};
  xs::ThreadPool threads(2);
  xs::Training training(net, optimizer);
  training.set_balance(rule);
  double total = 0.0;
  options.accumulate = k;
  options.store_gradients = true;
  for (std::size_t s = 0; s < batches.size(); ++s) {
    options.step = s;
    total = training.step(batches[s], options, threads).total;
  }
  return {support::all_parameters(net), total};
}

}  // namespace

TEST_CASE("1, 2 and 4 ranks have the bits of one training with as many slices: missing labels, dropout, clipping") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  for (const std::size_t ranks : {1U, 2U, 4U}) {
    const auto [parameters, total] =
        accumulated<Pair>(ranks, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F}, {}, batches);
    for (const Outcome& rank : train<Pair>(ranks, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F}, {}, batches)) {
      CHECK(support::same_bits(rank.parameters, parameters));
      CHECK(rank.result.total == doctest::Approx(total).epsilon(1e-12));
    }
    const xs::StepOptions clipped{.clip_norm = 0.01F};
    const auto expected = accumulated<Pair>(ranks, xs::Adam{.learning_rate = 0.01F}, clipped, batches);
    for (const Outcome& rank : train<Pair>(ranks, xs::Adam{.learning_rate = 0.01F}, clipped, batches))
      CHECK(support::same_bits(rank.parameters, expected.first));
  }
}

TEST_CASE("rules that weigh the heads act on the sums over ranks: the bits of one training with as many slices") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F};
  for (const xs::LossBalance& rule : std::initializer_list<xs::LossBalance>{
           xs::Uncertainty{}, xs::DynamicWeightAverage{.period = 1}, xs::GradNorm{}, xs::PcGrad{}, xs::Famo{}}) {
    CAPTURE(rule.describe());
    for (const std::size_t ranks : {1U, 2U, 4U}) {
      const auto [parameters, total] = accumulated<Pair>(ranks, sgd, {}, batches, rule);
      for (const Outcome& rank : train<Pair>(ranks, sgd, {}, batches, false, rule)) {
        CHECK(support::same_bits(rank.parameters, parameters));
        CHECK(rank.result.total == doctest::Approx(total).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("a gradient is handed over once, when it is complete, in backward order; slices of a rank are added first") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  const auto ranks = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {.accumulate = 2}, batches);
  const Pair net{xs::seed(5)};
  const std::size_t parameters = net.parameters().size();
  REQUIRE(ranks[0].order.size() == parameters * batches.size());
  CHECK(ranks[0].order == ranks[1].order);
  CHECK(support::same_bits(ranks[0].parameters, ranks[1].parameters));
  CHECK(net.parameters()[ranks[0].order.front()].name == "b.out.weight");
  CHECK(net.parameters()[ranks[0].order[parameters - 1]].name == "a.conv.bias");
  std::vector<std::size_t> first(ranks[0].order.begin(),
                                 ranks[0].order.begin() + static_cast<std::ptrdiff_t>(parameters));
  std::ranges::sort(first);
  for (std::size_t i = 0; i < parameters; ++i) CHECK(first[i] == i);
}

TEST_CASE("a reduction may take factors in place of a gradient, not where slices are stored already") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  const auto whole = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {}, batches);
  const auto taken = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {}, batches, true);
  const auto sliced = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {.accumulate = 2}, batches, true);
  CHECK(whole[0].factors_taken == 0);
  CHECK(taken[0].factors_taken == 2 * batches.size());  // b.fc and b.out
  CHECK(sliced[0].factors_taken == 0);
  CHECK(support::same_bits(taken[0].parameters, taken[1].parameters));
  REQUIRE(whole[0].parameters.size() == taken[0].parameters.size());
  for (std::size_t i = 0; i < whole[0].parameters.size(); ++i)
    CHECK(taken[0].parameters[i] == doctest::Approx(whole[0].parameters[i]).epsilon(1e-4));
}

TEST_CASE("running statistics are the mean of the ranks', and the same on all") {
  const std::vector<xs::Batch> batches = batches_for<Normed>();
  const std::span<const xs::Batch> one = std::span(batches).first(1);
  const auto ranks = train<Normed>(2, xs::Sgd{.learning_rate = 0.05F}, {}, one);
  CHECK(support::same_bits(ranks[0].parameters, ranks[1].parameters));
  // What each rank alone would have made of them.
  std::vector<std::vector<float>> alone;
  for (const std::size_t rank : {0U, 1U}) {
    Normed net{xs::seed(5)};
    xs::ThreadPool threads(1);
    xs::Training(net, xs::Sgd{.learning_rate = 0.0F}).step(part_of(net, one[0], rank, 2), threads);
    const auto m = net.parameter(net.find_parameter("a.norm.running_mean"));
    alone.emplace_back(m.begin(), m.end());
  }
  Normed net{xs::seed(5)};
  std::size_t at = 0;
  for (std::size_t i = 0; i < net.find_parameter("a.norm.running_mean"); ++i) at += net.parameter(i).size();
  for (std::size_t c = 0; c < alone[0].size(); ++c)
    CHECK(ranks[0].parameters[at + c] == doctest::Approx(0.5F * (alone[0][c] + alone[1][c])).epsilon(1e-6));
  CHECK(alone[0] != alone[1]);
}

TEST_CASE("what is not finite on one rank is refused by all, and changes nothing on any") {
  std::vector<xs::Batch> batches = batches_for<Pair>();
  batches.resize(1);
  Pair net{xs::seed(5)};
  batches[0].inputs[0][batches[0].inputs[0].size() - 1] = std::numeric_limits<float>::quiet_NaN();  // of the last rank
  const auto ranks = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {}, batches);
  for (const Outcome& rank : ranks) {
    CHECK_FALSE(rank.result.finite);
    CHECK(support::same_bits(rank.parameters, support::all_parameters(net)));
  }
  CHECK(ranks[0].result.location == "the slice of another rank");
  CHECK(ranks[1].result.location == "input of tower 'a'");

  std::vector<xs::Batch> normed = batches_for<Normed>();
  normed.resize(1);
  for (std::size_t i = 16; i < 32; ++i) normed[0].inputs[0][i] = 1e25F;  // statistics overflow
  normed[0].inputs[0][16] = -1e25F;
  for (const Outcome& rank : train<Normed>(2, xs::Sgd{.learning_rate = 0.05F}, {}, normed))
    CHECK_FALSE(rank.result.finite);
}
