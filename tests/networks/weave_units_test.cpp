// The units beside the paper's, in whole networks: NDDR, sluice, rows on the simplex, alone and at seams of one
// network.
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/run/describe.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/weave/units/nddr.hpp>
#include <xstitch/weave/units/simplex.hpp>
#include <xstitch/weave/units/sluice.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

/// A map of 3 x 4 pixels with 6 channels at "map", a vector of 4 at "vector".
template <xs::FixedString Name, int Channels>
using Tower = xs::Tower<Name, xs::Shape<3, 4, Channels>, xs::Conv<"c1", 6, 1>, xs::Tanh, xs::Seam<"map">,
                        xs::Conv<"c2", 2, 3>, xs::Tanh, xs::Dropout<>, xs::Linear<"f1", 4>, xs::Tanh,
                        xs::Seam<"vector">, xs::Linear<"f2", 3>, SmallOutput>;
using A = Tower<"a", 2>;
using B = Tower<"b", 1>;
using C = Tower<"c", 3>;
using D = Tower<"d", 1>;
/// Every tower gets numbers that hang on its name alone, and labels too.
xs::Batch by_name(const xs::AnyNet& net, std::size_t size, std::uint64_t seed) {
  xs::Batch batch = random_batch(net, size, seed);
  for (std::size_t s = 0; s < net.inputs().size(); ++s)
    for (std::size_t i = 0; i < batch.inputs[s].size(); ++i)
      batch.inputs[s][i] = xs::RandomKey(xs::seed(seed)).with(net.inputs()[s].name()).normal(i);
  return batch;
}

/// After some steps: what each tower predicts, by name, and every parameter that is a tower's own.
template <class Net>
std::map<std::string, std::vector<float>> trained_by_name() {
  Net net{xs::seed(3)};
  xs::ThreadPool threads(2);
  xs::Training training(net, support::Descent{});
  for (std::uint64_t step = 0; step < 3; ++step)
    CHECK(training.step(by_name(net, 5, step), {.step = step}, threads).finite);
  net.evaluate(by_name(net, 4, 9), threads);
  std::map<std::string, std::vector<float>> all;
  for (std::size_t h = 0; h < net.heads().size(); ++h)
    all[net.heads()[h].name()] = {net.prediction(h).begin(), net.prediction(h).end()};
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (net.parameters()[i].spec.group != xs::ParameterGroup::stitch)
      all[net.parameters()[i].name] = {net.parameter(i).begin(), net.parameter(i).end()};
  return all;
}
template <class First, class Second>
void same_in_another_order() {
  const auto first = trained_by_name<First>(), second = trained_by_name<Second>();
  REQUIRE(first.size() == second.size());
  for (const auto& [name, values] : first) {
    CAPTURE(name);
    REQUIRE(second.contains(name));
    CHECK(support::same_bits(values, second.at(name)));
  }
}

xs::Batch random_on_each(const xs::AnyNet& net, std::size_t size, std::uint64_t seed) {
  return random_batch(net, size, seed);
}

/// Gradients of every parameter in both precisions differ by no more than rounding to bf16 explains: 2^-9 a number, and
/// a gradient is made of products of rounded numbers, some of them twice or more rounded on their way.
template <class Fp32, class Bf16>
void close_in_bf16() {
  Fp32 exact{xs::seed(2)};
  Bf16 rounded{xs::seed(2)};
  xs::ThreadPool threads(2);
  const xs::Batch batch = random_batch(exact, 6, 1);
  xs::Training one(exact), two(rounded);
  CHECK(one.compute_gradients(batch, 0, threads).finite);
  CHECK(two.compute_gradients(batch, 0, threads).finite);
  for (std::size_t i = 0; i < exact.parameters().size(); ++i) {
    const auto a = one.gradient(i), b = two.gradient(i);
    double largest = 0, error = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      largest = std::max(largest, std::abs(static_cast<double>(a[k])));
      error = std::max(error, std::abs(static_cast<double>(a[k]) - static_cast<double>(b[k])));
    }
    CAPTURE(exact.parameters()[i].name);
    CHECK(error < 0.03 * largest);
    CHECK(largest > 0);
  }
}

template <class Map, class Vector, class... More>
using Net = xs::CrossStitch<xs::UnitAt<"map", Map>, xs::UnitAt<"vector", Vector>, More...>;

}  // namespace

TEST_CASE("gradients with dropout, on any threads: two towers") {
  checks::all<xs::CrossStitch<xs::Unit<xs::Nddr<>>, A, B>>(150);
  checks::all<xs::CrossStitch<xs::Unit<xs::Sluice<>>, A, B>>(120);
  checks::all<xs::CrossStitch<xs::Unit<xs::Simplex<>>, A, B>>(120);
}

TEST_CASE("a unit of its own for each seam: two, three and four towers") {
  checks::all<Net<xs::Nddr<>, xs::Sluice<>, A, B, C>>(200);
  checks::all<Net<xs::Sluice<3>, xs::Simplex<false>, C, B, A>>(200);
  checks::all<Net<xs::CrossStitchUnit<>, xs::Nddr<>, A, C>>(150);
  checks::all<Net<xs::Simplex<>, xs::Nddr<>, A, D, B, C>>(250);
}

TEST_CASE("towers written in another order: the same bits") {
  using xs::Unit;
  same_in_another_order<xs::CrossStitch<Unit<xs::Nddr<>>, A, B, C>, xs::CrossStitch<C, A, Unit<xs::Nddr<>>, B>>();
  same_in_another_order<xs::CrossStitch<Unit<xs::Sluice<>>, A, B, C>, xs::CrossStitch<C, A, Unit<xs::Sluice<>>, B>>();
  same_in_another_order<xs::CrossStitch<Unit<xs::Simplex<>>, A, B>, xs::CrossStitch<B, A, Unit<xs::Simplex<>>>>();
  same_in_another_order<Net<xs::Nddr<>, xs::Simplex<>, A, B, C, D>, Net<xs::Nddr<>, xs::Simplex<>, D, B, A, C>>();
}

TEST_CASE("bf16: the same bits on any threads, gradients close to those of fp32, alphas never rounded") {
  using Pair = Net<xs::Nddr<>, xs::Nddr<>, A, B>;
  using Rounded = Net<xs::Nddr<>, xs::Nddr<>, xs::Bfloat16, A, B>;
  close_in_bf16<Pair, Rounded>();
  close_in_bf16<Net<xs::Sluice<>, xs::Simplex<>, A, B, C>, Net<xs::Sluice<>, xs::Simplex<>, xs::Bfloat16, A, B, C>>();
  const std::vector<float> one = checks::trained<Rounded>(random_on_each, 1);
  CHECK(support::same_bits(checks::trained<Rounded>(random_on_each, 3), one));
  CHECK_FALSE(support::same_bits(checks::trained<Pair>(random_on_each, 3), one));
}

TEST_CASE("names, extents and numbers of parameters; what describe says") {
  using Mixed = Net<xs::Nddr<>, xs::Simplex<>, A, B, C>;
  const Mixed net{xs::seed(1)};
  const auto extents = [&](const char* name) { return net.parameters()[net.find_parameter(name)].spec.extents; };
  REQUIRE(net.find_parameter("stitch.map.weight") != xs::AnyNet::npos);
  REQUIRE(net.find_parameter("stitch.vector.logit") != xs::AnyNet::npos);
  CHECK(extents("stitch.map.weight") == xs::Extents(3, 3, 6, 6));
  CHECK(extents("stitch.vector.logit") == xs::Extents(3, 3, 4));
  const xs::CrossStitch<xs::Unit<xs::Sluice<>>, A, B> sluice{xs::seed(1)};
  REQUIRE(sluice.find_parameter("stitch.map.alpha") != xs::AnyNet::npos);
  CHECK(sluice.parameter(sluice.find_parameter("stitch.map.alpha")).size() == 16);
  const std::string table = xs::describe<Mixed>();
  for (const char* word : {"Nddr", "Simplex", "map", "vector"}) CHECK(table.find(word) != std::string::npos);
}

TEST_CASE("alpha_multiplier is of every unit's parameters, and weight decay of none") {
  const auto moved = [](float alpha_multiplier, float weight_decay) {
    Net<xs::Nddr<>, xs::Simplex<>, A, B, C> net{xs::seed(1)};
    std::vector<float> change;
    const auto add = [&](float sign) {
      for (std::size_t i = 0; i < net.parameters().size(); ++i)
        if (net.parameters()[i].name.starts_with("stitch."))
          for (const float value : net.parameter(i)) change.push_back(sign * value);
    };
    add(-1);
    const std::size_t count = change.size();
    xs::Training training(
        net, xs::Sgd{.learning_rate = 1e-3F, .weight_decay = weight_decay, .alpha_multiplier = alpha_multiplier});
    xs::ThreadPool threads(1);
    CHECK(training.step(random_batch(net, 5, 1), {}, threads).finite);
    add(1);
    for (std::size_t i = 0; i < count; ++i) change[i] += change[count + i];
    change.resize(count);
    return change;
  };
  const std::vector<float> one = moved(1, 0), many = moved(64, 0), decayed = moved(64, 0.5F);
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(many[i])));
    error = std::max(error, std::abs(static_cast<double>(many[i]) - 64 * static_cast<double>(one[i])));
  }
  CHECK(largest > 1e-4);
  CHECK(error < 64 * 2e-7);  // a weight near 1 is rounded to 2^-24
  CHECK(support::same_bits(many, decayed));
}
