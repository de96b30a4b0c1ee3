#pragma once
// One trunk up to a layer, each task its own from there on: every place where the pair can be split.
#include <xstitch/networks/split.hpp>

#include "paper/networks.hpp"

namespace paper {

template <class Size>
NetworkPointer make_splits(const std::string& network, xs::Seed seed) {
  using A = typename Size::Segmentation;
  using B = typename Size::Normals;
  if (network == "split:conv2") return std::make_unique<xs::Split<"conv2", A, B>>(seed);
  if (network == "split:conv3") return std::make_unique<xs::Split<"conv3", A, B>>(seed);
  if (network == "split:conv4") return std::make_unique<xs::Split<"conv4", A, B>>(seed);
  if (network == "split:conv5") return std::make_unique<xs::Split<"conv5", A, B>>(seed);
  if (network == "split:fc6") return std::make_unique<xs::Split<"fc6", A, B>>(seed);
  if (network == "split:fc7") return std::make_unique<xs::Split<"fc7", A, B>>(seed);
  return nullptr;
}

}  // namespace paper
