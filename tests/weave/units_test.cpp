// Weave units as operations: against PyTorch, against differences, and what they start from.
#include "../golden/units.inc"
#include "../layers/compare.hpp"

#include <xstitch/core/error.hpp>
#include <xstitch/weave/units/cross_stitch_unit.hpp>
#include <xstitch/weave/units/nddr.hpp>
#include <xstitch/weave/units/simplex.hpp>
#include <xstitch/weave/units/sluice.hpp>

#include <cmath>
#include <span>
#include <vector>

namespace xs = xstitch;
using xs::Dims;
using xs::Shapes;

namespace {

using Floats = std::span<const float>;
struct Golden {
  Floats x, parameter, y, dy, dx, gradient;
};

/// Values of all towers, one tower after the other, in or out of a run.
template <class Tensor>
std::vector<float> gather(std::size_t towers, const Tensor& tensor) {
  std::vector<float> all;
  for (std::size_t t = 0; t < towers; ++t) all.insert(all.end(), tensor(t).begin(), tensor(t).end());
  return all;
}
template <class Tensor>
void scatter(std::size_t towers, Floats all, const Tensor& tensor) {
  for (std::size_t t = 0; t < towers; ++t)
    std::ranges::copy(all.subspan(t * (all.size() / towers), all.size() / towers), tensor(t).begin());
}

template <class Unit, auto In>
void check(const Golden& golden) {
  constexpr std::size_t towers = In.size();
  xs::RunOperation<Unit, In> run({.batch = 2, .threads = 2});
  REQUIRE(run.parameter(0).size() == golden.parameter.size());
  REQUIRE(golden.x.size() == towers * 2 * In[0].size());
  scatter(towers, golden.x, [&](std::size_t t) { return run.input(t); });
  std::ranges::copy(golden.parameter, run.parameter(0).begin());
  run.forward();
  CHECK(test::largest_error(gather(towers, [&](std::size_t t) { return run.output(t); }), golden.y) < 1e-6);
  scatter(towers, golden.dy, [&](std::size_t t) { return run.output_gradient(t); });
  run.backward();
  CHECK(test::largest_error(gather(towers, [&](std::size_t t) { return run.input_gradient(t); }), golden.dx) < 1e-6);
  CHECK(test::largest_error(run.parameter_gradient(0), golden.gradient) < 2e-6);
  CHECK(run.fault() == "");
}

template <class Unit, auto In>
void differences() {
  const xs::GradientReport report = xs::check_operation_gradients<Unit, In>();
  CHECK_MESSAGE(report.ok, report.text());
}

/// Initial values of the only parameter.
template <class Unit, auto In>
std::vector<float> start() {
  xs::RunOperation<Unit, In> run;
  run.initialize();
  const std::span<const float> values = run.parameter(0);
  return {values.begin(), values.end()};
}

constexpr Shapes two_maps{Dims{2, 3, 6}, Dims{2, 3, 6}};
constexpr Shapes two_vectors{Dims{1, 1, 6}, Dims{1, 1, 6}};
constexpr Shapes three_maps{Dims{3, 3, 4}, Dims{3, 3, 4}, Dims{3, 3, 4}};
constexpr Shapes two_wide{Dims{1, 7, 34}, Dims{1, 7, 34}};
// Rows of a sample are pixels, too.
constexpr Shapes two_of_rows{xs::TensorShape(Dims{1, 2, 4}, 3), xs::TensorShape(Dims{1, 2, 4}, 3)};

}  // namespace

TEST_CASE("Nddr: a 1x1 convolution over the concatenated towers, as PyTorch's") {
  check<xs::Nddr<>, Shapes{Dims{3, 2, 3}, Dims{3, 2, 3}}>(
      {nddr_map_x, nddr_map_parameter, nddr_map_y, nddr_map_dy, nddr_map_dx, nddr_map_gradient});
  check<xs::Nddr<>, Shapes{Dims{1, 1, 4}, Dims{1, 1, 4}, Dims{1, 1, 4}}>(
      {nddr_vector_x, nddr_vector_parameter, nddr_vector_y, nddr_vector_dy, nddr_vector_dx, nddr_vector_gradient});
}

TEST_CASE("Sluice: subspaces of all towers, as PyTorch computes it") {
  check<xs::Sluice<2>, Shapes{Dims{2, 2, 6}, Dims{2, 2, 6}}>(
      {sluice_x, sluice_parameter, sluice_y, sluice_dy, sluice_dx, sluice_gradient});
  check<xs::Sluice<3>, Shapes{Dims{2, 1, 3}, Dims{2, 1, 3}, Dims{2, 1, 3}}>({sluice_three_x, sluice_three_parameter,
                                                                             sluice_three_y, sluice_three_dy,
                                                                             sluice_three_dx, sluice_three_gradient});
}

TEST_CASE("Simplex: a softmax over the towers, as PyTorch computes it") {
  check<xs::Simplex<>, Shapes{Dims{2, 2, 3}, Dims{2, 2, 3}}>({simplex_channel_x, simplex_channel_parameter,
                                                              simplex_channel_y, simplex_channel_dy, simplex_channel_dx,
                                                              simplex_channel_gradient});
  check<xs::Simplex<false>, Shapes{Dims{1, 3, 2}, Dims{1, 3, 2}, Dims{1, 3, 2}}>(
      {simplex_layer_x, simplex_layer_parameter, simplex_layer_y, simplex_layer_dy, simplex_layer_dx,
       simplex_layer_gradient});
}

TEST_CASE("gradients by differences") {
  differences<xs::Nddr<>, two_maps>();
  differences<xs::Nddr<>, two_vectors>();
  differences<xs::Nddr<>, three_maps>();
  differences<xs::Nddr<>, two_wide>();
  differences<xs::Nddr<>, two_of_rows>();
  differences<xs::Sluice<>, two_maps>();
  differences<xs::Sluice<3>, two_vectors>();
  differences<xs::Sluice<4>, three_maps>();
  differences<xs::Sluice<2>, two_wide>();
  differences<xs::Simplex<>, two_maps>();
  differences<xs::Simplex<false>, three_maps>();
  differences<xs::Simplex<>, two_wide>();
}

TEST_CASE("initial values: alpha on the diagonal, the rest spread over the other towers or subspaces") {
  const std::vector<float> nddr = start<xs::Nddr<xs::Ratio{3, 4}, xs::Ratio{1, 4}>, three_maps>();
  for (std::size_t i = 0; i < nddr.size(); ++i) {
    const std::size_t out = i % 4, in = i / 4 % 4, from = i / 16 % 3, to = i / 48;
    CHECK(nddr[i] == (in != out ? 0.0F : to == from ? 0.75F : 0.125F));
  }
  const std::vector<float> sluice = start<xs::Sluice<2, xs::Ratio{1, 2}, xs::Ratio{3, 8}>, two_maps>();
  for (std::size_t i = 0; i < 16; ++i) CHECK(sluice[i] == (i % 5 == 0 ? 0.5F : 0.125F));
  const std::vector<float> logit = start<xs::Simplex<false, xs::Ratio{4, 5}, xs::Ratio{1, 5}>, three_maps>();
  for (std::size_t i = 0; i < 9; ++i) CHECK(logit[i] == std::log(i % 4 == 0 ? 0.8F : 0.2F / 2));
}

TEST_CASE("Simplex: y of towers that are alike is what they are, whatever the logits, and large ones do not overflow") {
  xs::RunOperation<xs::Simplex<>, two_maps> run({.batch = 3});
  const std::vector<float> x = test::random_values(run.input(0).size(), 1);
  const std::vector<float> logits = test::random_values(run.parameter(0).size(), 2, -200.0F, 200.0F);
  for (std::size_t t = 0; t < 2; ++t) std::ranges::copy(x, run.input(t).begin());
  std::ranges::copy(logits, run.parameter(0).begin());
  run.forward();
  for (std::size_t t = 0; t < 2; ++t) CHECK(test::largest_error(run.output(t), x) < 1e-6);
}

TEST_CASE("Sluice of one subspace is the paper's unit with one matrix a layer") {
  xs::RunOperation<xs::Sluice<1>, three_maps> sluice({.batch = 2});
  xs::RunOperation<xs::CrossStitchUnit<false>, three_maps> paper({.batch = 2});
  const auto run = [](auto& unit) {
    for (std::size_t t = 0; t < 3; ++t)
      std::ranges::copy(test::random_values(unit.input(t).size(), t), unit.input(t).begin());
    std::ranges::copy(test::random_values(9, 7), unit.parameter(0).begin());
    unit.forward();
    for (std::size_t t = 0; t < 3; ++t)
      std::ranges::copy(test::random_values(unit.input(t).size(), 9 + t), unit.output_gradient(t).begin());
    unit.backward();
  };
  run(sluice);
  run(paper);
  for (std::size_t t = 0; t < 3; ++t) {
    CHECK(test::same_bits(sluice.output(t), paper.output(t)));
    CHECK(test::same_bits(sluice.input_gradient(t), paper.input_gradient(t)));
  }
  CHECK(test::same_bits(sluice.parameter_gradient(0), paper.parameter_gradient(0)));
}
