// The cross-stitched pair of CaffeNets with one matrix of alphas a seam: what a unit costs a step.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<xs::PerLayer, Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .unit = "per_layer"},
                                    &bench::make<Net>};

}  // namespace
