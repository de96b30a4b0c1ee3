#include "../golden/batch_norm.inc"
#include "../golden/frozen_norm.inc"
#include "../kernels/reference/batch_norm.hpp"
#include "compare.hpp"

#include <xstitch/layers/batch_norm.hpp>

namespace xs = xstitch;
using xs::BatchNorm, xs::Dims, xs::Epsilon, xs::Momentum, xs::Ratio;

namespace {

using Norm = BatchNorm<"norm">;
constexpr Dims golden_in{4, 2, 5};

void prepare(xs::RunLayer<Norm, golden_in>& run) {
  std::ranges::copy(before_weight, run.parameter(0).begin());
  std::ranges::copy(before_bias, run.parameter(1).begin());
  std::ranges::copy(before_running_mean, run.parameter(2).begin());
  std::ranges::copy(before_running_var, run.parameter(3).begin());
  std::ranges::copy(norm_x, run.input().begin());
}

xs::ThreadPool& threads() {
  static xs::ThreadPool pool(1);
  return pool;
}

}  // namespace

TEST_CASE("training, its gradients and the running statistics are PyTorch's") {
  xs::RunLayer<Norm, golden_in> run({.batch = 3, .threads = 2});
  prepare(run);
  run.forward();
  CHECK(test::largest_error(run.output(), norm_y) < 2e-6);
  CHECK(test::largest_error(run.buffer_update(2), after_running_mean) < 1e-6);
  CHECK(test::largest_error(run.buffer_update(3), after_running_var) < 1e-6);
  std::ranges::copy(norm_dy, run.output_gradient().begin());
  run.backward();
  CHECK(test::largest_error(run.input_gradient(), norm_dx) < 2e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), norm_dweight) < 2e-6);
  CHECK(test::largest_error(run.parameter_gradient(1), norm_dbias) < 2e-6);
  CHECK(run.fault() == "");
}

TEST_CASE("inference uses the running statistics and leaves them alone") {
  xs::RunLayer<Norm, golden_in> run({.batch = 3});
  prepare(run);
  run.forward(false);
  CHECK(test::largest_error(run.output(), inference_y) < 2e-6);
  CHECK(test::same_bits(run.parameter(2), before_running_mean));
  CHECK(test::same_bits(run.parameter(3), before_running_var));
}

TEST_CASE("frozen statistics: training, too, is PyTorch's eval mode, gradients and all") {
  using Frozen = BatchNorm<"norm", xs::FrozenStatistics>;
  static_assert(!Frozen::updates_buffers && Frozen::saved(golden_in) == xs::Extent{});
  xs::RunLayer<Frozen, golden_in> run({.batch = 3, .threads = 2});
  std::ranges::copy(frozen_weight, run.parameter(0).begin());
  std::ranges::copy(frozen_bias, run.parameter(1).begin());
  std::ranges::copy(frozen_running_mean, run.parameter(2).begin());
  std::ranges::copy(frozen_running_var, run.parameter(3).begin());
  for (const bool training : {false, true}) {
    std::ranges::copy(frozen_x, run.input().begin());
    run.forward(training);
    CHECK(test::largest_error(run.output(), frozen_y) < 2e-6);
  }
  std::ranges::copy(frozen_dy, run.output_gradient().begin());
  run.backward();
  CHECK(test::largest_error(run.input_gradient(), frozen_dx) < 2e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), frozen_dweight) < 4e-6);
  CHECK(test::largest_error(run.parameter_gradient(1), frozen_dbias) < 2e-6);
  CHECK(test::same_bits(run.parameter(2), frozen_running_mean));  // they have not moved
  CHECK(run.fault() == "");
  test::check_gradients<Frozen, xs::Shape<2, 3, 17>>({.parameter_noise = 0.25F});
}

TEST_CASE("options are named; Frozen keeps weight and bias") {
  static_assert(BatchNorm<"n", xs::Frozen>::parameters(golden_in)[0].learning_rate_multiplier == 0.0F);
  static_assert(BatchNorm<"n", xs::Frozen>::parameters(golden_in)[1].learning_rate_multiplier == 0.0F);
  // What does not move has no momentum.
  CHECK(BatchNorm<"n", xs::FrozenStatistics, Momentum<Ratio{1, 2}>>::unknown_option.find("Momentum") !=
        std::string_view::npos);
  CHECK(xs::to_string(BatchNorm<"n", xs::FrozenStatistics>::attributes()[1]) == "frozen_statistics yes");
}

TEST_CASE("gradients") {
  // Batch statistics make the loss curved: a smaller step.
  const xs::GradientCheckOptions options{.step = 1.0F / 128.0F, .tolerance = 5e-3};
  test::check_gradients<Norm, xs::Shape<3, 2, 5>>(options);
  test::check_gradients<BatchNorm<"n", Epsilon<Ratio{1}>>, xs::Shape<2, 3, 17>>(options);
}

TEST_CASE("a large batch agrees with the scalar reference") {
  constexpr Dims in{9, 11, 33};
  constexpr std::size_t batch = 12, channels = 33, rows = batch * in.pixels();
  xs::RunLayer<Norm, in> run({.batch = batch, .threads = 3});
  std::ranges::copy(test::random_values(run.input().size(), 1), run.input().begin());
  run.forward();
  std::ranges::copy(test::random_values(run.input().size(), 2), run.output_gradient().begin());
  run.backward();
  std::vector<float> dx(run.input().size());
  for (std::size_t c = 0; c < channels; ++c) {
    const auto sums = xs::kernels::reference::batch_norm_gradient(
        run.input().data() + c, run.output_gradient().data() + c, dx.data() + c, rows, channels, 1.0, 1e-5);
    CHECK(static_cast<double>(run.parameter_gradient(0)[c]) == doctest::Approx(sums.gamma).epsilon(1e-4));
    CHECK(static_cast<double>(run.parameter_gradient(1)[c]) == doctest::Approx(sums.beta).epsilon(1e-4));
  }
  CHECK(test::largest_error(run.input_gradient(), dx) < 1e-5);
}

TEST_CASE("the same bits on any number of threads") { test::check_threads<Norm, Dims{23, 17, 20}>(9); }

TEST_CASE("settings") {
  using Slow = BatchNorm<"slow", Epsilon<Ratio{1, 1000}>, Momentum<Ratio{1, 2}>>;
  xs::RunLayer<Slow, Dims{1, 1, 1}> run({.batch = 2});
  std::ranges::copy(std::vector{1.0F, 3.0F}, run.input().begin());
  run.forward();
  CHECK(run.buffer_update(2)[0] == 1.0F);                  // half way from 0 to 2
  CHECK(run.buffer_update(3)[0] == doctest::Approx(1.5));  // half way from 1 to the unbiased 2
  CHECK(run.output()[1] == doctest::Approx(1.0 / std::sqrt(1.001)));
  static_assert(Slow::parameters(Dims{1, 1, 1})[0].weight_decay_multiplier == 0.0F);
  CHECK(xs::to_string(Slow::attributes()[0]) == "momentum 1/2");
  CHECK(xs::to_string(Slow::attributes()[1]) == "epsilon 1/1000");
  static_assert(xs::traits::unknown_option<Slow>().empty());
  CHECK(xs::traits::unknown_option<BatchNorm<"n", xs::NoBias>>().find("NoBias") != std::string_view::npos);
}

TEST_CASE("a NaN spoils its channel and no other") {
  xs::RunLayer<Norm, Dims{3, 3, 20}> run;
  std::ranges::copy(test::random_values(run.input().size(), 4), run.input().begin());
  run.input()[7] = NAN;
  run.forward();
  for (std::size_t i = 0; i < run.output().size(); ++i) CHECK(std::isnan(run.output()[i]) == (i % 20 == 7));
}

TEST_CASE("a batch of a single row is its bias and leaves the running statistics as they are") {
  xs::RunLayer<Norm, Dims{1, 1, 3}> run({.batch = 1});
  std::ranges::fill(run.input(), 5.0F);
  std::ranges::copy(std::vector{0.25F, -1.0F, 3.0F}, run.parameter(2).begin());
  std::ranges::copy(std::vector{2.0F, 0.5F, 1.0F}, run.parameter(3).begin());
  run.forward();
  for (const float y : run.output()) CHECK(y == 0.0F);
  CHECK(test::same_bits(run.buffer_update(2), run.parameter(2)));
  CHECK(test::same_bits(run.buffer_update(3), run.parameter(3)));
  // One sample of two pixels has two rows, and moves them.
  xs::RunLayer<Norm, Dims{1, 2, 1}> pixels({.batch = 1});
  std::ranges::copy(std::vector{1.0F, 3.0F}, pixels.input().begin());
  pixels.forward();
  CHECK(pixels.buffer_update(2)[0] == doctest::Approx(0.2));
  CHECK(pixels.buffer_update(3)[0] == doctest::Approx(1.1));
}

TEST_CASE("running statistics are written where they are asked for, never into the parameters") {
  xs::RunLayer<Norm, golden_in> run({.batch = 3});
  prepare(run);
  for (int pass = 0; pass < 50; ++pass) run.forward();
  CHECK(test::same_bits(run.parameter(2), before_running_mean));
  CHECK(test::same_bits(run.parameter(3), before_running_var));
  CHECK(test::largest_error(run.buffer_update(2), after_running_mean) < 1e-6);
  // Nobody wants them: a gradient check.
  Norm::forward<golden_in>(xs::ForwardCall{
      .batch = 3,
      .input = run.input().data(),
      .output = run.output().data(),
      .parameters =
          std::array<const float*, 4>{before_weight, before_bias, before_running_mean, before_running_var}.data(),
      .saved = run.saved().data(),
      .workspace = xs::Memory(Norm::workspace(golden_in).bytes(3)).data(),
      .threads = threads(),
      .training = true});
  CHECK(test::largest_error(run.output(), norm_y) < 2e-6);
}
