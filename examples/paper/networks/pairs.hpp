#pragma once
// The stitched pair, and what it is compared with.
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/split.hpp>

#include "paper/networks.hpp"

namespace paper {

template <class Size>
NetworkPointer make_pairs(const std::string& network, xs::Seed seed) {
  using A = typename Size::Segmentation;
  using B = typename Size::Normals;
  if (network == "cross_stitch") return std::make_unique<xs::CrossStitch<A, B>>(seed);
  if (network == "cross_stitch:layer") return std::make_unique<xs::CrossStitch<xs::PerLayer, A, B>>(seed);
  if (network == "cross_stitch:every_conv")
    return std::make_unique<xs::CrossStitch<typename Size::EveryConvSegmentation, typename Size::EveryConvNormals>>(
        seed);
  if (network == "ensemble") return std::make_unique<xs::Ensemble<2, A, B>>(seed);
  if (network == "shared") return std::make_unique<xs::Shared<A, B>>(seed);
  return nullptr;
}

}  // namespace paper
