// The units beside the paper's, in whole networks: NDDR, sluice, rows on the simplex, alone and at seams of one
// network.
#include <doctest/doctest.h>
#include <xstitch/run/describe.hpp>
#include <xstitch/train/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "weave_units.hpp"

namespace xs = xstitch;
using support::random_batch;
using namespace weave_units;

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
