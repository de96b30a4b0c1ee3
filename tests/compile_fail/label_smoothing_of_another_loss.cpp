// Labels are smoothed where they are classes; the weight of the loss goes around it.
// expect: xstitch: LabelSmoothing takes SoftmaxCrossEntropy or ClassWeightedSoftmaxCrossEntropy
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Half = xs::Weighted<xs::SoftmaxCrossEntropy, xs::Ratio{1, 2}>;
#ifdef WRONG
using Loss = xs::LabelSmoothing<Half, xs::Ratio{1, 10}>;
#else
using Loss = xs::Weighted<xs::LabelSmoothing<xs::SoftmaxCrossEntropy, xs::Ratio{1, 10}>, xs::Ratio{1, 2}>;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"b", 2>, Loss>>;
static_assert(Net::parameter_count == 8);
