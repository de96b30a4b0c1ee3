#pragma once
/// \file
/// What normalisations without running statistics have in common: weight (initially 1, no weight decay) and bias (0) of
/// the same extents, and the options Epsilon<e> (1/100000) and Frozen.

#include <xstitch/core/parameter.hpp>
#include <xstitch/layers/options.hpp>

#include <array>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace layer_details {

struct NormKnows {
  template <class Option>
  static constexpr bool of = options::is<Epsilon, Option> || options::has<Option, Frozen>;
};

template <class... Options>
constexpr Ratio norm_epsilon() {
  constexpr Ratio epsilon = options::FindValue<Epsilon, Epsilon<Ratio{1, 100000}>, Options...>::type::value;
  static_assert(epsilon.value() > 0.0F, "xstitch: the epsilon of a normalisation is positive");
  return epsilon;
}

/// `axes`: letters for the extents, as in ParameterSpec.
template <class... Options>
constexpr std::array<ParameterSpec, 2> norm_parameters(Extents extents, std::string_view axes) {
  constexpr float rate = options::has<Frozen, Options...> ? 0.0F : 1.0F;
  return {ParameterSpec{.name = "weight",
                        .extents = extents,
                        .initializer = Initializer::constant(1.0F),
                        .learning_rate_multiplier = rate,
                        .weight_decay_multiplier = 0.0F,
                        .axes = axes},
          ParameterSpec{.name = "bias",
                        .extents = extents,
                        .initializer = Initializer::constant(0.0F),
                        .group = ParameterGroup::bias,
                        .learning_rate_multiplier = rate,
                        .axes = axes}};
}

}  // namespace layer_details
}  // namespace xstitch::inline XSTITCH_ISA
