// At<...> names a seam that only one tower has.
// expect: SeamNeedsTwoTowers<.*"s2"
#include <xstitch/networks/cross_stitch.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 4>, xs::Seam<"s2">,
                        tiny::SmallOutput>;
using Lower =
    xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 4>, tiny::SmallOutput>;
#ifdef WRONG
using Net = xs::CrossStitch<xs::At<"s2">, Upper, Lower>;
#else
using Net = xs::CrossStitch<xs::At<"s1">, Upper, Lower>;
#endif
static_assert(Net::seams == xs::names("s1"));
