#pragma once
/// \file
/// The alphas of sluice networks: the channels of every tower are cut into G equal subspaces, and one matrix mixes the
/// subspaces of all T towers, so that a part of a tower may be shared and another kept to itself:
///
///     forward    y_{t,h}[p, c] = sum over s, g of alpha[t G + h, s G + g] x_{s,g}[p, c]      x_{s,g}: channels
///     backward   dx_{s,g}[p, c] = sum over t, h of alpha[t G + h, s G + g] dy_{t,h}[p, c]    g C/G ... (g + 1) C/G
///                dalpha[t G + h, s G + g] = sum over p, c of dy_{t,h}[p, c] x_{s,g}[p, c]
///
/// alpha {T G, T G, 1}; G divides the channels. Initial values: `Same` on the diagonal, Different / (T G - 1)
/// elsewhere; 0.9 and 0.1. With G = 1 it is the paper's unit with one matrix a layer. The betas of sluice networks,
/// which mix layers, are no part of the unit, nor is their penalty that keeps subspaces orthogonal.
///
///     CrossStitch<Unit<Sluice<>>, A, B>        UnitAt<"fc6", Sluice<4>>
///
/// Source: Ruder, Bingel, Augenstein and Søgaard, Latent multi-task architecture learning, AAAI 2019 (arXiv
/// 1705.08142).

#include <xstitch/core/ratio.hpp>
#include <xstitch/weave/units/stitch_call.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <int Subspaces = 2, Ratio Same = Ratio{9, 10}, Ratio Different = Ratio{1, 10}>
struct Sluice {
  static constexpr std::string_view kind = "Sluice";
  static constexpr std::string_view requirement =
      "G divides the channels, Sluice<G>; and 2 to 32 subspaces in all towers together";  // clang shows 34 letters
  static constexpr bool reads_output = false;
  static constexpr bool gradient_in_place = true;

  template <std::size_t N>
  static constexpr Shapes<N> outputs(const Shapes<N>& in) {
    if (Subspaces < 1 || in[0].dims.channels % Subspaces != 0) return {};
    const std::size_t parts = N * static_cast<std::size_t>(Subspaces);
    return parts >= 2 && parts <= kernels::stitch_max_towers ? in : Shapes<N>{};
  }
  static constexpr std::array<Attribute, 1> attributes() { return {Attribute::integers("subspaces", Subspaces)}; }
  template <std::size_t N>
  static constexpr std::array<ParameterSpec, 1> parameters(const Shapes<N>&) {
    constexpr int parts = static_cast<int>(N) * Subspaces;
    ParameterSpec alpha;
    alpha.name = "alpha";
    alpha.extents = Extents(parts, parts, 1);
    alpha.initializer = {InitializerKind::stitch, Same.value(),
                         Different.value() / static_cast<float>(parts > 1 ? parts - 1 : 1)};
    alpha.group = ParameterGroup::stitch;
    return {alpha};
  }
  template <std::size_t N>
  static constexpr Extent workspace(const Shapes<N>& in) {
    return {0, kernels::stitch_workspace(N * subspaces, part_channels(in[0]))};
  }
  template <std::size_t N>
  static constexpr std::size_t multiply_adds(const Shapes<N>& in) {
    return N * N * subspaces * in[0].size();
  }

  static void forward(const ForwardCall& call) {
    const TensorShape& at = call.input_shapes[0];
    kernels::StitchForward stitch = units::stitch_of(call);
    const Order order(call.order, stitch.towers);
    const auto inputs = parts(call.inputs, stitch.towers, at);
    const auto outputs = parts(call.outputs, stitch.towers, at);
    cut(stitch, order);
    stitch.inputs = inputs.data();
    stitch.outputs = outputs.data();
    kernels::stitch_forward(stitch, call.parameters[0], false);
  }
  static void backward(const BackwardCall& call) {
    const TensorShape& at = call.input_shapes[0];
    kernels::StitchBackward stitch = units::stitch_of(call);
    const Order order(call.order, stitch.towers);
    const auto inputs = parts(call.inputs, stitch.towers, at);
    const auto output_gradients = parts(call.output_gradients, stitch.towers, at);
    const auto input_gradients = parts(call.input_gradients, stitch.towers, at);
    cut(stitch, order);
    stitch.inputs = inputs.data();
    stitch.output_gradients = output_gradients.data();
    stitch.input_gradients = input_gradients.data();
    kernels::stitch_backward(stitch, call.parameters[0], call.parameter_gradients[0], false);
  }

 private:
  static constexpr auto subspaces = static_cast<std::size_t>(Subspaces > 0 ? Subspaces : 1);
  template <class T>
  using PerPart = std::array<T, kernels::stitch_max_towers>;

  static constexpr std::size_t part_channels(const TensorShape& s) { return units::channels_of(s) / subspaces; }

  /// Each tower's subspaces, as towers of their own.
  template <class Pointer>
  static PerPart<Pointer> parts(Pointer const* towers, std::size_t count, const TensorShape& shape) {
    PerPart<Pointer> all{};
    for (std::size_t i = 0; i < count * subspaces; ++i) {
      const Pointer whole = towers[i / subspaces];
      all[i] = whole == nullptr ? nullptr : whole + i % subspaces * part_channels(shape);
    }
    return all;
  }
  struct Order {
    PerPart<std::size_t> items{};
    Order(const std::size_t* order, std::size_t towers) {
      for (std::size_t i = 0; i < towers * subspaces; ++i) items[i] = order[i / subspaces] * subspaces + i % subspaces;
    }
  };
  /// As many towers as there are subspaces, each of a part of the channels, as far apart as before.
  template <class Stitch>
  static void cut(Stitch& stitch, const Order& order) {
    stitch.towers *= subspaces;
    stitch.channels /= subspaces;
    stitch.order = order.items.data();
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
