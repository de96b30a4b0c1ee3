// x and the indices differ: an unpool after another pool.
// expect: OperationDoesNotFitItsInputs<.*"t".*"MaxUnpool".*2, 2, 1.*4, 4, 1.*MaxUnpool: x and the indices
#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::MaxPoolIndices<2>;
#else
using Second = xs::Layers<>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<9, 8, 1>, xs::MaxPoolIndices<2>, xs::Mark<"where", 1>, Second,
                                  xs::MaxUnpool<"where">, tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 144);
