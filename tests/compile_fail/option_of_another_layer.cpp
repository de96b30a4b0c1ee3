// An option that a layer does not have would be without effect: tower, layer and the option.
// expect: OptionOfAnotherLayer<.*"upper".*Conv<conv1, 8.*"CeilMode"
// expect: xstitch: a layer got an option that it does not have
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/networks/one_task.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
#ifdef WRONG
using Layer = xs::Conv<"conv1", 8, 3, xs::CeilMode>;
#else
using Layer = xs::Conv<"conv1", 8, 3, xs::Pad<1>, xs::Groups<1>, xs::Gaussian<xs::Ratio{1, 100}>, xs::Frozen>;
#endif
using Net = xs::OneTask<xs::Tower<"upper", xs::Shape<16, 16, 3>, Layer, tiny::Dense<"b", 2>, tiny::SmallOutput>>;
static_assert(Net::parameter_count == 9 * 3 * 8 + 8 + 16 * 16 * 8 * 2);
static_assert(xs::MaxPool<3, 2, xs::CeilMode, xs::Pad<1>>::output_shape({16, 16, 3}).channels == 3);
