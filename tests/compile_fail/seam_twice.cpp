// A seam is twice in a tower.
// expect: NameUsedTwice<.*"upper".*"s"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::Seam<"s">;
#else
using Second = xs::Seam<"t">;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 8>, xs::Seam<"s">, tiny::Dense<"b", 8>,
                                  Second, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 4 * 8 + 8 * 8);
