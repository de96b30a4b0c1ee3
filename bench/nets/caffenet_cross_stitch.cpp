// The cross-stitched pair of CaffeNets: the training step whose speed, and whose compile time, is measured.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task>
using Tower = xs::models::CaffeNet<Task, 1000, xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;
static_assert(Net::seams == xs::names("pool1", "pool2", "pool5", "fc6", "fc7"));

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet"}, &bench::make<Net>};

}  // namespace
