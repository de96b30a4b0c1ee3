// A view of a parameter that is not there.
// expect: NoParameterOfThisName<.*"upper.b.weight"
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/weights.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, tiny::SmallOutput>>;
inline void look(Net& net) {
#ifdef WRONG
  (void)xs::weights<"upper.b">(net);
#else
  (void)xs::weights<"upper.a">(net);
#endif
}
