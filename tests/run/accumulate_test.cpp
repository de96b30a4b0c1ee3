// accumulate = k: a batch worked off in k slices has the gradient of the batch, whatever its labels lack.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;

namespace {

using Trunk = xs::Layers<xs::Conv<"conv", 8, 3, xs::Pad<1>>, xs::Tanh, xs::Seam<"one">, xs::Dropout<xs::Ratio{1, 4}>>;
/// A class a pixel, some of them ignored; a map of real numbers with a mask.
struct Classes
    : xs::Tower<"a", xs::Shape<4, 4, 2>, Trunk, xs::Conv<"out", 3, 1>, xs::ClassWeightedSoftmaxCrossEntropy> {};
struct Real : xs::Tower<"b", xs::Shape<4, 4, 2>, Trunk, xs::Head<"map", xs::Conv<"out", 2, 1>, xs::SmoothL1>,
                        xs::Head<"vector", xs::Linear<"fc", 5>, xs::SigmoidCrossEntropy>> {};
using Pair = xs::CrossStitch<Classes, Real>;
struct Net : Pair {
  explicit Net(xs::Seed seed) : Pair(seed) {
    const auto weights = mutable_parameter(find_parameter("a.loss.class_weight"));
    const std::vector<float> chosen{0.5F, 2.0F, 0.1F};
    std::copy(chosen.begin(), chosen.end(), weights.begin());
  }
};

/// Labels that a batch of real data has: pixels to ignore, masks, samples without a label (whole slices without one).
xs::Batch gappy_batch(const xs::AnyNet& net, std::size_t size, std::uint64_t seed) {
  xs::Batch batch = support::random_batch(net, size, seed, true);
  const xs::RandomKey key = xs::RandomKey(xs::seed(seed)).with("gaps");
  for (std::size_t h = 0; h < batch.labels.size(); ++h) {
    xs::LabelBatch& label = batch.labels[h];
    const xs::RandomKey mine = key.with(h);
    for (std::size_t i = 0; i < label.indices.size(); ++i)
      if (mine.below(i, 5) == 0) label.indices[i] = xs::ignore_label;
    for (std::size_t i = 0; i < size * net.heads()[h].label.mask.size(); ++i)
      label.mask.push_back(mine.with("mask").below(i, 3) == 0 ? 0 : 1);
    for (std::size_t n = 0; n < size; ++n) label.present[n] = mine.with("present").below(n, 3) == 0 ? 0 : 1;
    if (net.heads()[h].name() == "b.vector") {
      for (float& v : label.values) v = v > 0.0F ? 1.0F : 0.0F;
      std::fill_n(label.present.begin(), size / 2, std::uint8_t{0});  // the first slices have none at all
    }
  }
  return batch;
}

std::vector<std::vector<float>> gradients(xs::AnyNet& net, const xs::Batch& batch, std::size_t accumulate,
                                          xs::ThreadPool& threads) {
  xs::Training training(net);
  const xs::StepResult& result = training.compute_gradients(batch, {.step = 5, .accumulate = accumulate}, threads);
  CHECK(result.finite);
  std::vector<std::vector<float>> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    all.emplace_back();
    if (net.parameters()[i].spec.group == xs::ParameterGroup::buffer) continue;
    all.back().assign(training.gradient(i).begin(), training.gradient(i).end());
  }
  return all;
}

double largest(const std::vector<float>& values) {
  double most = 0.0;
  for (const float v : values) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

void check_near(const xs::AnyNet& net, const std::vector<std::vector<float>>& a,
                const std::vector<std::vector<float>>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    double worst = 0.0;
    for (std::size_t e = 0; e < a[i].size(); ++e)
      worst = std::max(worst, std::abs(static_cast<double>(a[i][e]) - static_cast<double>(b[i][e])));
    INFO(net.parameters()[i].name);
    CHECK((largest(a[i]) > 0.0 || a[i].empty()));
    CHECK(worst <= 1e-5 * largest(a[i]));
  }
}

}  // namespace

TEST_CASE("k slices have the gradient and the loss of one batch: masks, ignored pixels, missing labels, dropout") {
  Net net{xs::seed(2)};
  xs::ThreadPool threads(2);
  for (const std::size_t size : {8U, 13U}) {
    const xs::Batch batch = gappy_batch(net, size, size);
    const auto whole = gradients(net, batch, 1, threads);
    xs::Training training(net);
    const double total = training.compute_gradients(batch, 5, threads).total;
    for (const std::size_t k : {2U, 3U, 4U, 7U}) {
      CAPTURE(k);
      check_near(net, whole, gradients(net, batch, k, threads));
      CHECK(training.compute_gradients(batch, {.step = 5, .accumulate = k}, threads).total ==
            doctest::Approx(total).epsilon(1e-6));
    }
    CHECK(whole != gradients(net, batch, 2, threads));  // another order of sums: it was sliced
  }
}

TEST_CASE("the gradient is the sum of the slices' gradients, in their order, to the bit") {
  // SmallOutput counts samples alone: a slice of 3 of 9 samples has a third of its own batch's gradient.
  using Plain = xs::OneTask<xs::Tower<"a", xs::Shape<6>, tiny::Dense<"x", 5>, xs::Tanh, xs::Dropout<>,
                                      tiny::Dense<"y", 3>, tiny::SmallOutput>>;
  Plain net{xs::seed(4)};
  xs::ThreadPool threads(2);
  const xs::Batch batch = support::random_batch(net, 16, 3);
  std::vector<std::vector<float>> sum;
  for (std::size_t k = 0; k < 4; ++k) {
    xs::Batch slice = batch;
    slice.size = 4;
    slice.first_position = 4 * k;
    slice.inputs[0].assign(batch.inputs[0].begin() + static_cast<std::ptrdiff_t>(4 * k * 6),
                           batch.inputs[0].begin() + static_cast<std::ptrdiff_t>(4 * (k + 1) * 6));
    auto part = gradients(net, slice, 1, threads);
    for (std::size_t i = 0; i < part.size(); ++i)
      for (std::size_t e = 0; e < part[i].size(); ++e) {
        const float mine = part[i][e] / 4.0F;  // a power of two: exact
        part[i][e] = k == 0 ? mine : sum[i][e] + mine;
      }
    sum = part;
  }
  const auto accumulated = gradients(net, batch, 4, threads);
  for (std::size_t i = 0; i < sum.size(); ++i) CHECK(support::same_bits(sum[i], accumulated[i]));
}

TEST_CASE("BatchNorm uses each slice's statistics and moves running ones once a slice, when the step is whole") {
  using Normed =
      xs::OneTask<xs::Tower<"a", xs::Shape<2>, xs::BatchNorm<"norm">, tiny::Dense<"y", 3>, tiny::SmallOutput>>;
  xs::ThreadPool threads(2);
  for (const std::size_t k : {2U, 3U}) {
    Normed net{xs::seed(4)};
    const xs::Batch batch = support::random_batch(net, 7, 3);
    std::vector<double> mean(2, 0.0), variance(2, 1.0);
    for (std::size_t s = 0; s < k; ++s) {
      const std::size_t begin = 7 * s / k, end = 7 * (s + 1) / k;
      for (std::size_t c = 0; c < 2; ++c) {
        double m = 0.0, v = 0.0;
        for (std::size_t n = begin; n < end; ++n) m += static_cast<double>(batch.inputs[0][2 * n + c]);
        m /= static_cast<double>(end - begin);
        for (std::size_t n = begin; n < end; ++n) v += std::pow(static_cast<double>(batch.inputs[0][2 * n + c]) - m, 2);
        mean[c] = 0.9 * mean[c] + 0.1 * m;
        variance[c] = 0.9 * variance[c] + 0.1 * v / static_cast<double>(end - begin - 1);
      }
    }
    xs::Training training(net, support::Descent{});
    CHECK(training.step(batch, {.accumulate = k}, threads).finite);
    for (std::size_t c = 0; c < 2; ++c) {
      CHECK(static_cast<double>(net.parameter(net.find_parameter("a.norm.running_mean"))[c]) ==
            doctest::Approx(mean[c]).epsilon(1e-5));
      CHECK(static_cast<double>(net.parameter(net.find_parameter("a.norm.running_variance"))[c]) ==
            doctest::Approx(variance[c]).epsilon(1e-5));
    }
  }
}

TEST_CASE("equal bits on any number of threads") {
  std::vector<float> reference;
  for (const std::size_t thread_count : {1U, 2U, 3U}) {
    Net net{xs::seed(2)};
    xs::ThreadPool threads(thread_count);
    xs::Training training(net, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F});
    for (std::uint64_t step = 0; step < 3; ++step)
      CHECK(training.step(gappy_batch(net, 11, step), {.step = step, .accumulate = 3}, threads).finite);
    const std::vector<float> values = support::all_parameters(net);
    if (reference.empty()) reference = values;
    CHECK(support::same_bits(reference, values));
  }
}

TEST_CASE("more slices than samples, or none, is an error that changes nothing") {
  Net net{xs::seed(2)};
  xs::ThreadPool threads(1);
  xs::Training training(net, support::Descent{});
  const xs::Batch batch = gappy_batch(net, 3, 1);
  const std::vector<float> before = support::all_parameters(net);
  for (const std::size_t k : {0U, 4U})
    CHECK(toy::error_of([&] { training.step(batch, {.accumulate = k}, threads); }).find("expected 1 to 3") !=
          std::string::npos);
  CHECK(support::same_bits(before, support::all_parameters(net)));
}

TEST_CASE("train() with accumulate resumes to the same bits, and refuses another accumulate") {
  const toy::Folder folder("accumulate");
  const toy::Stripes data;
  const auto run = [&](toy::Pair& net, std::uint64_t iterations, std::size_t accumulate, const std::string& name) {
    xs::TrainOptions options;
    options.iterations = iterations;
    options.batch = 8;  // the epoch's last batch has 6 samples
    options.accumulate = accumulate;
    options.threads = 2;
    options.output = nullptr;
    options.resume = true;
    options.checkpoint_directory = folder.path / name;
    xs::train(net, data, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F}, options);
  };
  toy::Pair through{xs::seed(1)}, broken{xs::seed(1)}, resumed{xs::seed(1)}, plain{xs::seed(1)};
  run(through, 7, 4, "through");
  run(broken, 4, 4, "parts");
  run(resumed, 7, 4, "parts");
  CHECK(toy::same_bits(through, resumed));
  CHECK_FALSE(toy::same_bits(through, broken));
  run(plain, 7, 1, "plain");
  CHECK_FALSE(toy::same_bits(through, plain));
  for (const std::size_t other : {1U, 2U}) {
    toy::Pair net{xs::seed(1)};
    CHECK(toy::error_of([&] { run(net, 9, other, "parts"); }).find("accumulate") != std::string::npos);
  }
}
