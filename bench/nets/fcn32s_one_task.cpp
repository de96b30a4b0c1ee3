// FCN-32s on CaffeNet for 40 classes.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/one_task.hpp>

namespace {

namespace xs = xstitch;

using Net = xs::OneTask<xs::models::Fcn32s<"segmentation", 40, xs::SoftmaxCrossEntropy, 240, 320>>;

const bench::Registration announced{{.network = "one_task", .model = "fcn32s"}, &bench::make<Net>};

}  // namespace
