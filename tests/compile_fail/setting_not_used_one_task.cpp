// A network without seams has no alphas: OneTask<PerLayer, A> would ignore the setting.
// expect: SettingNotUsed<.*"OneTask".*"PerLayer"
#include <xstitch/networks/one_task.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::OneTask<xs::PerLayer, Upper>;
#else
using Net = xs::OneTask<xs::Bfloat16, Upper>;
#endif
static_assert(Net::parameter_count > 0);
