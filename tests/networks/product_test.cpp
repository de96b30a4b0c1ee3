// Product as attention gates and squeeze-and-excitation, and Concat of many branches, inside networks.
#include <doctest/doctest.h>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;

namespace {

/// Hu, Shen, Sun: Squeeze-and-excitation networks, 2018: a gate for each channel.
template <xs::FixedString Name, int Channels>
using Excite =
    xs::Block<Name, xs::Product<xs::Layers<>, xs::Layers<xs::GlobalAveragePool, xs::Linear<"squeeze", 2>, xs::Tanh,
                                                         xs::Linear<"excite", Channels>, xs::Sigmoid>>>;
/// A gate for each pixel.
template <xs::FixedString Name>
using Attend = xs::Block<Name, xs::Product<xs::Layers<xs::Conv<"mask", 1, 1>, xs::Sigmoid>, xs::Layers<>>>;

template <xs::FixedString Name>
using Gated = xs::Tower<Name, xs::Shape<4, 3, 2>, xs::Conv<"conv", 5, 3, xs::Pad<1>>, xs::Mark<"features">,
                        Excite<"se", 5>, xs::Seam<"s">, Attend<"attention">,
                        xs::Product<xs::Layers<>, xs::Recall<"features">, xs::Layers<xs::Tanh>>, xs::L2>;

template <xs::FixedString Name>
using Branch = xs::Layers<tiny::Dense<Name, 2>, xs::Tanh>;
/// Twelve branches, of them one empty.
using Many =
    xs::OneTask<xs::Tower<"t", xs::Shape<3>,
                          xs::Concat<Branch<"a">, Branch<"b">, Branch<"c">, Branch<"d">, Branch<"e">, Branch<"f">,
                                     xs::Layers<>, Branch<"h">, Branch<"i">, Branch<"j">, Branch<"k">, Branch<"l">>,
                          tiny::Dense<"fc", 2>, tiny::SmallOutput>>;

}  // namespace

TEST_CASE("gates of channels, of pixels and of whole maps: gradients, and the same bits on any threads") {
  checks::all<xs::CrossStitch<Gated<"a">, Gated<"b">>>(100);
}

TEST_CASE("a Concat of twelve branches") {
  static_assert(Many::parameter_count == 11 * 3 * 2 + 25 * 2);
  checks::all<Many>(60);
}
