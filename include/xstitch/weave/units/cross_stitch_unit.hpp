#pragma once
/// \file
/// The paper's unit (equations 1 and 2), for any number of towers T:
///
///     forward    y_t[p, c] = sum_s alpha[t, s, c] x_s[p, c]
///     backward   dx_s[p, c] = sum_t alpha[t, s, c] dy_t[p, c]                     (the transpose)
///                dalpha[t, s, c] = sum_p dy_t[p, c] x_s[p, c]                     (per layer: summed over c, too)
///
/// alpha is {T, T, C} per channel or {T, T, 1} per layer; it is not constrained. Initial values: alpha_S on the
/// diagonal, alpha_D / (T - 1) elsewhere. Equation 3 is printed with its indices swapped; the gradient here is the
/// one that follows from equation 1. Source: Misra et al., CVPR 2016, section 3.

#include <xstitch/core/ratio.hpp>
#include <xstitch/weave/units/stitch_call.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <bool PerChannel = true, Ratio Same = Ratio{9, 10}, Ratio Different = Ratio{1, 10}>
struct CrossStitchUnit {
  static constexpr std::string_view kind = "CrossStitch";
  static constexpr std::string_view requirement = "CrossStitchUnit: 2 to 32 towers";
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;

  template <std::size_t N>
  static constexpr Shapes<N> outputs(const Shapes<N>& in) {
    return N <= kernels::stitch_max_towers ? in : Shapes<N>{};
  }
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::flag("per_channel", PerChannel)}; }
  template <std::size_t N>
  static constexpr std::array<ParameterSpec, 1> parameters(const Shapes<N>& in) {
    constexpr int towers = static_cast<int>(N);
    ParameterSpec alpha;
    alpha.name = "alpha";
    alpha.extents = Extents(towers, towers, PerChannel ? in[0].dims.channels : 1);
    alpha.initializer = {InitializerKind::stitch, Same.value(),
                         Different.value() / static_cast<float>(towers > 1 ? towers - 1 : 1)};
    alpha.group = ParameterGroup::stitch;
    return {alpha};
  }
  template <std::size_t N>
  static constexpr Extent workspace(const Shapes<N>& in) {
    return {0, kernels::stitch_workspace(N, units::channels_of(in[0]))};
  }
  template <std::size_t N>
  static constexpr std::size_t multiply_adds(const Shapes<N>& in) {
    return N * N * in[0].size();
  }

  static void forward(const ForwardCall& call) {
    kernels::stitch_forward(units::stitch_of(call), call.parameters[0], PerChannel);
  }
  static void backward(const BackwardCall& call) {
    kernels::stitch_backward(units::stitch_of(call), call.parameters[0], call.parameter_gradients[0], PerChannel);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
