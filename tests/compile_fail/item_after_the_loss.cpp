// expect: ItemAfterTheLoss<.*"t".*Dense<z, 2>
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
using Last = tiny::Dense<"z", 2>;
#else
using Last = xs::Layers<>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, tiny::Dense<"a", 2>, tiny::SmallOutput, Last>>;
static_assert(Net::parameter_count == 8);
