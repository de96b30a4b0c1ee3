// Two heads of one name would be averaged like the members of an ensemble.
// expect: HeadNamedTwice<.*"two".*"h"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::Head<"h", tiny::Dense<"d", 2>, tiny::SmallOutput>;
#else
using Second = xs::Head<"k", tiny::Dense<"d", 2>, tiny::SmallOutput>;
#endif
using Net = xs::OneTask<xs::Tower<"two", xs::Shape<4>, xs::Head<"h", tiny::Dense<"c", 2>, tiny::SmallOutput>, Second>>;
static_assert(Net::parameter_count == 16);
