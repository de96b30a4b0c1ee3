// The cross-stitched pair of CaffeNets, multiplying in bf16.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<xs::Bfloat16, Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .precision = "bf16"},
                                    &bench::make<Net>};

}  // namespace
