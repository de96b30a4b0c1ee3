#pragma once
/// \file
/// The algorithms of a convolution as one list. Each of the three passes takes
///
///     the first entry that suits the shape and the arithmetic
///
/// and where that one needs a matrix unit, of which the processor decides when the program runs, beside it the first
/// one that does not. Layers (conv.hpp), `describe` and the benchmarks ask this list alone. An entry has
///
///     name, reason                   for `describe`
///     suits<Arithmetic>(s, pass)     whether it is meant for that
///     workspace<Arithmetic>(s, pass) scratch of a call, the weights as the pass reads them included
///     packed_bytes<Arithmetic>(s)    of the weights that Forward::pack writes; 0: they are read in place
///     products(s, pass)              of a sample, where they are not those of the direct sum
///     Forward<S, Arithmetic>         run(batch, in, weights, bias, with_relu, out, workspace, threads, packed or null)
///     BackwardData<S, Arithmetic>    run(batch, out gradient, weights, in gradient, workspace, threads)
///     BackwardWeights<S, Arithmetic> run_all(batch, in, out gradient, weight and bias gradient, workspace, threads)
///     joins_backward                 BackwardWeights has backward() in place of run_all(): all gradients at once
///     needs_unit                     a matrix unit

#include <xstitch/kernels/arithmetic.hpp>
#include <xstitch/kernels/conv_backward_data.hpp>
#include <xstitch/kernels/conv_backward_weights.hpp>
#include <xstitch/kernels/conv_depthwise.hpp>
#include <xstitch/kernels/conv_forward.hpp>
#include <xstitch/kernels/conv_im2col.hpp>
#include <xstitch/kernels/conv_winograd.hpp>
#include <xstitch/kernels/conv_winograd_weights.hpp>
#include <xstitch/kernels/tiles/conv_tiles.hpp>
#include <xstitch/kernels/tiles/conv_weight_tiles.hpp>
#include <xstitch/kernels/tiles/unit_or.hpp>
#include <xstitch/kernels/winograd_cells.hpp>

#include <algorithm>
#include <string_view>
#include <tuple>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

enum class ConvPass { forward, backward_data, backward_weights };

namespace conv_algorithms {

struct Depthwise {
  static constexpr std::string_view name = "depthwise", reason = "a channel a group";
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& s, ConvPass /*pass*/) noexcept {
    return s.group_in() == 1 && s.group_out() == 1;
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& /*s*/, ConvPass /*pass*/) noexcept {
    return {};
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& /*s*/) noexcept {
    return 0;
  }
  template <ConvShape S, class Arithmetic>
  using Forward = DepthwisePasses<S>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = DepthwisePasses<S>;
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = DepthwisePasses<S>;
};

struct Im2col {
  static constexpr std::string_view name = "im2col", reason = "many weights, few pixels";
  static constexpr bool joins_backward = true;
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& s, ConvPass /*pass*/) noexcept {
    return suits_im2col(s);
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass /*pass*/) noexcept {
    return im2col_workspace(s);
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    return Linear<Arithmetic>::Forward::packed_bytes(s.depth(), s.out_channels);
  }
  template <ConvShape S, class Arithmetic>
  using Forward = Im2colConv<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = Im2colConv<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = Im2colConv<S, Arithmetic>;
};

struct MatrixUnit {
  static constexpr std::string_view name = "matrix unit", reason = "bf16, a processor that has one, full tiles";
  static constexpr bool needs_unit = true;
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& s, ConvPass /*pass*/) noexcept {
    return multiplies_on_unit<Arithmetic> && tiles_are_full_enough(s);
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass pass) noexcept {
    if (pass == ConvPass::backward_weights) return weight_tiles_workspace(s);
    return {0, pass == ConvPass::forward ? forward_tiles_workspace(s) : backward_tiles_workspace(s)};
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    return forward_tiles_workspace(s);
  }
  template <ConvShape S, class Arithmetic>
  using Forward = TileConvForward<S, UnitTiles>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = TileConvBackwardData<S, UnitTiles>;
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = TileConvBackwardWeights<S, UnitTiles>;
};

struct Winograd {
  static constexpr std::string_view name = "Winograd", reason = "stride 1, 3x3 or 5x5 taps, many channels and pixels";
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& s, ConvPass pass) noexcept {
    return RoundsBeforehand<Arithmetic> &&
           (pass == ConvPass::backward_weights ? winograd::suits_weight_gradient(s) : winograd::suits(s));
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass pass) noexcept {
    return {0, pass == ConvPass::backward_weights ? winograd_weights_workspace(s) : winograd_workspace(s)};
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    return winograd_workspace(s);
  }
  static constexpr std::size_t products(const ConvShape& s, ConvPass pass) noexcept {
    return winograd::products(pass == ConvPass::backward_data ? winograd::transposed_sizes(s)
                                                              : winograd::forward_sizes(s));
  }
  template <ConvShape S, class Arithmetic>
  using Forward = WinogradForward<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = WinogradBackwardData<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = WinogradBackwardWeights<S, Arithmetic>;
};

/// The gradient to the input of a first layer is seldom wanted: it goes by another entry.
struct WinogradCells {
  static constexpr std::string_view name = "Winograd of cells", reason = "a stride, few channels, many pixels";
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& s, ConvPass pass) noexcept {
    return RoundsBeforehand<Arithmetic> && pass != ConvPass::backward_data && winograd::suits_cells(s);
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass pass) noexcept {
    return {0, pass == ConvPass::backward_weights ? cell_gradient_workspace(s) : cell_weights_bytes(s)};
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    return cell_weights_bytes(s);
  }
  static constexpr std::size_t products(const ConvShape& s, ConvPass /*pass*/) noexcept {
    return static_cast<std::size_t>(winograd::cell_sizes(s).image_tiles() * winograd::cell_tile_products(s) *
                                    s.group_in() * s.out_channels);
  }
  template <ConvShape S, class Arithmetic>
  using Forward = CellForward<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = ConvBackwardData<S, Arithmetic>;  // not taken
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = CellBackwardWeights<S, Arithmetic>;
};

struct Direct {
  static constexpr std::string_view name = "direct", reason = "no other suits";
  template <class Arithmetic>
  static constexpr bool suits(const ConvShape& /*s*/, ConvPass /*pass*/) noexcept {
    return true;
  }
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass pass) noexcept {
    if (pass == ConvPass::backward_weights) return backward_weights_workspace<Arithmetic>(s);
    return {0, pass == ConvPass::forward ? forward_workspace<Arithmetic>(s) : backward_data_workspace<Arithmetic>(s)};
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    return forward_workspace<Arithmetic>(s);
  }
  template <ConvShape S, class Arithmetic>
  using Forward = ConvForward<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardData = ConvBackwardData<S, Arithmetic>;
  template <ConvShape S, class Arithmetic>
  using BackwardWeights = ConvBackwardWeights<S, Arithmetic>;
};

}  // namespace conv_algorithms
}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
