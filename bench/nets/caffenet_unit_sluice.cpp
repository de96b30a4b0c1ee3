// The cross-stitched pair of CaffeNets mixed in two subspaces a tower: what a unit costs a step.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/sluice.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<xs::Unit<xs::Sluice<>>, Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .unit = "sluice"},
                                    &bench::make<Net>};

}  // namespace
