// expect: NoTensorOfThisName<.*"t".*"skip"
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Mark = xs::Mark<"other">;
#else
using Mark = xs::Mark<"skip">;
#endif
using Net =
    xs::OneTask<xs::Tower<"t", xs::Shape<4>, Mark, tiny::Dense<"a", 4>, xs::Concat<xs::Layers<>, xs::Recall<"skip">>,
                          tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 32);
