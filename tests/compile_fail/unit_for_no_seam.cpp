// expect: UnitForNoSeam<.*"s9"
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::CrossStitch<xs::UnitAt<"s9", xs::CrossStitchUnit<>>, Upper, Lower>;
#else
using Net = xs::CrossStitch<xs::UnitAt<"s1", xs::CrossStitchUnit<false>>, Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
