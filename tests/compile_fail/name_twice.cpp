// A layer's name is twice in a tower: its parameters could not be told apart.
// expect: NameUsedTwice<.*"upper".*"fc"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = tiny::Dense<"fc", 3>;
#else
using Second = tiny::Dense<"fc2", 3>;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"fc", 8>, Second, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 4 * 8 + 8 * 3);
