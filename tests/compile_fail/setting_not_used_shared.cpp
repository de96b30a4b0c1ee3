// expect: SettingNotUsed<.*"Shared".*PerChannel
#include <xstitch/networks/split.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::Shared<Upper, Lower, xs::PerChannel>;
#else
using Net = xs::Shared<Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
