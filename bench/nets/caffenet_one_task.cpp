// A CaffeNet by itself.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/one_task.hpp>

namespace {

namespace xs = xstitch;

using Net = xs::OneTask<xs::models::CaffeNet<"a", 1000, xs::SoftmaxCrossEntropy>>;

const bench::Registration announced{{.network = "one_task", .model = "caffenet"}, &bench::make<Net>};

}  // namespace
