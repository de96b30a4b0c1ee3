// A step happens whole, or it changes nothing: an overflow of one layer's gradient under each policy. Only "apply", and
// only below a layer that was changed already, leaves the parameters torn, and then nobody uses them.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/check_network.hpp>
#include <xstitch/run/predictor.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/checkpoint.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <limits>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

/// Where the gradient of a Dense on large inputs overflows: x is 1e25 in one of three layers and 1 in the others, by
/// scaling in front of and after it. dW = x dy, and dy is 1e25, too: the loss is half its square, scaled down.
template <int Exponent>
struct Scale {  // y = 10^Exponent x, its gradient too
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr float factor = Exponent == 25 ? 1e25F : Exponent == -25 ? 1e-25F : 1.0F;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) call.output[i] = factor * call.input[i];
  }
  /// The gradient is that of y = x, which a layer may give: here it carries the overflow down.
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.input_gradient[i] = Exponent == 25 ? call.output_gradient[i] : 1e20F * call.output_gradient[i];
  }
};

/// The overflow is in "low" alone: its input is 1e25, its dy 1e20 times what the layers above see.
using Low = xs::OneTask<xs::Tower<"a", xs::Shape<4>, Scale<25>, Dense<"low", 4>, Scale<-25>, xs::BatchNorm<"norm">,
                                  Dense<"middle", 4>, Dense<"top", 2>, tiny::SmallOutput>>;
/// The overflow is in "top".
using Top = xs::OneTask<xs::Tower<"a", xs::Shape<4>, xs::BatchNorm<"norm">, Dense<"low", 4>, Dense<"middle", 4>,
                                  Scale<25>, Dense<"top", 2>, Scale<-25>, tiny::SmallOutput>>;
/// Not in the issue: towers that a unit joins; the other tower is whole.
using PairLow = xs::CrossStitch<xs::Tower<"a", xs::Shape<4>, Scale<25>, Dense<"low", 4>, Scale<-25>, xs::Seam<"s">,
                                          Dense<"top", 2>, tiny::SmallOutput>,
                                xs::Tower<"b", xs::Shape<4>, Dense<"low", 4>, xs::BatchNorm<"norm">, xs::Seam<"s">,
                                          Dense<"top", 2>, tiny::SmallOutput>>;

constexpr const char* sentence = "the network's parameters are torn";

/// Everything a step may change: parameters, buffers among them, and the optimizer's state.
std::vector<float> everything(const xs::Training& training) {
  std::vector<float> all = support::all_parameters(training.net());
  for (std::size_t k = 0; k < training.optimizer_state_count(); ++k)
    for (std::size_t i = 0; i < training.net().parameters().size(); ++i) {
      const auto state = training.optimizer_state(k, i);
      all.insert(all.end(), state.begin(), state.end());
    }
  return all;
}

const xs::Adam adam{.learning_rate = 0.01F};

template <class Net>
void nothing_changes(const xs::StepOptions& options) {
  for (const std::size_t thread_count : {1U, 3U}) {
    Net net{xs::seed(3)};
    xs::ThreadPool threads(thread_count);
    xs::Training training(net, adam);
    const xs::Batch batch = support::random_batch(net, 6, 1);
    const std::vector<float> before = everything(training);
    const xs::StepResult& result = training.step(batch, options, threads);
    CHECK(std::isfinite(result.total));
    CHECK_FALSE(result.finite);
    CHECK_FALSE(result.torn);
    CHECK(result.location.find("the gradient of 'a.") == 0);
    CHECK(support::same_bits(before, everything(training)));
    CHECK_NOTHROW(net.evaluate(batch, threads));
  }
}

}  // namespace

TEST_CASE_TEMPLATE("apply: an overflow below a changed layer tears the parameters, which nobody uses then", Net, Low,
                   PairLow) {
  const toy::Folder folder("torn");
  Net net{xs::seed(3)};
  xs::ThreadPool threads(2);
  xs::save(net, folder.path / "good.safetensors");
  const std::vector<float> good = support::all_parameters(net);
  const std::shared_ptr<xs::Parameters> snapshot = net.snapshot();
  const xs::Batch batch = support::random_batch(net, 6, 1);
  xs::Predictor<Net> predictor(net);

  xs::Training training(net, adam);
  const xs::StepResult result = training.step(batch, threads);
  CHECK(std::isfinite(result.total));
  CHECK_FALSE(result.finite);
  CHECK(result.torn);
  CHECK(result.location == "the gradient of 'a.low.weight'");
  CHECK(net.model().torn());
  CHECK_FALSE(support::same_bits(good, support::all_parameters(net)));
  CHECK(net.find_non_finite_parameter().empty());
  const std::size_t mean = net.find_parameter(
      net.find_parameter("a.norm.running_mean") != xs::AnyNet::npos ? "a.norm.running_mean" : "b.norm.running_mean");
  for (const float m : net.parameter(mean)) CHECK(m == 0.0F);  // buffers are not committed

  const auto refused = [&](auto&& use) { CHECK(toy::error_of(use).find(sentence) != std::string::npos); };
  refused([&] { training.step(batch, threads); });
  refused([&] { xs::Training(net, adam).step(batch, {.not_finite = xs::NotFinite::skip}, threads); });
  refused([&] { training.compute_gradients(batch, 0, threads); });
  refused([&] { training.forward_keeping(batch, 0, threads); });
  refused([&] { net.evaluate(batch, threads); });
  refused([&] { (void)net.snapshot(); });
  refused([&] { xs::save(net, folder.path / "torn.safetensors"); });
  refused([&] { xs::checkpoint::write(folder.path / "torn.safetensors", training, {}, {}); });
  refused([&] { predictor.predict(std::vector<float>(4 * net.inputs().size())); });
  CHECK_FALSE(std::filesystem::exists(folder.path / "torn.safetensors"));
  // The copy made before is whole.
  xs::Predictor<Net> whole(snapshot);
  CHECK_NOTHROW(whole.predict(std::vector<float>(4, 1.0F)));

  xs::load(net, folder.path / "good.safetensors");
  CHECK(support::same_bits(good, support::all_parameters(net)));
  CHECK_NOTHROW(net.evaluate(batch, threads));
  CHECK_NOTHROW(xs::save(net, folder.path / "again.safetensors"));
  CHECK_NOTHROW(predictor.predict(std::vector<float>(4, 1.0F)));
  // Momentum that was updated in part is not trained on without a word.
  CHECK(toy::error_of([&] {
          training.step(batch, {.not_finite = xs::NotFinite::skip}, threads);
        }).find("the optimizer's state is torn") != std::string::npos);
  training.reset();
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    for (const float moment : training.optimizer_state(0, i)) REQUIRE(moment == 0.0F);
  CHECK_FALSE(training.step(batch, {.not_finite = xs::NotFinite::skip}, threads).torn);
}

TEST_CASE_TEMPLATE("every other policy changes nothing", Net, Low, Top, PairLow) {
  nothing_changes<Net>({.store_gradients = true});
  nothing_changes<Net>({.clip_norm = 1.0F});
  nothing_changes<Net>({.accumulate = 2});
  nothing_changes<Net>({.clip_norm = 1.0F, .accumulate = 3});
  nothing_changes<Net>({.not_finite = xs::NotFinite::skip});
}

TEST_CASE("apply: an overflow in the top layer changes nothing") { nothing_changes<Top>({}); }

TEST_CASE("apply: one layer, L2, weight 1, x = 1e25: the loss is finite, the gradient is not, the weight stays 1") {
  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<1>, Dense<"l", 1>, xs::L2>>;
  for (const float clip : {0.0F, 1.0F}) {
    Net net{xs::seed(1)};
    net.mutable_parameter(0)[0] = 1.0F;
    xs::ThreadPool threads(1);
    xs::Training training(net, xs::Sgd{.learning_rate = 0.01F, .momentum = 0.9F});
    xs::Batch batch;
    batch.size = 1;
    batch.inputs = {{1e25F}};
    batch.shared_input = {0};
    batch.labels = {{{}, {0.0F}, {}, {}}};
    const xs::StepResult result = training.step(batch, {.clip_norm = clip}, threads);
    CHECK(std::isfinite(result.total));
    CHECK_FALSE(result.finite);
    CHECK_FALSE(result.torn);
    CHECK(net.parameter(0)[0] == 1.0F);
    CHECK(training.optimizer_state(0, 0)[0] == 0.0F);
  }
}

TEST_CASE("a batch with a NaN, or an infinite loss, leaves running statistics as they were") {
  using Net = xs::OneTask<
      xs::Tower<"a", xs::Shape<4>, xs::BatchNorm<"first">, Dense<"l", 4>, xs::BatchNorm<"second">, tiny::SmallOutput>>;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38F})
    for (const std::size_t accumulate : {1U, 2U, 3U}) {  // 3: the last slice is bad, the others are not
      Net net{xs::seed(3)};
      xs::ThreadPool threads(2);
      xs::Training training(net, adam);
      xs::Batch batch = support::random_batch(net, 6, 1);
      REQUIRE(training.step(batch, threads).finite);
      const std::vector<float> before = everything(training);
      batch.inputs[0][6 * 4 - 1] = bad;
      CHECK_FALSE(training.step(batch, {.step = 1, .accumulate = accumulate}, threads).finite);
      CHECK(support::same_bits(before, everything(training)));
    }
}

TEST_CASE("gradients and their check never move running statistics; a step does") {
  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<4>, xs::BatchNorm<"norm">, Dense<"l", 2>, tiny::SmallOutput>>;
  Net net{xs::seed(3)};
  xs::ThreadPool threads(2);
  const xs::Batch batch = support::random_batch(net, 6, 1);
  const std::vector<float> before = support::all_parameters(net);
  xs::Training training(net, adam);
  for (std::uint64_t call = 0; call < 51; ++call)
    training.compute_gradients(batch, {.step = call, .accumulate = 1 + call % 3}, threads);
  CHECK(support::same_bits(before, support::all_parameters(net)));
  training.forward_keeping(batch, 0, threads);
  training.backward_from({}, threads);
  CHECK(support::same_bits(before, support::all_parameters(net)));
  CHECK(xs::check_network_gradients(net, batch, threads).ok);
  CHECK(support::same_bits(before, support::all_parameters(net)));
  training.step(batch, threads);
  CHECK(net.parameter(net.find_parameter("a.norm.running_mean"))[0] != 0.0F);
}
