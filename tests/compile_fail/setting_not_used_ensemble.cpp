// A unit that is none, in a network that has no seams.
// expect: SettingNotUsed<.*"Ensemble".*Unit<int>
#include <xstitch/networks/ensemble.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::Ensemble<2, xs::Unit<int>, Upper>;
#else
using Net = xs::Ensemble<2, Upper>;
#endif
static_assert(Net::parameter_count > 0);
