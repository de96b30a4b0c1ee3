// The shared part must be the same types; the message shows the first pair that differs.
// expect: SharedPartDiffers<.*"upper".*Dense<a, 8>.*"lower".*Dense<a, 9>
#include <xstitch/networks/split.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int lower_width = 9;
#else
constexpr int lower_width = 8;
#endif
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 8>, tiny::Dense<"b", 2>, tiny::SmallOutput>;
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", lower_width>, tiny::Dense<"b", 2>, tiny::SmallOutput>;
static_assert(xs::Split<"b", Upper, Lower>::parameter_count == 32 + 2 * 16);
