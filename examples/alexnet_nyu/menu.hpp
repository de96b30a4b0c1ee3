#pragma once
// The networks of the paper's table for one pair of towers.
#include <xstitch/losses/codebook_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/run/describe.hpp>

#include "menu_words.hpp"
#include "networks.hpp"

namespace alexnet_nyu {

template <class Segmentation, class Normals>
std::unique_ptr<xs::AnyNet> make(const std::string& network, xs::Seed seed) {
  if (network == "segmentation") return std::make_unique<xs::OneTask<Segmentation>>(seed);
  if (network == "normals") return std::make_unique<xs::OneTask<Normals>>(seed);
  if (network == "ensemble") return std::make_unique<xs::Ensemble<2, Segmentation, Normals>>(seed);
  if (network == "shared") return std::make_unique<xs::Shared<Segmentation, Normals>>(seed);
  if (network == "cross_stitch") return std::make_unique<xs::CrossStitch<Segmentation, Normals>>(seed);
  if (network == "cross_stitch:layer")
    return std::make_unique<xs::CrossStitch<xs::PerLayer, Segmentation, Normals>>(seed);
  if (network == "split:conv2") return std::make_unique<xs::Split<"conv2", Segmentation, Normals>>(seed);
  if (network == "split:conv3") return std::make_unique<xs::Split<"conv3", Segmentation, Normals>>(seed);
  if (network == "split:conv4") return std::make_unique<xs::Split<"conv4", Segmentation, Normals>>(seed);
  if (network == "split:conv5") return std::make_unique<xs::Split<"conv5", Segmentation, Normals>>(seed);
  if (network == "split:fc6") return std::make_unique<xs::Split<"fc6", Segmentation, Normals>>(seed);
  if (network == "split:fc7") return std::make_unique<xs::Split<"fc7", Segmentation, Normals>>(seed);
  xs::fail("network \"", network,
           "\": found no such network, expected one_task, ensemble, shared, cross_stitch or split:LAYER "
           "with LAYER one of conv2, conv3, conv4, conv5, fc6, fc7");
}

template <class Segmentation, class Normals>
std::string describe() {
  return xs::describe<xs::CrossStitch<Segmentation, Normals>>();
}

}  // namespace alexnet_nyu
