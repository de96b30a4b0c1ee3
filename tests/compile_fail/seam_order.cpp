// The same seams in another order: each tower would wait for the other.
// expect: SeamsInDifferentOrder<.*"upper".*"s1".*"lower".*"s2"
#include <xstitch/networks/cross_stitch.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 4>, xs::Seam<"s2">,
                        tiny::SmallOutput>;
#ifdef WRONG
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s2">, tiny::Dense<"b", 4>, xs::Seam<"s1">,
                        tiny::SmallOutput>;
#else
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 4>, xs::Seam<"s2">,
                        tiny::SmallOutput>;
#endif
static_assert(xs::CrossStitch<Upper, Lower>::seams == xs::names("s1", "s2"));
