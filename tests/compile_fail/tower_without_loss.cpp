// expect: TowerHasNoLoss<.*"upper"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>>>;
#else
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, tiny::SmallOutput>>;
#endif
static_assert(Net::parameter_count == 16);
