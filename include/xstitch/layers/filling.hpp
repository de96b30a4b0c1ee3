#pragma once
/// \file
/// First values that the options of a layer with weights ask for.

#include <xstitch/core/parameter.hpp>
#include <xstitch/layers/options.hpp>

namespace xstitch::inline XSTITCH_ISA {

namespace options {

/// Whether the option belongs to layers with weights: first values, no bias, not trained.
template <class Option>
constexpr bool of_weights = has<Option, He, Xavier, PyTorchFill, BilinearFill, ZeroFill, NoBias, Frozen> ||
                            is<Gaussian, Option> || is<BiasFill, Option>;

}  // namespace options

/// Of the weight: He unless Gaussian, Xavier, PyTorchFill, BilinearFill or ZeroFill is given.
template <class... Options>
constexpr Fill weight_fill() {
  static_assert(int{options::has<He, Options...>} + options::has<Xavier, Options...> +
                        options::has<PyTorchFill, Options...> + options::has<ZeroFill, Options...> +
                        options::has<BilinearFill, Options...> + (0 + ... + options::is<Gaussian, Options>) <=
                    1,
                "xstitch: a layer's weight can be filled in one way only");
  if constexpr ((options::is<Gaussian, Options> || ...))
    return Fill::gaussian(options::FindValue<Gaussian, Gaussian<Ratio{}>, Options...>::type::value.value());
  else if constexpr (options::has<Xavier, Options...>)
    return Fill::xavier();
  else if constexpr (options::has<PyTorchFill, Options...>)
    return Fill::pytorch();
  else if constexpr (options::has<BilinearFill, Options...>)
    return Fill::bilinear();
  else if constexpr (options::has<ZeroFill, Options...>)
    return Fill::constant(0.0F);
  else
    return Fill::he();
}

/// Of the bias: BiasFill, else uniform with PyTorchFill, else 0.
template <class... Options>
constexpr Fill bias_fill() {
  if constexpr (options::has<PyTorchFill, Options...>)
    return Fill::pytorch();
  else
    return Fill::constant(options::FindValue<BiasFill, BiasFill<Ratio{0}>, Options...>::type::value.value());
}

}  // namespace xstitch::inline XSTITCH_ISA
