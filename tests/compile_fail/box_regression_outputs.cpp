// Four outputs for each class.
// expect: LossDoesNotFit.*"t".*BoxRegression.*BoxRegression: reads \{1, 1, 4 K\}
#include <xstitch/losses/box_regression.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int outputs = 10;
#else
constexpr int outputs = 12;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, tiny::Dense<"b", outputs>, xs::BoxRegression<>>>;
static_assert(Net::parameter_count > 0);
