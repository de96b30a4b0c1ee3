// weights<"ensemble:.a.l"> is no name (a ':' follows '9'), and weights<"ensemble10.a.l"> is one.
// expect: NoParameterOfThisName<.*"ensemble:.upper.b.weight"
#include <xstitch/networks/ensemble.hpp>
#include <xstitch/networks/weights.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using Upper = xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"b", 2>, tiny::SmallOutput>;
#ifdef WRONG
inline auto view(xs::Ensemble<12, Upper>& net) { return xs::weights<"ensemble:.upper.b">(net); }
#else
inline auto view(xs::Ensemble<12, Upper>& net) { return xs::weights<"ensemble10.upper.b">(net); }
#endif
