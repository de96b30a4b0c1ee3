// expect: SettingNotUsed<.*"OneTask".*At<no such>
#include <xstitch/networks/one_task.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::OneTask<xs::At<"no such">, Upper>;
#else
using Net = xs::OneTask<Upper>;
#endif
static_assert(Net::parameter_count > 0);
