// Regions are boxes with five values; four are refused.
// expect: OperationDoesNotFitItsInputs<.*"t".*"RoiPool".*8, 8, 1.*64, 1, 4.*RoiPool: reads a map of one row
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Regions = xs::Input<"regions", xs::Shape<64, 1, 4>>;
#else
using Regions = xs::Input<"regions", xs::Shape<64, 1, 5>>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<8, 8, 1>, Regions, xs::RoiPool<"regions", 2, xs::Ratio{1}>,
                                  tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count > 0);
