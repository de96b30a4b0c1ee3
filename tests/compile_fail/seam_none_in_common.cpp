// Nothing to stitch.
// expect: NoCommonSeam<.*"upper".*"lower"
#include <xstitch/networks/cross_stitch.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using UpperSeam = xs::Seam<"s1">;
#else
using UpperSeam = xs::Seam<"s2">;
#endif
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, UpperSeam, tiny::SmallOutput>;
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s2">, tiny::SmallOutput>;
static_assert(xs::CrossStitch<Upper, Lower>::seams == xs::names("s2"));
