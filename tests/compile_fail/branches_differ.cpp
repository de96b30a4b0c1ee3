// expect: BranchesDiffer<.*"t".*"b1".*2, 2, 1.*4, 4, 1
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Other = tiny::Halve;
#else
using Other = xs::Layers<>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4, 4, 1>, xs::Block<"b1", xs::Concat<xs::Layers<>, Other>>,
                                  tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 64);
