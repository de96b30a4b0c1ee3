// expect: NotALayer<.*"upper".*Strange
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
struct Strange {};
#ifdef WRONG
using Item = Strange;
#else
using Item = tiny::Dense<"b", 4>;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, Item, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 32);
