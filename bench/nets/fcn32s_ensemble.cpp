// Two FCN-32s for one task, each trained by itself.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/ensemble.hpp>

namespace {

namespace xs = xstitch;

using Net = xs::Ensemble<2, xs::models::Fcn32s<"segmentation", 40, xs::SoftmaxCrossEntropy, 240, 320>>;

const bench::Registration announced{{.network = "ensemble", .model = "fcn32s"}, &bench::make<Net>};

}  // namespace
