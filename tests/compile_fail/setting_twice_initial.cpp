// expect: SettingGivenTwice<.*"CrossStitch".*InitialAlpha<.*InitialAlpha<
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::CrossStitch<Upper, xs::InitialAlpha<xs::Ratio{1}, xs::Ratio{0}>, Lower,
                            xs::InitialAlpha<xs::Ratio{1, 2}, xs::Ratio{1, 2}>>;
#else
using Net = xs::CrossStitch<Upper, xs::InitialAlpha<xs::Ratio{1}, xs::Ratio{0}>, Lower>;
#endif
static_assert(Net::parameter_count > 0);
