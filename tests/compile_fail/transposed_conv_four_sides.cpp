// A transposed convolution has the same padding on opposite sides.
// expect: OptionOfAnotherLayer<.*"upper".*TransposedConv<up, 2.*Pad<Sides
// expect: xstitch: a layer got an option that it does not have
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/losses/regression.hpp>
#include <xstitch/networks/one_task.hpp>

namespace xs = xstitch;
#ifdef WRONG
using Padding = xs::Pad<xs::Sides{1, 1, 0, 0}>;
#else
using Padding = xs::Pad<xs::Sides{1, 0, 1, 0}>;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<8, 8, 3>, xs::Conv<"c", 3, 3, xs::Pad<xs::Sides{0, 0, 1, 1}>>,
                                  xs::TransposedConv<"up", 2, 4, xs::Stride<2>, Padding>, xs::L2>>;
static_assert(Net::parameter_count > 0);
