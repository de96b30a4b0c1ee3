// The cross-stitched pair of CaffeNets at a quarter of the width: how the cost grows with the channels.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy, 4>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .width = 4}, &bench::make<Net>};

}  // namespace
