// Two heads of one name would be averaged like the members of an ensemble.
// expect: HeadNamedTwice<.*"two".*"h"
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Upper =
    xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
using Lower =
    xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
#ifdef WRONG
using Second = xs::Head<"h", tiny::Dense<"d", 2>, tiny::SmallOutput>;
#else
using Second = xs::Head<"k", tiny::Dense<"d", 2>, tiny::SmallOutput>;
#endif
using Net = xs::OneTask<xs::Tower<"two", xs::Shape<4>, xs::Head<"h", tiny::Dense<"c", 2>, tiny::SmallOutput>, Second>>;
static_assert(Net::parameter_count == 16);
