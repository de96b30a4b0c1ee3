// The cross-stitched pair of SegNets.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/segnet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::SegNet<Task, 13, xs::SoftmaxCrossEntropy, 96, 128>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;
static_assert(Net::seams.size() == 10);

const bench::Registration announced{{.network = "cross_stitch", .model = "segnet"}, &bench::make<Net>};

}  // namespace
