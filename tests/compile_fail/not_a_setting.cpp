// expect: NeitherTowerNorSetting<.*"int"
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::CrossStitch<int, Upper, Lower>;
#else
using Net = xs::CrossStitch<Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
