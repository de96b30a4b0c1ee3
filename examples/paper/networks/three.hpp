#pragma once
// Three tasks: segmentation, normals, depth.
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/split.hpp>

#include "paper/networks.hpp"

namespace paper {

template <class Size>
NetworkPointer make_three(const std::string& network, xs::Seed seed) {
  using A = typename Size::Segmentation;
  using B = typename Size::Normals;
  using C = typename Size::Depth;
  if (network == "three") return std::make_unique<xs::CrossStitch<A, B, C>>(seed);
  if (network == "three:shared") return std::make_unique<xs::Shared<A, B, C>>(seed);
  if (network == "three:split:conv4") return std::make_unique<xs::Split<"conv4", A, B, C>>(seed);
  return nullptr;
}

}  // namespace paper
