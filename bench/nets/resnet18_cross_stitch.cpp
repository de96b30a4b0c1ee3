// The cross-stitched pair of ResNet-18s.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/resnet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::ResNet18<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;
static_assert(Net::seams == xs::names("layer1", "layer2", "layer3", "layer4"));

const bench::Registration announced{{.network = "cross_stitch", .model = "resnet18"}, &bench::make<Net>};

}  // namespace
