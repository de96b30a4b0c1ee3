// Tower "a" with head "b" and tower "a.b" would both be "a.b".
// expect: FullNameUsedTwice<.*"a".*"a.b"
#include <xstitch/networks/ensemble.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::Tower<"a.b", xs::Shape<4>, tiny::Dense<"z", 2>, tiny::SmallOutput>;
#else
using Second = xs::Tower<"a.c", xs::Shape<4>, tiny::Dense<"z", 2>, tiny::SmallOutput>;
#endif
using First = xs::Tower<"a", xs::Shape<4>, xs::Head<"b", tiny::Dense<"y", 2>, tiny::SmallOutput>>;
static_assert(xs::Ensemble<1, First, Second>::parameter_count == 16);
