// expect: NoLayerToSplitAt<.*"upper".*"conv9"
#include <xstitch/networks/split.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 8>, tiny::Dense<"b", 2>, tiny::SmallOutput>;
using Lower = xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 8>, tiny::Dense<"b", 2>, tiny::SmallOutput>;
#ifdef WRONG
using Net = xs::Split<"conv9", Upper, Lower>;
#else
using Net = xs::Split<"b", Upper, Lower>;
#endif
static_assert(Net::parameter_count == 32 + 2 * 16);
