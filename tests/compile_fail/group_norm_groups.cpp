// expect: LayerDoesNotFitItsInput<.*"t".*GroupNorm<norm, 4.*8, 8, 6.*GroupNorm: the groups must divide
// channels|LayerDoesNotFitItsInput<.*"t".*GroupNorm<norm, 4.*8, 8, 6 expect: xstitch: a layer cannot take its input
#include <xstitch/layers/group_norm.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int groups = 4;
#else
constexpr int groups = 3;
#endif
using Net = xs::OneTask<
    xs::Tower<"t", xs::Shape<8, 8, 6>, xs::GroupNorm<"norm", groups>, tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 12 + 768);
