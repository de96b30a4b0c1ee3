#pragma once
// The networks of the paper's Table 6 for one size and width.
#include <xstitch/models/fast_rcnn.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/run/describe.hpp>

#include <type_traits>

#include "menu.hpp"

namespace alexnet_voc {

/// Calls with(std::type_identity<Net>) for the network of a name. `Pair` has Detection<Regions> and
/// Attributes<Regions>.
template <class Pair, int Regions, class Result, class With>
Result choose(const std::string& network, const With& with) {
  using Detection = typename Pair::template Detection<Regions>;
  using Attributes = typename Pair::template Attributes<Regions>;
  if (network == "detection") return with(std::type_identity<xs::OneTask<Detection>>{});
  if (network == "attributes") return with(std::type_identity<xs::OneTask<Attributes>>{});
  if (network == "shared") return with(std::type_identity<xs::Shared<Detection, Attributes>>{});
  if (network == "split:conv2") return with(std::type_identity<xs::Split<"conv2", Detection, Attributes>>{});
  if (network == "split:conv3") return with(std::type_identity<xs::Split<"conv3", Detection, Attributes>>{});
  if (network == "split:conv4") return with(std::type_identity<xs::Split<"conv4", Detection, Attributes>>{});
  if (network == "split:conv5") return with(std::type_identity<xs::Split<"conv5", Detection, Attributes>>{});
  if (network == "split:fc6") return with(std::type_identity<xs::Split<"fc6", Detection, Attributes>>{});
  if (network == "split:fc7") return with(std::type_identity<xs::Split<"fc7", Detection, Attributes>>{});
  using Pools = xs::At<"pool1", "pool2", "pool5">;
  if (network == "cross_stitch")
    return with(std::type_identity<xs::CrossStitch<Pools, xs::PerLayer, Detection, Attributes>>{});
  if (network == "cross_stitch:fc")
    return with(std::type_identity<xs::CrossStitch<xs::PerLayer, Detection, Attributes>>{});
  if (network == "cross_stitch:channel")
    return with(std::type_identity<xs::CrossStitch<Pools, Detection, Attributes>>{});
  xs::fail("network \"", network,
           "\": found no such network, expected one_task, ensemble, shared, cross_stitch, cross_stitch:fc, "
           "cross_stitch:channel or split:LAYER with LAYER one of conv2, conv3, conv4, conv5, fc6, fc7");
}

template <class Pair>
std::unique_ptr<xs::AnyNet> make(const std::string& network, xs::Seed seed) {
  return choose<Pair, training_regions, std::unique_ptr<xs::AnyNet>>(
      network, [&]<class Net>(std::type_identity<Net>) { return std::make_unique<Net>(seed); });
}

template <class Pair>
const xs::Program& wide(const std::string& network) {
  return choose<Pair, inference_regions, const xs::Program&>(
      network, []<class Net>(std::type_identity<Net>) -> const xs::Program& { return Net::inference_program_of_type; });
}

template <class Pair>
std::string describe() {
  return xs::describe<xs::CrossStitch<xs::At<"pool1", "pool2", "pool5">, xs::PerLayer,
                                      typename Pair::template Detection<training_regions>,
                                      typename Pair::template Attributes<training_regions>>>();
}

}  // namespace alexnet_voc
