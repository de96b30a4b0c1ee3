// The paper's ensemble: two CaffeNets for one task, each trained by itself.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/ensemble.hpp>

namespace {

namespace xs = xstitch;

using Net = xs::Ensemble<2, xs::models::CaffeNet<"a", 1000, xs::SoftmaxCrossEntropy>>;

const bench::Registration announced{{.network = "ensemble", .model = "caffenet"}, &bench::make<Net>};

}  // namespace
