// Rows on the simplex start on it: initial alphas that do not sum to 1 are refused.
// expect: UnitDoesNotFitItsSeam<.*"s1".*Simplex<.*initial alphas > 0 with sum 1
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/simplex.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Rows = xs::Simplex<false, xs::Ratio{9, 10}, xs::Ratio{2, 10}>;
#else
using Rows = xs::Simplex<false, xs::Ratio{8, 10}, xs::Ratio{2, 10}>;
#endif
using Net = xs::CrossStitch<xs::UnitAt<"s1", Rows>, Upper, Lower>;
static_assert(Net::parameter_count > 0);
