// A layer that needs more room than it gets: tower, layer and the shape it got.
// expect: LayerDoesNotFitItsInput<.*"upper".*Halve.*1, 4, 3
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int height = 1;
#else
constexpr int height = 2;
#endif
using Net =
    xs::OneTask<xs::Tower<"upper", xs::Shape<height, 4, 3>, tiny::Halve, tiny::Dense<"a", 1>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 6);
