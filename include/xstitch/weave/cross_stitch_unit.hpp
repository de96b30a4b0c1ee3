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

#include <xstitch/kernels/stitch.hpp>
#include <xstitch/layers/options.hpp>
#include <xstitch/weave/weave_call.hpp>

#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

template <bool PerChannel = true, Ratio Same = Ratio{9, 10}, Ratio Different = Ratio{1, 10}>
struct CrossStitchUnit {
  static constexpr std::array<ParameterSpec, 1> parameters(int towers, Dims at) {
    ParameterSpec alpha;
    alpha.name = "alpha";
    alpha.extents = Extents(towers, towers, PerChannel ? at.channels : 1);
    alpha.initializer = {InitializerKind::stitch, Same.value(),
                         Different.value() / static_cast<float>(towers > 1 ? towers - 1 : 1)};
    alpha.group = ParameterGroup::stitch;
    return {alpha};
  }
  static constexpr Extent workspace(int towers, Dims at) {
    return {0, kernels::stitch_workspace(static_cast<std::size_t>(towers), static_cast<std::size_t>(at.channels))};
  }
  static_assert(max_towers <= kernels::stitch_max_towers);
  static void forward(const WeaveForward& call) {
    kernels::stitch_forward({call.towers, call.pixels, call.channels, call.inputs.data(), call.outputs.data(),
                             call.order.data(), call.workspace, call.threads},
                            call.parameters[0], PerChannel);
  }
  static void backward(const WeaveBackward& call) {
    kernels::stitch_backward({call.towers, call.pixels, call.channels, call.inputs.data(), call.output_gradients.data(),
                              call.input_gradients.data(), call.order.data(), call.workspace, call.threads},
                             call.parameters[0], call.parameter_gradients[0], PerChannel);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
