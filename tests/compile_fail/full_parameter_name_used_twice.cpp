// Tower "a.b" with layer "c" and tower "a" with layer "b.c" would share "a.b.c.weight".
// expect: FullNameUsedTwice<.*"a.b".*"a".*"b.c"
#include <xstitch/networks/ensemble.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::Tower<"a", xs::Shape<4>, tiny::Dense<"b.c", 2>, tiny::SmallOutput>;
#else
using Second = xs::Tower<"a", xs::Shape<4>, tiny::Dense<"b.d", 2>, tiny::SmallOutput>;
#endif
using First = xs::Tower<"a.b", xs::Shape<4>, tiny::Dense<"c", 2>, tiny::SmallOutput>;
static_assert(xs::Ensemble<1, First, Second>::parameter_count == 16);
