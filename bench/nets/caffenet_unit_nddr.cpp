// The cross-stitched pair of CaffeNets with NDDR at the pools (at fc6 it would have as many weights as both towers):
// what a unit costs a step.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/nddr.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<xs::UnitAt<"pool1", xs::Nddr<>>, xs::UnitAt<"pool2", xs::Nddr<>>,
                            xs::UnitAt<"pool5", xs::Nddr<>>, Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .unit = "nddr"},
                                    &bench::make<Net>};

}  // namespace
