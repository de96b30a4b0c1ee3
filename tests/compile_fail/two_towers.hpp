#pragma once
// Two towers with a seam in common, for networks that are wrong for another reason.
#include <xstitch/weave/tower.hpp>

#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;

using Upper =
    xs::Tower<"upper", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
using Lower =
    xs::Tower<"lower", xs::Shape<4>, tiny::Dense<"a", 4>, xs::Seam<"s1">, tiny::Dense<"b", 2>, tiny::SmallOutput>;
