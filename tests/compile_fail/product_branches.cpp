// expect: OperationDoesNotFitItsInputs<.*"t".*"gate".*"Product".*4, 4, 3.*4, 4, 5.*Product: two branches or more
#include <xstitch/layers/conv.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
constexpr int channels = 3;
#else
constexpr int channels = 1;
#endif
using Gate = xs::Block<"gate", xs::Product<xs::Layers<>, xs::Conv<"mask", channels, 1>>>;
using Net = xs::OneTask<xs::Tower<"t", xs::Shape<4, 4, 5>, Gate, tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 6 + 160);
