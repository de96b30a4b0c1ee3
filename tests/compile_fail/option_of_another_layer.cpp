// An option that a layer does not have would be without effect: the layer and the option.
// expect: OptionOfAnotherLayer<.*Conv<.*"conv1".*CeilMode
// expect: xstitch: a layer got an option that it does not have
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/max_pool.hpp>

namespace xs = xstitch;
#ifdef WRONG
using Layer = xs::Conv<"conv1", 8, 3, xs::CeilMode>;
#else
using Layer = xs::Conv<"conv1", 8, 3, xs::Pad<1>, xs::Groups<1>, xs::Gaussian<xs::Ratio{1, 100}>, xs::Frozen>;
#endif
static_assert(Layer::output_shape({16, 16, 3}).channels == 8);
static_assert(xs::MaxPool<3, 2, xs::CeilMode, xs::Pad<1>>::output_shape({16, 16, 3}).channels == 3);
