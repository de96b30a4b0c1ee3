#pragma once
// Other weave units than the paper's. NDDR at the pools alone: at fc6 and fc7 its weights would be more than both
// towers.
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/nddr.hpp>
#include <xstitch/weave/units/simplex.hpp>
#include <xstitch/weave/units/sluice.hpp>

#include "paper/networks.hpp"

namespace paper {

template <class Size>
NetworkPointer make_units(const std::string& network, xs::Seed seed) {
  using A = typename Size::Segmentation;
  using B = typename Size::Normals;
  if (network == "unit:nddr")
    return std::make_unique<xs::CrossStitch<xs::UnitAt<"pool1", xs::Nddr<>>, xs::UnitAt<"pool2", xs::Nddr<>>,
                                            xs::UnitAt<"pool5", xs::Nddr<>>, A, B>>(seed);
  if (network == "unit:sluice") return std::make_unique<xs::CrossStitch<xs::Unit<xs::Sluice<>>, A, B>>(seed);
  if (network == "unit:simplex") return std::make_unique<xs::CrossStitch<xs::Unit<xs::Simplex<>>, A, B>>(seed);
  return nullptr;
}

}  // namespace paper
