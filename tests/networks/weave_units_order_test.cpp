// The units beside the paper's: towers in another order, and bf16.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "weave_units.hpp"

namespace xs = xstitch;
using support::random_batch;
using namespace weave_units;

namespace {

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

}  // namespace

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
