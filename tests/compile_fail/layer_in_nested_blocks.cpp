// expect: LayerDoesNotFitItsInput<.*"t".*"layer1.0".*Conv<conv2
// Blocks inside blocks: the message has the names of all of them, outermost first, as parameters have.
#include <xstitch/layers/conv.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/one_task.hpp>

namespace xs = xstitch;
#ifdef WRONG
using Second = xs::Conv<"conv2", 4, 9>;
#else
using Second = xs::Conv<"conv2", 4, 3>;
#endif
using Net =
    xs::OneTask<xs::Tower<"t", xs::Shape<6, 6, 4>,
                          xs::Block<"layer1", xs::Block<"0", xs::Conv<"conv1", 4, 3, xs::Pad<1>>, Second>>, xs::L2>>;
static_assert(Net::parameter_count == 2 * (9 * 4 * 4 + 4));
