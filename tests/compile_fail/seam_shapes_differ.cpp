// Towers of different shapes at a seam: the message names the seam, both towers and both shapes.
// expect: SeamShapesDiffer<.*"pool1".*"upper".*1, 1, 8.*"lower".*1, 1, 9
// expect: different shapes at a seam
#include <xstitch/networks/cross_stitch.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int lower_width = 9;
#else
constexpr int lower_width = 8;
#endif
using Upper =
    xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 8>, xs::Seam<"pool1">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", lower_width>, xs::Seam<"pool1">, tiny::Dense<"b", 2>,
                        tiny::SmallOutput>;
static_assert(xs::CrossStitch<Upper, Lower>::seams == xs::names("pool1"));
