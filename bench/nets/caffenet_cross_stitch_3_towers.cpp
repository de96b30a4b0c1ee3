// 3 CaffeNets, cross-stitched: how the cost grows with the towers.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">, Tower<"c">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .towers = 3}, &bench::make<Net>};

}  // namespace
