// Several ranks as one training (run/reduction.hpp): threads with a network each. The bits are those of one training
// that accumulates the slices, whatever the number of ranks.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/describe_ranks.hpp>
#include <xstitch/run/ordered_reduction.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/balance/dynamic_weight_average.hpp>
#include <xstitch/train/balance/famo.hpp>
#include <xstitch/train/balance/grad_norm.hpp>
#include <xstitch/train/balance/pc_grad.hpp>
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/weave/structures/residual.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "thread_ranks.hpp"

namespace xs = xstitch;

namespace {

using Trunk = xs::Layers<xs::Conv<"conv", 8, 3, xs::Pad<1>>, xs::Tanh, xs::Seam<"one">, xs::Dropout<xs::Ratio{1, 4}>>;
using Pair = xs::CrossStitch<
    xs::Tower<"a", xs::Shape<4, 4, 2>, Trunk, xs::Conv<"out", 3, 1>, xs::SoftmaxCrossEntropy>,
    xs::Tower<"b", xs::Shape<4, 4, 2>, Trunk, xs::Linear<"fc", 20>, xs::Tanh, xs::Linear<"out", 2>, xs::L2>>;
using Normed = xs::OneTask<
    xs::Tower<"a", xs::Shape<4>, xs::Linear<"l", 6>, xs::BatchNorm<"norm">, xs::Tanh, xs::Linear<"out", 2>, xs::L2>>;

/// Statistics in two places of a tower and with a fused activation, and parameters of more than one chunk.
using Deep = xs::OneTask<
    xs::Tower<"a", xs::Shape<6, 6, 2>, xs::Conv<"conv", 8, 3>, xs::BatchNorm<"norm1">, xs::Relu,
              xs::Residual<xs::Conv<"same", 8, 3, xs::Pad<1>>, xs::BatchNorm<"norm2">>, xs::Relu, xs::Linear<"fc", 200>,
              xs::BatchNorm<"norm3">, xs::Tanh, xs::Linear<"out", 3>, xs::SoftmaxCrossEntropy>>;

/// A reduction that notes what it is given.
class Noting : public xs::OrderedReduction {
 public:
  using xs::OrderedReduction::OrderedReduction;

  std::vector<std::size_t> order;  ///< of start()
  std::size_t factors_taken = 0;

  void start(std::size_t slot, std::span<float> gradient) override {
    order.push_back(slot);
    xs::OrderedReduction::start(slot, gradient);
  }
  bool take_factors(std::size_t slot, const xs::GradientFactors& factors, std::span<float> gradient) override {
    const bool taken = xs::OrderedReduction::take_factors(slot, factors, gradient);
    factors_taken += taken ? 1 : 0;
    return taken;
  }
};

/// What a rank has of a batch, as a batch.
xs::Batch part_of(const xs::AnyNet& net, const xs::Batch& batch, const xs::Share& share) {
  xs::Batch part;
  part.size = share.size(batch.size);
  part.shared_input = batch.shared_input;
  part.inputs.resize(batch.inputs.size());
  part.labels.resize(batch.labels.size());
  const auto append = [](const auto& from, auto& to, const xs::Share::Range& range, std::size_t size) {
    if (from.empty()) return;
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(range.begin * size);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(range.size * size));
  };
  for (std::size_t k = 0; k < share.rounds(batch.size); ++k) {
    const xs::Share::Range range = share.range(batch.size, k);
    for (std::size_t s = 0; s < batch.inputs.size(); ++s)
      append(batch.inputs[s], part.inputs[s], range, net.inputs()[s].shape.size());
    for (std::size_t h = 0; h < batch.labels.size(); ++h) {
      const xs::LabelSpec& spec = net.heads()[h].label;
      const auto rows = static_cast<std::size_t>(spec.rows);
      append(batch.labels[h].indices, part.labels[h].indices, range, rows * spec.shape.size());
      append(batch.labels[h].values, part.labels[h].values, range, rows * spec.shape.size());
      append(batch.labels[h].mask, part.labels[h].mask, range, rows * spec.mask.size());
      append(batch.labels[h].present, part.labels[h].present, range, 1);
      part.labels[h].rows = batch.labels[h].rows;
    }
  }
  return part;
}

struct Outcome {
  std::vector<float> parameters;
  std::vector<std::size_t> order;
  std::size_t factors_taken = 0;
  xs::StepResult result;  ///< of the last step
  std::size_t optimizer_bytes = 0;
  std::string gradient_error;  ///< of Training::gradient(0)
  std::string state_error;     ///< of Training::optimizer_state(0, 0)
};

/// Small buckets, so that there are several and parameters are split.
constexpr xs::ReductionOptions small{.factors = false, .first_bucket = 64, .bucket = 400};

/// A step a batch on `ranks` threads; every rank's outcome.
template <class Net, class Optimizer>
std::vector<Outcome> train(std::size_t ranks, const Optimizer& optimizer, const xs::StepOptions& options,
                           std::span<const xs::Batch> batches, const xs::ReductionOptions& reducing = small,
                           const xs::LossBalance& rule = {}) {
  std::vector<Outcome> outcomes(ranks);
  const auto work = [&](const std::shared_ptr<xs::Ranks>& own) {
    Net net{xs::seed(5)};
    xs::ThreadPool threads(1);
    xs::Training training(net, optimizer);
    const auto reduction = std::make_shared<Noting>(own, net, batches[0].size, reducing);
    training.set_reduction(reduction);
    training.set_balance(rule);
    Outcome& outcome = outcomes[own->rank()];
    for (std::size_t k = 0; k < batches.size(); ++k) {
      xs::StepOptions mine = options;
      mine.step = k;
      mine.accumulate = std::min(std::max(options.accumulate, ranks), batches[k].size);
      outcome.result = training.step(part_of(net, batches[k], {own->rank(), ranks, mine.accumulate}), mine, threads);
    }
    outcome.parameters = support::all_parameters(net);
    outcome.order = reduction->order;
    outcome.factors_taken = reduction->factors_taken;
    outcome.optimizer_bytes = training.optimizer_bytes();
    outcome.gradient_error = toy::error_of([&] { (void)training.gradient(0); });
    outcome.state_error = toy::error_of([&] { (void)training.optimizer_state(0, 0); });
  };
  support::on_ranks(ranks, work, ranks != 4);  // of four, the first thread sends
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
  options.store_gradients = true;
  for (std::size_t s = 0; s < batches.size(); ++s) {
    options.step = s;
    options.accumulate = std::min(k, batches[s].size);
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
      for (const Outcome& rank : train<Pair>(ranks, sgd, {}, batches, small, rule)) {
        CHECK(support::same_bits(rank.parameters, parameters));
        CHECK(rank.result.total == doctest::Approx(total).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("1, 2, 3, 4 and 8 ranks have the same bits with the same slices, also where some ranks have none") {
  std::vector<xs::Batch> batches = batches_for<Pair>();
  batches.push_back(support::random_batch(Pair{xs::seed(5)}, 3, 9));  // the last of an epoch
  const xs::StepOptions eight{.accumulate = 8};
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F};
  const auto [parameters, total] = accumulated<Pair>(8, sgd, {}, batches);
  for (const std::size_t ranks : {1U, 2U, 3U, 4U, 8U}) {
    CAPTURE(ranks);
    for (const Outcome& rank : train<Pair>(ranks, sgd, eight, batches)) {
      CHECK(support::same_bits(rank.parameters, parameters));
      CHECK(rank.result.total == total);
    }
  }
  // With factors, too; rules that compare gradients; rounded to bf16 all ranks have equal bits, but others.
  const xs::ReductionOptions factors{.first_bucket = 64, .bucket = 400};
  const std::vector<float> with_factors = train<Pair>(1, sgd, eight, batches, factors)[0].parameters;
  const auto [balanced, balanced_total] = accumulated<Pair>(8, sgd, {}, batches, xs::GradNorm{});
  for (const std::size_t ranks : {2U, 8U}) {
    for (const Outcome& rank : train<Pair>(ranks, sgd, eight, batches, factors)) {
      CHECK(support::same_bits(rank.parameters, with_factors));
      CHECK(rank.factors_taken > 0);
    }
    for (const Outcome& rank : train<Pair>(ranks, sgd, eight, batches, small, xs::GradNorm{}))
      CHECK(support::same_bits(rank.parameters, balanced));
  }
  const std::span<const xs::Batch> one = std::span<const xs::Batch>(batches).first(1);
  const std::vector<float> before = support::all_parameters(Pair{xs::seed(5)});
  const std::vector<float> exact = train<Pair>(1, sgd, eight, one)[0].parameters;
  const auto rounded = train<Pair>(4, sgd, eight, one, {.factors = false, .bf16 = true, .bucket = 400});
  for (const Outcome& rank : rounded) CHECK(support::same_bits(rank.parameters, rounded[0].parameters));
  CHECK_FALSE(support::same_bits(rounded[0].parameters, exact));
  float most = 0.0F;
  for (std::size_t i = 0; i < exact.size(); ++i) most = std::max(most, std::abs(exact[i] - before[i]));
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(std::abs(rounded[0].parameters[i] - exact[i]) < 0.01F * most);
}

TEST_CASE("a gradient is handed over once a round, when it is complete, in backward order") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  const auto ranks = train<Pair>(2, xs::Sgd{.learning_rate = 0.05F}, {.accumulate = 4}, batches);
  const Pair net{xs::seed(5)};
  const std::size_t parameters = net.parameters().size();
  REQUIRE(ranks[0].order.size() == parameters * batches.size() * 2);
  CHECK(ranks[0].order == ranks[1].order);
  CHECK(support::same_bits(ranks[0].parameters, ranks[1].parameters));
  CHECK(net.parameters()[ranks[0].order.front()].name == "b.out.weight");
  CHECK(net.parameters()[ranks[0].order[parameters - 1]].name == "a.conv.bias");
  std::vector<std::size_t> first(ranks[0].order.begin(),
                                 ranks[0].order.begin() + static_cast<std::ptrdiff_t>(parameters));
  std::ranges::sort(first);
  for (std::size_t i = 0; i < parameters; ++i) CHECK(first[i] == i);
}

TEST_CASE("factors in place of a gradient, where they are smaller: the product is that of one process") {
  const std::vector<xs::Batch> batches = batches_for<Pair>();
  const xs::Sgd sgd{.learning_rate = 0.05F};
  const auto whole = train<Pair>(2, sgd, {}, batches);
  const auto taken = train<Pair>(2, sgd, {}, batches, {});
  CHECK(whole[0].factors_taken == 0);
  CHECK(taken[0].factors_taken == batches.size());  // b.fc: 8 x (128 + 20) against 128 x 20; not b.out
  CHECK(support::same_bits(taken[0].parameters, taken[1].parameters));
  REQUIRE(whole[0].parameters.size() == taken[0].parameters.size());
  for (std::size_t i = 0; i < whole[0].parameters.size(); ++i)
    CHECK(taken[0].parameters[i] == doctest::Approx(whole[0].parameters[i]).epsilon(1e-4));

  // dW of a step is that of the whole batch at once: fc's input hangs on no sum over samples before the first step.
  const std::span<const xs::Batch> one = std::span(batches).first(1);
  const auto at_once = accumulated<Pair>(1, sgd, {}, one);
  const auto shared = train<Pair>(4, sgd, {}, one, {});
  const Pair net{xs::seed(5)};
  std::size_t at = 0;
  const std::size_t fc = net.find_parameter("b.fc.weight");
  for (std::size_t i = 0; i < fc; ++i) at += net.parameter(i).size();
  for (std::size_t i = at; i < at + net.parameter(fc).size(); ++i) REQUIRE(shared[3].parameters[i] == at_once.first[i]);
}

TEST_CASE("the optimizer's state shared out: the same bits, and each rank has its part of it") {
  std::vector<xs::Batch> batches = batches_for<Deep>();
  batches.push_back(support::random_batch(Deep{xs::seed(5)}, 3, 9));  // of four ranks one has no slice
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 0.01F};
  const xs::Adam adam{.learning_rate = 0.01F};
  const auto compare = [&](std::size_t ranks, const auto& optimizer, const xs::StepOptions& options,
                           xs::ReductionOptions reducing) {
    CAPTURE(ranks);
    const std::vector<float> expected = train<Deep>(ranks, optimizer, options, batches, reducing)[0].parameters;
    reducing.share_state = true;
    const auto outcomes = train<Deep>(ranks, optimizer, options, batches, reducing);
    for (const Outcome& rank : outcomes) CHECK(support::same_bits(rank.parameters, expected));
    return outcomes;
  };
  for (const std::size_t ranks : {1U, 2U, 3U, 4U}) {
    const auto outcomes = compare(ranks, sgd, {}, small);
    const xs::RankMemory shared{.ranks = ranks, .batch = 8, .share_state = true};
    const xs::RankBytes told = xs::rank_bytes(Deep::program_of_type, 1, shared);
    std::size_t most = 0, sum = 0;
    for (const Outcome& rank : outcomes) {
      most = std::max(most, rank.optimizer_bytes);
      sum += rank.optimizer_bytes;
      CHECK((rank.gradient_error.find("share the optimizer's state") != std::string::npos) == (ranks > 1));
      CHECK(rank.state_error == (ranks == 1 ? "no error"
                                            : "training: the optimizer's state of 'a.conv.weight' is shared out over "
                                              "ranks; this one does not have all of it"));
    }
    CHECK(most == told.state);
    CHECK(sum + 4096 > told.state_of_all);  // but for the buffers, which have no state
    CHECK(sum <= told.state_of_all);
    if (ranks > 1) CHECK(most < told.state_of_all * 2 / 3);
    (void)compare(ranks, adam, {.clip_norm = 0.01F}, small);
    (void)compare(ranks, adam, {.accumulate = 8}, {.first_bucket = 64, .bucket = 400});  // with factors
  }
  (void)compare(2, sgd, {}, {.factors = false, .bf16 = true, .bucket = 400});
  (void)compare(2, sgd, {.store_gradients = true}, small);
  const std::string text = xs::describe<Deep>(adam, {.ranks = 4, .batch = 64, .share_state = true});
  CHECK(text.find("a rank of 4, batch 64 in 4 slices of 16: parameters ") != std::string::npos);
  CHECK(text.find("optimizer's state ") != std::string::npos);
  CHECK(toy::error_of([&] { (void)xs::describe<Deep>(adam, {.ranks = 4, .batch = 3}); }) ==
        "describe: found 4 ranks and accumulate = 1 with batch = 3, expected at least 1 of both and at most the batch");
}

TEST_CASE("a rank that brings more than its part of the batch is refused on all") {
  const xs::Batch batch = batches_for<Pair>()[0];
  std::vector<std::string> errors(2);
  support::on_ranks(2, [&](const std::shared_ptr<xs::Ranks>& own) {
    Pair net{xs::seed(5)};
    xs::ThreadPool threads(1);
    xs::Training training(net, xs::Sgd{.learning_rate = 0.05F});
    training.set_reduction(std::make_shared<Noting>(own, net, batch.size, small));
    const xs::Batch mine = own->rank() == 1 ? batch : part_of(net, batch, {0, 2, 2});
    errors[own->rank()] = toy::error_of([&] { training.step(mine, {.accumulate = 2}, threads); });
  });
  for (const std::string& error : errors)
    CHECK(error == "training: found 4 samples on rank 0 of 2, expected 6 of 12 in 2 slices (core/share.hpp)");
}

TEST_CASE("statistics of the whole batch: the same bits on 1, 2, 3, 4 and 8 ranks, and those of one process") {
  std::vector<xs::Batch> batches = batches_for<Deep>();
  batches.push_back(support::random_batch(Deep{xs::seed(5)}, 3, 9));  // ranks without a slice
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F};
  const xs::StepOptions eight{.accumulate = 8};
  xs::ReductionOptions whole{.first_bucket = 64, .bucket = 400, .batch_statistics = true};
  const Outcome one = train<Deep>(1, sgd, eight, batches, whole)[0];
  for (const std::size_t ranks : {2U, 3U, 4U, 8U}) {
    CAPTURE(ranks);
    for (const bool share : {false, true}) {
      whole.share_state = share;
      for (const Outcome& rank : train<Deep>(ranks, sgd, eight, batches, whole)) {
        CHECK(support::same_bits(rank.parameters, one.parameters));
        CHECK(rank.result.total == one.result.total);
      }
    }
  }
  whole.share_state = false;
  // One process with the whole batch at once: running statistics, which are parameters here, too.
  const auto near = [](const std::vector<float>& a, const std::vector<float>& b) {
    float most = 0.0F;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
  };
  const std::vector<float> at_once = accumulated<Deep>(1, sgd, {}, batches).first;
  CHECK(near(one.parameters, at_once) < 2e-5F);
  CHECK(near(train<Deep>(4, sgd, {}, batches, whole)[3].parameters, at_once) < 2e-5F);
  CHECK(near(train<Deep>(4, sgd, {}, batches)[3].parameters, at_once) > 1e-2F);  // each slice's own

  // Where a NaN comes from is said of the rank that has it, not of those that met it in the statistics.
  batches.resize(1);
  batches[0].inputs[0][batches[0].inputs[0].size() - 1] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> before = support::all_parameters(Deep{xs::seed(5)});
  for (const std::size_t ranks : {1U, 2U})
    for (const Outcome& rank : train<Deep>(ranks, sgd, eight, batches, whole)) {
      CHECK_FALSE(rank.result.finite);
      CHECK(support::same_bits(rank.parameters, before));
      CHECK(rank.result.location == "rank " + std::to_string(ranks - 1) + ": input of tower 'a'");
    }
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
    xs::Training(net, xs::Sgd{.learning_rate = 0.0F}).step(part_of(net, one[0], {rank, 2, 2}), threads);
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
  for (const Outcome& rank : ranks) CHECK(rank.result.location == "rank 1: input of tower 'a'");

  std::vector<xs::Batch> normed = batches_for<Normed>();
  normed.resize(1);
  for (std::size_t i = 16; i < 32; ++i) normed[0].inputs[0][i] = 1e25F;  // statistics overflow
  normed[0].inputs[0][16] = -1e25F;
  for (const Outcome& rank : train<Normed>(2, xs::Sgd{.learning_rate = 0.05F}, {}, normed))
    CHECK_FALSE(rank.result.finite);
}
