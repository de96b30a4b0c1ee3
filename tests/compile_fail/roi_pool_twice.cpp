// A second pool would read regions of a region.
// expect: OperationDoesNotFitItsInputs<.*"t".*"RoiPool".*RoiPool: reads a map of one row
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Pool = xs::RoiPool<"regions", 2, xs::Ratio{1}>;
#ifdef WRONG
using Second = Pool;
#else
using Second = xs::Layers<>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<8, 8, 1>, xs::Input<"regions", xs::Shape<64, 1, 5>>, Pool, Second,
                                  tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count > 0);
