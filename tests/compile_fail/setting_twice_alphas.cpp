// expect: SettingGivenTwice<.*"CrossStitch".*"PerLayer".*"PerChannel"
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::CrossStitch<xs::PerLayer, xs::PerChannel, Upper, Lower>;
#else
using Net = xs::CrossStitch<xs::PerLayer, Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
