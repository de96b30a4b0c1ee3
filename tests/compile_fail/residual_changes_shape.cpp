// expect: ResidualChangesShape<.*"upper".*1, 1, 5.*1, 1, 4
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int width = 5;
#else
constexpr int width = 4;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, xs::Residual<tiny::Dense<"a", width>>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 16);
