// expect: WrongNumberOfTowers<.*"CrossStitch".*2 to 32
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::CrossStitch<Upper>;
#else
using Net = xs::CrossStitch<Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
