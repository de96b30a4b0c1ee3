// A unit that cannot take a seam's tensors: seam, unit, shape there, what it needs. (One subspace more than divides.)
// expect: UnitDoesNotFitItsSeam<.*"s1".*Sluice<.*Shape<1, 1, 4>.*G divides the channels
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/weave/units/sluice.hpp>

#include "two_towers.hpp"

#ifdef WRONG
constexpr int subspaces = 3;
#else
constexpr int subspaces = 2;
#endif
using Net = xs::CrossStitch<xs::Unit<xs::Sluice<subspaces>>, Upper, Lower>;
static_assert(Net::parameter_count == 4 * 4 + 4 * 4 + 2 * (4 * 2) + 4 * 4);
