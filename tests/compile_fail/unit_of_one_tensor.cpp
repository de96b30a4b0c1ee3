// Something else than an operation from all towers to all towers is no unit.
// expect: UnitDoesNotFitItsSeam<.*"s1".*Relu.*Shape<1, 1, 4>.*n tensors to n of equal shapes
#include <xstitch/layers/relu.hpp>
#include <xstitch/networks/cross_stitch.hpp>

#include "two_towers.hpp"

#ifdef WRONG
using Mix = xs::Relu;
#else
using Mix = xs::CrossStitchUnit<>;
#endif
using Net = xs::CrossStitch<xs::Unit<Mix>, Upper, Lower>;
static_assert(Net::parameter_count > 0);
