#pragma once
/// \file
/// Initial values that the options of a layer with weights ask for.

#include <xstitch/core/parameter.hpp>
#include <xstitch/layers/options.hpp>

namespace xstitch::inline XSTITCH_ISA {

namespace options {

/// Whether the option belongs to layers with weights: initial values, no bias, not trained.
template <class Option>
constexpr bool of_weights =
    has<Option, He, Xavier, PyTorchInitializer, BilinearInitializer, ZeroInitializer, NoBias, Frozen> ||
    is<Gaussian, Option> || is<InitialBias, Option>;

}  // namespace options

/// Of the weight: He unless Gaussian, Xavier, PyTorchInitializer, BilinearInitializer or ZeroInitializer is given.
template <class... Options>
constexpr Initializer weight_initializer() {
  static_assert(int{options::has<He, Options...>} + options::has<Xavier, Options...> +
                        options::has<PyTorchInitializer, Options...> + options::has<ZeroInitializer, Options...> +
                        options::has<BilinearInitializer, Options...> + (0 + ... + options::is<Gaussian, Options>) <=
                    1,
                "xstitch: a layer's weight can be filled in one way only");
  if constexpr ((options::is<Gaussian, Options> || ...))
    return Initializer::gaussian(options::FindValue<Gaussian, Gaussian<Ratio{}>, Options...>::type::value.value());
  else if constexpr (options::has<Xavier, Options...>)
    return Initializer::xavier();
  else if constexpr (options::has<PyTorchInitializer, Options...>)
    return Initializer::pytorch();
  else if constexpr (options::has<BilinearInitializer, Options...>)
    return Initializer::bilinear();
  else if constexpr (options::has<ZeroInitializer, Options...>)
    return Initializer::constant(0.0F);
  else
    return Initializer::he();
}

/// Of the bias: InitialBias, else uniform with PyTorchInitializer, else 0.
template <class... Options>
constexpr Initializer bias_initializer() {
  if constexpr (options::has<PyTorchInitializer, Options...>)
    return Initializer::pytorch();
  else
    return Initializer::constant(
        options::FindValue<InitialBias, InitialBias<Ratio{0}>, Options...>::type::value.value());
}

}  // namespace xstitch::inline XSTITCH_ISA
