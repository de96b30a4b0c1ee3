// LearnedTemperature: the gradients of logits and temperature, in a network, through training and a checkpoint.
#include "../train/toy.hpp"
#include "loss_test_support.hpp"

#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/learned_temperature.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/run/check_network.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/trainer.hpp>

#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

using namespace loss_test;
using tiny::Dense;
using xs::Dims;
using xs::LabelBatch;

namespace {

using Warm = xs::LearnedTemperature<xs::SoftmaxCrossEntropy>;
constexpr Dims map{2, 2, 5};

}  // namespace

TEST_CASE("gradients of logits and log temperature by differences; at 0 it is the loss itself") {
  const auto input = random_values(3 * map.size(), "temperature");
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3, 0, 2, 4, 4}, {}, {}, {}};
  check_gradient<Warm, map>(input, labels);
  check_missing<Warm, map>(input, labels);
  for (const float log_temperature : {0.0F, 0.75F, -0.5F})
    check_parameter_gradient<Warm, map>(input, labels, 0, {{log_temperature}});
  const auto plain = run<xs::SoftmaxCrossEntropy, map>(input, labels);
  const auto same = run<Warm, map>(input, labels);
  CHECK(same.loss.value() == plain.loss.value());
  CHECK(same.gradient == plain.gradient);

  // A loss that reads its input, and a mask: d = x / t - target.
  const LabelBatch targets{{}, random_values(map.size(), "targets"), {1, 0, 1, 1}, {}};
  const auto values = random_values(map.size(), "values");
  check_gradient<xs::LearnedTemperature<xs::L2>, map>(values, targets);
  check_parameter_gradient<xs::LearnedTemperature<xs::L2>, map>(values, targets, 0, {{0.5F}});
}

TEST_CASE("the loss and the prediction are those of logits divided by the temperature") {
  const auto input = random_values(2 * map.size(), "predicted");
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3}, {}, {}, {}};
  std::vector<float> half = input;
  for (float& x : half) x *= 0.5F;
  const std::vector<std::vector<float>> two{{std::log(2.0F)}};
  CHECK(run<Warm, map>(input, labels, 1, 1.0F, two).loss.value() ==
        doctest::Approx(run<xs::SoftmaxCrossEntropy, map>(half, labels).loss.value()).epsilon(1e-6));
  check_close(predict<Warm, map>(input, two), predict<xs::SoftmaxCrossEntropy, map>(half));
}

TEST_CASE("sure logits that are right three times of four: the temperature becomes 8 / ln 3, alone and in no layer") {
  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<2>, Warm>>;
  Net net{xs::seed(1)};
  xs::ThreadPool threads(1);
  xs::Batch batch = support::random_batch(net, 4, 1);
  batch.inputs[0] = {8, 0, 8, 0, 8, 0, 8, 0};
  batch.labels[0].indices = {0, 0, 0, 1};
  REQUIRE(net.parameters()[0].name == "a.loss.log_temperature");
  xs::Training training(net, support::Descent{.learning_rate = 0.5F});
  for (std::uint64_t step = 0; step < 400; ++step) training.step(batch, {.step = step}, threads);
  CHECK(std::exp(static_cast<double>(net.parameter(0)[0])) == doctest::Approx(8.0 / std::log(3.0)).epsilon(0.01));
  net.evaluate(batch, threads);
  CHECK(static_cast<double>(net.prediction(0)[0]) == doctest::Approx(0.75).epsilon(0.01));
}

TEST_CASE("in a pair: gradients are right, calibration alone moves no layer, and a resume has the same bits") {
  using A = xs::Tower<"a", xs::Shape<6, 6, 1>, Dense<"in", 8>, xs::Relu, xs::Seam<"one">, Dense<"fc", 3>,
                      xs::Weighted<Warm, xs::Ratio{1, 2}>>;
  using B = xs::Tower<"b", xs::Shape<6, 6, 1>, Dense<"in", 8>, xs::Relu, xs::Seam<"one">, Dense<"fc", 2>,
                      xs::LearnedTemperature<xs::Weighted<xs::SoftmaxCrossEntropy, xs::Ratio{3, 2}>>>;
  using Net = xs::CrossStitch<A, B>;
  xs::ThreadPool threads(2);
  {
    Net net{xs::seed(2)};
    CHECK(net.heads()[0].weight == 0.5F);
    CHECK(net.heads()[1].weight == 1.5F);
    const auto report = xs::check_network_gradients(net, support::random_batch(net, 4, 2), threads);
    CHECK_MESSAGE(report.ok, report.text);
    net.set_trained("", false);
    net.set_trained("a.loss.", true);
    const auto before = toy::values(net);
    xs::Training training(net, support::Descent{.learning_rate = 0.5F});
    training.step(support::random_batch(net, 4, 2), threads);
    const auto after = toy::values(net);
    std::size_t moved = 0;
    for (std::size_t i = 0; i < after.size(); ++i) moved += after[i] != before[i] ? 1 : 0;
    CHECK(moved == 1);
    CHECK(net.parameter(net.find_parameter("a.loss.log_temperature"))[0] != 0.0F);
  }
  const toy::Stripes data;
  const toy::Folder folder("temperature");
  const auto train = [&](Net& net, std::uint64_t iterations, bool resume, const std::filesystem::path& path) {
    xs::TrainOptions options{.iterations = iterations, .batch = 5};
    options.threads = 1;
    options.output = nullptr;
    options.checkpoint_directory = path;
    options.resume = resume;
    CHECK(xs::train(net, data, xs::Adam{.learning_rate = 0.01F}, options).finished());
  };
  Net whole{xs::seed(4)}, first{xs::seed(4)}, second{xs::seed(4)};
  train(whole, 12, false, {});
  train(first, 7, false, folder.path);
  train(second, 12, true, folder.path);
  CHECK(toy::same_bits(whole, second));
  CHECK(whole.parameter(whole.find_parameter("b.loss.log_temperature"))[0] != 0.0F);
}
