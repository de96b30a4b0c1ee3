// Exponential moving average of the weights: the rule, what it leaves alone, evaluations, checkpoints and jobs.
#include "toy.hpp"

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/run/predictor.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <limits>

using namespace toy;

namespace {

using Normal = xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3>, xs::BatchNorm<"norm">, xs::Relu,
                                     xs::Conv<"fc", 3, 4, xs::Frozen>, xs::SoftmaxCrossEntropy>>;

const xs::Sgd sgd{.learning_rate = 0.1F, .momentum = 0.9F, .alpha_multiplier = 1.0F};

xs::TrainOptions averaging(std::uint64_t iterations, xs::WeightAverage average = {.decay = 0.8F}) {
  return {.iterations = iterations, .batch = 5, .threads = 1, .weight_average = average, .output = nullptr};
}

std::vector<float> values_of(const xs::Parameters& parameters) {
  std::vector<float> all;
  for (std::size_t i = 0; i < parameters.slots().size(); ++i)
    all.insert(all.end(), parameters.values(i).begin(), parameters.values(i).end());
  return all;
}

}  // namespace

TEST_CASE("the rule, by hand: TensorFlow's, and without its warm-up") {
  const xs::WeightAverage warm{.decay = 0.5F}, cold{.decay = 0.5F, .warm_up = false};
  CHECK(warm.decay_at(1) == doctest::Approx(2.0 / 11));
  CHECK(warm.decay_at(7) == doctest::Approx(8.0 / 17));
  CHECK(warm.decay_at(8) == 0.5);
  CHECK(warm.decay_at(9) == 0.5);
  CHECK(cold.decay_at(1) == 0.5);

  using Net = xs::OneTask<xs::Tower<"a", xs::Shape<1>, xs::Linear<"l", 1, xs::ZeroInitializer>, xs::L1>>;
  for (const xs::WeightAverage& settings : {warm, cold}) {
    Net net{xs::seed(1)};
    xs::ThreadPool threads(1);
    xs::AveragedWeights average(net, settings);
    double expected = 0.0;
    for (std::uint64_t n = 1; n <= 20; ++n) {
      net.mutable_parameter(0)[0] = static_cast<float>(n * n);
      average.update(threads);
      const double d = settings.decay_at(n);
      expected = d * expected + (1.0 - d) * static_cast<double>(n * n);
      CHECK(average.values(0)[0] == doctest::Approx(expected).epsilon(1e-6));
    }
    CHECK(average.updates() == 20);
    CHECK(average.values(1)[0] == 0.0F);
    CHECK(net.parameter(0)[0] == 400.0F);
  }
}

TEST_CASE("the training keeps its bits; all that moves is averaged, and what does not keeps its bits") {
  const Stripes data;
  Normal plain{xs::seed(1)}, net{xs::seed(1)}, other{xs::seed(1)};
  const std::vector<float> start = values(net);
  xs::TrainOptions options = averaging(9);
  std::vector<std::vector<float>> path;
  options.after_step = [&](std::uint64_t, const xs::StepResult&) { path.push_back(values(net)); };
  options.evaluation = data;
  options.evaluate_every = 2;
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  options.after_step = {};
  options.threads = 3;
  const xs::TrainResult again = xs::train(other, data, sgd, options);
  options.weight_average.reset();
  CHECK(xs::train(plain, data, sgd, options).average == nullptr);
  CHECK(same_bits(net, plain));
  REQUIRE(result.average);
  CHECK(same_bits(values_of(*result.average), values_of(*again.average)));

  std::vector<double> expected(start.begin(), start.end());
  for (std::size_t n = 1; n <= path.size(); ++n) {
    const double d = xs::WeightAverage{.decay = 0.8F}.decay_at(n);
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] = d * expected[i] + (1.0 - d) * static_cast<double>(path[n - 1][i]);
  }
  const std::vector<float> found = values_of(*result.average);
  double worst = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - expected[i]));
  CHECK(worst < 1e-5);
  CHECK_FALSE(same_bits(found, values(net)));
  const std::size_t fc = net.find_parameter("a.fc.weight"), mean = net.find_parameter("a.norm.running_mean");
  for (std::size_t k = 0; k < net.parameter(fc).size(); ++k)
    CHECK(result.average->values(fc)[k] == net.parameter(fc)[k]);  // frozen
  CHECK(result.average->values(mean)[0] != net.parameter(mean)[0]);
  CHECK(result.average->values(mean)[0] != 0.0F);
}

TEST_CASE("evaluations, and the best checkpoint, are of the average") {
  const Folder folder("average_best");
  const Stripes data;
  Pair net{xs::seed(1)}, averaged{xs::seed(2)}, loaded{xs::seed(3)};
  xs::TrainOptions options = averaging(8);
  options.evaluation = data;
  options.checkpoint_directory = folder.path;
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  REQUIRE(result.best_step == 8);  // else another seed
  const double loss = result.evaluations.back().evaluation.rows[0].loss;

  CHECK(xs::initialise_from(averaged, *result.average).untouched.empty());
  CHECK(xs::evaluate(averaged, data, {.batch = 5, .threads = 1}).rows[0].loss == loss);
  CHECK(xs::evaluate(net, data, {.batch = 5, .threads = 1}).rows[0].loss != loss);
  xs::load(loaded, folder.path / "best.safetensors");
  CHECK(same_bits(loaded, averaged));
  xs::load(loaded, folder.path / "last.safetensors");
  CHECK(same_bits(loaded, net));
  xs::load_average(loaded, folder.path / "last.safetensors");
  CHECK(same_bits(loaded, averaged));

  const std::string message = error_of([&] { xs::load_average(loaded, folder.path / "best.safetensors"); });
  CHECK(message.find("\"weight_average.a.conv1.weight\" is missing; the file has no averaged weights") !=
        std::string::npos);
  CHECK(same_bits(loaded, averaged));

  // The best one is no checkpoint: a training that continued from it would not be the one that was stopped.
  xs::remove_file(folder.path / "last.safetensors");
  std::filesystem::copy(folder.path / "best.safetensors", folder.path / "last.safetensors");
  options.resume = true;
  options.iterations = 12;
  CHECK(error_of([&] { xs::train(loaded, data, sgd, options); }).find("no state of a training to continue from") !=
        std::string::npos);

  xs::Predictor<Pair> predictor(result.average);
  const std::vector<float> image(36, 0.5F);
  CHECK(predictor.predict(image).get<"a">().size() == 3);
}

TEST_CASE("a resume has the bits of a training that ran through, its average too") {
  const Folder folder("average_resume");
  const Stripes data;
  Pair whole{xs::seed(1)}, cut{xs::seed(1)}, resumed{xs::seed(1)};
  const xs::Adam adam{.learning_rate = 0.01F};
  xs::TrainOptions options = averaging(11);
  options.evaluation = data;
  options.evaluate_every = 3;
  options.checkpoint_directory = folder.path / "whole";
  const xs::TrainResult expected = xs::train(whole, data, adam, options);

  options.checkpoint_directory = folder.path / "cut";
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.after_step = [&](std::uint64_t step, const xs::StepResult&) { stop = step == 4; };
  CHECK(xs::train(cut, data, adam, options).reason == xs::StopReason::interrupted);
  options.resume = true;
  options.threads = 2;
  const xs::TrainResult found = xs::train(resumed, data, adam, options);
  CHECK(same_bits(resumed, whole));
  CHECK(same_bits(values_of(*found.average), values_of(*expected.average)));
  for (const char* file : {"last.safetensors", "best.safetensors"})
    CHECK(xs::read_file(folder.path / "whole" / file) == xs::read_file(folder.path / "cut" / file));

  const auto refusal = [&](std::optional<xs::WeightAverage> average) {
    options.weight_average = average;
    return error_of([&] { xs::train(cut, data, adam, options); });
  };
  const std::string decays = refusal(xs::WeightAverage{.decay = 0.9F});
  INFO(decays);
  CHECK(decays.find("weight_average: then \"0.8") != std::string::npos);
  CHECK(refusal(xs::WeightAverage{.decay = 0.8F, .warm_up = false}).find("no warm-up") != std::string::npos);
  CHECK(refusal(std::nullopt).find("weight_average") != std::string::npos);
}

TEST_CASE("a step that changes nothing does not count, and what is not finite is no average") {
  /// The third sample is beyond all measure.
  struct Spoilt : Stripes {
    void load(std::size_t index, xs::Sample& sample) const {
      Stripes::load(index, sample);
      if (index == 2) sample.inputs[0][0] = std::numeric_limits<float>::infinity();
    }
  };
  OneTaskA net{xs::seed(1)};
  xs::TrainOptions options = averaging(6);
  options.batch = 4;
  options.not_finite = xs::NotFinite::skip;
  const Folder folder("average_skip");
  options.checkpoint_directory = folder.path;
  const xs::TrainResult result = xs::train(net, Spoilt{}, sgd, options);
  CHECK(result.steps_not_finite == 1);
  REQUIRE(result.average);
  CHECK(xs::read_metadata(folder.path / "last.safetensors").at("training").find("\"average_updates\": 5") !=
        std::string::npos);

  xs::ThreadPool threads(1);
  xs::AveragedWeights average(net, {});
  CHECK(average.copy() != nullptr);
  net.mutable_parameter(0)[0] = std::numeric_limits<float>::infinity();
  average.update(threads);
  CHECK(average.copy() == nullptr);
  CHECK(xs::average_state::find_non_finite(average) == "weight_average.a.conv1.weight");
}

TEST_CASE("a finished stage of a job gives its average again; settings out of range") {
  const Folder folder("average_job");
  const Stripes data;
  OneTaskA first{xs::seed(1)}, second{xs::seed(1)};
  std::shared_ptr<xs::Parameters> expected;
  {
    xs::TrainingJob job(folder.path);
    expected = job.train("a", first, data, sgd, averaging(3)).average;
  }
  xs::TrainingJob job(folder.path, {.resume = true});
  const xs::TrainResult found = job.train("a", second, data, sgd, averaging(3));
  REQUIRE((expected && found.average));
  CHECK(same_bits(values_of(*found.average), values_of(*expected)));
  CHECK(same_bits(first, second));

  const auto refusal = [&](float decay) {
    return error_of([&] { xs::train(first, data, sgd, averaging(1, {.decay = decay})); });
  };
  CHECK(refusal(1.0F) == "WeightAverage: found decay = 1, expected at least 0 and below 1");
  CHECK(refusal(-0.5F).find("found decay = -0.5") != std::string::npos);
  CHECK(refusal(std::numeric_limits<float>::quiet_NaN()).find("found decay = nan") != std::string::npos);
}
