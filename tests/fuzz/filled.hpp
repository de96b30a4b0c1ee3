#pragma once
/// \file
/// A small network that files are read into: a refusal leaves it as it was, what is accepted is finite.
#include "fuzz.hpp"

#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/any_net.hpp>

#include <cmath>
#include <cstring>

namespace fuzz {

using Net = xs::OneTask<
    xs::Tower<"a", xs::Shape<3, 3, 1>, xs::Conv<"conv", 2, 2>, xs::Relu, xs::Linear<"fc", 2>, xs::SoftmaxCrossEntropy>>;

inline std::vector<float> all_values(const xs::AnyNet& net) {
  std::vector<float> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all.insert(all.end(), net.parameter(i).begin(), net.parameter(i).end());
  return all;
}

/// A network that each input finds alike.
struct Filled {
  Net net{xs::seed(1)};
  std::vector<float> values = all_values(net);
  template <class Read>
  void run(std::uint64_t bytes, std::string_view name, const Read& read) {
    const bool taken = accepted(bytes, name, read);
    const std::vector<float> now = all_values(net);
    for (const float value : now) XSTITCH_FUZZ_REQUIRE(std::isfinite(value));
    XSTITCH_FUZZ_REQUIRE(taken || std::memcmp(now.data(), values.data(), now.size() * sizeof(float)) == 0);
    std::size_t at = 0;
    for (std::size_t i = 0; i < net.parameters().size(); ++i)
      for (float& value : net.mutable_parameter(i)) value = values[at++];
  }
};

}  // namespace fuzz
