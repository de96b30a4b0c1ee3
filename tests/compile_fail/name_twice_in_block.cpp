// expect: NameUsedTwice<.*"t".*"b1".*"c"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = tiny::Dense<"c", 4>;
#else
using Second = tiny::Dense<"d", 4>;
#endif
using Net = xs::OneTask<
    xs::Tower<"t", xs::Shape<4>, xs::Block<"b1", tiny::Dense<"c", 4>, Second>, tiny::Dense<"c", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 40);
