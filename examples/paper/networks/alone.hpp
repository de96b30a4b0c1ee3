#pragma once
// One task each.
#include <xstitch/networks/one_task.hpp>

#include "paper/networks.hpp"

namespace paper {

template <class Size>
NetworkPointer make_alone(const std::string& network, xs::Seed seed) {
  if (network == "segmentation") return std::make_unique<xs::OneTask<typename Size::Segmentation>>(seed);
  if (network == "normals") return std::make_unique<xs::OneTask<typename Size::Normals>>(seed);
  if (network == "depth") return std::make_unique<xs::OneTask<typename Size::Depth>>(seed);
  if (network == "presence") return std::make_unique<xs::OneTask<typename Size::Presence>>(seed);
  return nullptr;
}

}  // namespace paper
