// expect: HeadInsideBranch<.*"t".*"h"
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
using Inner = xs::Head<"h", tiny::Dense<"c", 2>, tiny::SmallOutput>;
#else
using Inner = xs::Layers<>;
#endif
using Net = xs::OneTask<
    xs::Tower<"t", xs::Shape<4>, xs::Residual<tiny::Dense<"r", 4>, Inner>, tiny::Dense<"z", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 24);
