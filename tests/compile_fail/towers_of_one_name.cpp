// expect: TwoTowersOfOneName<.*"upper"
#include <xstitch/networks/cross_stitch.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
template <xs::FixedString Name>
using Make = xs::Tower<Name, xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
#ifdef WRONG
using Net = xs::CrossStitch<Make<"upper">, Make<"upper">>;
#else
using Net = xs::CrossStitch<Make<"upper">, Make<"lower">>;
#endif
static_assert(Net::parameter_count == 2 * (16 + 8) + 4 * 4);
