// Mark<"where"> without the number of the output names the pool's values, which are no indices.
// expect: OperationDoesNotFitItsInputs<.*"t".*"MaxUnpool".*MaxUnpool: x and the indices
#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Where = xs::Mark<"where">;
#else
using Where = xs::Mark<"where", 1>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<8, 8, 1>, xs::MaxPoolIndices<2>, Where, xs::MaxUnpool<"where">,
                                  tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 128);
