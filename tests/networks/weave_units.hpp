#pragma once
// Towers with seams of maps and of vectors, for networks of the library's weave units.
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/nddr.hpp>
#include <xstitch/weave/units/simplex.hpp>
#include <xstitch/weave/units/sluice.hpp>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace weave_units {

namespace xs = xstitch;

/// A map of 3 x 4 pixels with 6 channels at "map", a vector of 4 at "vector".
template <xs::FixedString Name, int Channels>
using Tower = xs::Tower<Name, xs::Shape<3, 4, Channels>, xs::Conv<"c1", 6, 1>, xs::Tanh, xs::Seam<"map">,
                        xs::Conv<"c2", 2, 3>, xs::Tanh, xs::Dropout<>, xs::Linear<"f1", 4>, xs::Tanh,
                        xs::Seam<"vector">, xs::Linear<"f2", 3>, tiny::SmallOutput>;
using A = Tower<"a", 2>;
using B = Tower<"b", 1>;
using C = Tower<"c", 3>;
using D = Tower<"d", 1>;
template <class Map, class Vector, class... More>
using Net = xs::CrossStitch<xs::UnitAt<"map", Map>, xs::UnitAt<"vector", Vector>, More...>;

}  // namespace weave_units
