// expect: SettingNotUsed<.*"Split".*InitialAlpha
#include <xstitch/networks/split.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::Split<"b", xs::InitialAlpha<xs::Ratio{1}, xs::Ratio{0}>, Upper, Lower>;
#else
using Net = xs::Split<"b", xs::Bfloat16, Upper, Lower>;
#endif
static_assert(Net::parameter_count > 0);
