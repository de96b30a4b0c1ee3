// Tower "a" with head "b" and tower "a.b" would both be "a.b".
// expect: FullNameUsedTwice<.*"a".*"a.b"
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
using Second = xs::Tower<"a.b", xs::Shape<4>, tiny::Dense<"z", 2>, tiny::SmallOutput>;
#else
using Second = xs::Tower<"a.c", xs::Shape<4>, tiny::Dense<"z", 2>, tiny::SmallOutput>;
#endif
using First = xs::Tower<"a", xs::Shape<4>, xs::Head<"b", tiny::Dense<"y", 2>, tiny::SmallOutput>>;
static_assert(xs::Ensemble<1, First, Second>::parameter_count == 16);
