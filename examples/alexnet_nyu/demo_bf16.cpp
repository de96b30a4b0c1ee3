// The networks of the main job at the demo's size, multiplying in bf16.
#include "demo_towers.hpp"

namespace alexnet_nyu::demo {

std::unique_ptr<xs::AnyNet> make_bf16(const std::string& network, xs::Seed seed) {
  if (network == "segmentation") return std::make_unique<xs::OneTask<xs::Bfloat16, Segmentation>>(seed);
  if (network == "normals") return std::make_unique<xs::OneTask<xs::Bfloat16, Normals>>(seed);
  if (network == "cross_stitch") return std::make_unique<xs::CrossStitch<xs::Bfloat16, Segmentation, Normals>>(seed);
  xs::fail("network \"", network, "\" with --precision bf16: expected one_task or cross_stitch, an alpha a channel");
}

}  // namespace alexnet_nyu::demo
