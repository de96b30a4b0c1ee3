// expect: HeadInsideBranch<.*"t".*"h"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Inner = xs::Head<"h", tiny::Dense<"c", 2>, tiny::SmallOutput>;
#else
using Inner = xs::Layers<>;
#endif
using Net = xs::OneTask<
    xs::Tower<"t", xs::Shape<4>, xs::Residual<tiny::Dense<"r", 4>, Inner>, tiny::Dense<"z", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 24);
