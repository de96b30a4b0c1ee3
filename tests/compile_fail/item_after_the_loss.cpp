// expect: ItemAfterTheLoss<.*"t".*Dense<z, 2>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Last = tiny::Dense<"z", 2>;
#else
using Last = xs::Layers<>;
#endif
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4>, tiny::Dense<"a", 2>, tiny::SmallOutput, Last>>;
static_assert(Net::parameter_count == 8);
