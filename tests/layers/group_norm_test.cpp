#include <xstitch/layers/group_norm.hpp>
#include <xstitch/layers/layer_norm.hpp>
#include <xstitch/layers/relu.hpp>

#include <vector>

#include "../golden/group_norm.inc"
#include "compare.hpp"

namespace xs = xstitch;
using xs::Dims, xs::Epsilon, xs::GroupNorm, xs::LayerNorm, xs::OverChannels, xs::Ratio;

namespace {

struct Golden {
  std::span<const float> x, y, dy, dx, weight, bias, dweight, dbias;
};

template <class L, Dims In>
void check(const Golden& g) {
  xs::RunLayer<L, In> run({.batch = g.x.size() / In.size(), .threads = 2});
  std::ranges::copy(g.weight, run.parameter(0).begin());
  std::ranges::copy(g.bias, run.parameter(1).begin());
  for (const bool training : {false, true}) {
    std::ranges::copy(g.x, run.input().begin());
    run.forward(training);
    CHECK(test::largest_error(run.output(), g.y) < 4e-6);
  }
  std::ranges::copy(g.dy, run.output_gradient().begin());
  run.backward();
  CHECK(test::largest_error(run.input_gradient(), g.dx) < 4e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), g.dweight) < 1e-5);
  CHECK(test::largest_error(run.parameter_gradient(1), g.dbias) < 4e-6);
  CHECK(run.fault() == "");
}

/// One statistic of a sample: the elements that `inside(p, c)` names, in double; `weight` of element i of a sample.
template <class L, Dims In, class Part, class Weight>
void sweep(std::size_t batch, std::size_t parts, double epsilon, const Part& part, const Weight& weight_of) {
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 5U}) {
    xs::RunLayer<L, In> run({.batch = batch, .threads = threads});
    const std::vector<float> x = test::random_values(run.input().size(), 1, 49.0F, 51.0F);  // a mean far from zero
    std::ranges::copy(x, run.input().begin());
    std::ranges::copy(test::random_values(run.parameter(0).size(), 2), run.parameter(0).begin());
    std::ranges::copy(test::random_values(run.parameter(1).size(), 3), run.parameter(1).begin());
    run.forward();
    const std::vector<float> dy = test::random_values(run.output_gradient().size(), 4);
    std::ranges::copy(dy, run.output_gradient().begin());
    const std::vector<float> y(run.output().begin(), run.output().end());
    run.backward();
    std::vector<float> found(y);
    for (const std::span<float> s : {run.input_gradient(), run.parameter_gradient(0), run.parameter_gradient(1)})
      found.insert(found.end(), s.begin(), s.end());
    if (threads > 1) {
      CHECK(test::same_bits(found, first));
      continue;
    }
    first = found;
    std::vector<double> ey(y.size()), dx(y.size()), dw(run.parameter(0).size()), db(run.parameter(1).size());
    for (std::size_t n = 0; n < batch; ++n)
      for (std::size_t q = 0; q < parts; ++q) {
        std::vector<std::size_t> at;
        for (std::size_t i = 0; i < In.size(); ++i)
          if (part(i) == q) at.push_back(i);
        double mean = 0, variance = 0, whole = 0, along = 0;
        const auto m = static_cast<double>(at.size());
        for (const std::size_t i : at) mean += static_cast<double>(x[n * In.size() + i]) / m;
        for (const std::size_t i : at) variance += std::pow(static_cast<double>(x[n * In.size() + i]) - mean, 2) / m;
        const double inverse = 1 / std::sqrt(variance + epsilon);
        for (const std::size_t i : at) {
          const std::size_t k = n * In.size() + i, w = weight_of(i);
          const double normal = (static_cast<double>(x[k]) - mean) * inverse, g = static_cast<double>(dy[k]);
          ey[k] = normal * static_cast<double>(run.parameter(0)[w]) + static_cast<double>(run.parameter(1)[w]);
          dw[w] += g * normal;
          db[w] += g;
          whole += g * static_cast<double>(run.parameter(0)[w]) / m;
          along += g * static_cast<double>(run.parameter(0)[w]) * normal / m;
        }
        for (const std::size_t i : at) {
          const std::size_t k = n * In.size() + i;
          const double normal = (static_cast<double>(x[k]) - mean) * inverse;
          const double g = static_cast<double>(dy[k]) * static_cast<double>(run.parameter(0)[weight_of(i)]);
          dx[k] = inverse * (g - whole - normal * along);
        }
      }
    const auto close = [](std::span<const float> a, const std::vector<double>& b, double tolerance) {
      return test::largest_error(a, std::vector<float>(b.begin(), b.end())) < tolerance;
    };
    CHECK(close(y, ey, 3e-5));
    CHECK(close(run.input_gradient(), dx, 3e-5));
    CHECK(close(run.parameter_gradient(0), dw, 2e-4));
    CHECK(close(run.parameter_gradient(1), db, 2e-5));
  }
}

template <int Groups, Dims In>
void sweep_groups(std::size_t batch) {
  constexpr auto channels = static_cast<std::size_t>(In.channels);
  sweep<GroupNorm<"n", Groups>, In>(
      batch, Groups, 1e-5, [](std::size_t i) { return i % channels / (channels / Groups); },
      [](std::size_t i) { return i % channels; });
}

}  // namespace

TEST_CASE("values and gradients are PyTorch's") {
  check<GroupNorm<"n", 3>, Dims{3, 4, 6}>({groups_3_x, groups_3_y, groups_3_dy, groups_3_dx, groups_3_weight,
                                           groups_3_bias, groups_3_dweight, groups_3_dbias});
  check<GroupNorm<"n", 1, Epsilon<Ratio{1, 4}>>, Dims{3, 2, 5}>({groups_1_x, groups_1_y, groups_1_dy, groups_1_dx,
                                                                 groups_1_weight, groups_1_bias, groups_1_dweight,
                                                                 groups_1_dbias});
  check<LayerNorm<"n">, Dims{3, 2, 5}>({layer_all_x, layer_all_y, layer_all_dy, layer_all_dx, layer_all_weight,
                                        layer_all_bias, layer_all_dweight, layer_all_dbias});
  check<LayerNorm<"n", Epsilon<Ratio{1, 100}>, OverChannels>, Dims{2, 3, 7}>(
      {layer_channels_x, layer_channels_y, layer_channels_dy, layer_channels_dx, layer_channels_weight,
       layer_channels_bias, layer_channels_dweight, layer_channels_dbias});
}

TEST_CASE("the formula in double, with tails and several tasks; the same bits on any number of threads") {
  sweep_groups<5, Dims{37, 29, 20}>(2);
  sweep_groups<2, Dims{3, 3, 6}>(3);
  sweep_groups<33, Dims{5, 4, 33}>(2);  // instance normalisation
  sweep_groups<1, Dims{1, 1, 40}>(3);
  constexpr Dims in{17, 13, 21};
  sweep<LayerNorm<"n">, in>(
      35, 1, 1e-5, [](std::size_t) { return 0U; }, [](std::size_t i) { return i; });
  sweep<LayerNorm<"n", OverChannels>, in>(
      3, in.pixels(), 1e-5, [](std::size_t i) { return i / 21; }, [](std::size_t i) { return i % 21; });
}

TEST_CASE("gradients by differences") {
  const xs::GradientCheckOptions options{.step = 1.0F / 128.0F, .tolerance = 5e-3, .parameter_noise = 0.25F};
  test::check_gradients<GroupNorm<"n", 2>, xs::Shape<3, 2, 6>>(options);
  test::check_gradients<LayerNorm<"n">, xs::Shape<3, 2, 5>>(options);
  test::check_gradients<LayerNorm<"n", OverChannels>, xs::Shape<2, 3, 5>>(options);
}

TEST_CASE("parameters, settings and options") {
  static_assert(GroupNorm<"n", 3>::parameters({4, 5, 6})[0].weight_decay_multiplier == 0.0F);
  static_assert(!GroupNorm<"n", 4>::output_shape({4, 5, 6}).valid());
  static_assert(LayerNorm<"n">::parameters({4, 5, 6})[0].extents == xs::Extents(4, 5, 6));
  static_assert(LayerNorm<"n">::parameters({4, 5, 6})[1].axes == "HWC");
  static_assert(LayerNorm<"n">::parameters({1, 1, 6})[0].extents == xs::Extents(6));
  static_assert(LayerNorm<"n", OverChannels, xs::Frozen>::parameters({4, 5, 6})[0].extents == xs::Extents(6));
  static_assert(LayerNorm<"n", xs::Frozen>::parameters({4, 5, 6})[1].learning_rate_multiplier == 0.0F);
  static_assert(GroupNorm<"n", 3>::fuses<xs::Relu::fusion>);
  CHECK(!GroupNorm<"n", 3, OverChannels>::unknown_option.empty());
  CHECK(!LayerNorm<"n", xs::Momentum<Ratio{1, 2}>>::unknown_option.empty());
}

TEST_CASE("a NaN stays within its sample") {
  xs::RunLayer<GroupNorm<"n", 2>, Dims{2, 2, 4}> run({.batch = 2});
  run.initialize();
  std::ranges::copy(test::random_values(32, 1), run.input().begin());
  run.input()[0] = NAN;  // group 0 of sample 0
  run.forward();
  for (std::size_t i = 0; i < 32; ++i) CHECK(std::isnan(run.output()[i]) == (i < 16 && i % 4 < 2));
}
