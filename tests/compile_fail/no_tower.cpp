// expect: WrongNumberOfTowers<.*"OneTask".*exactly one
#include <xstitch/networks/one_task.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Net = xs::OneTask<>;
#else
using Net = xs::OneTask<Lower>;
#endif
static_assert(Net::parameter_count > 0);
