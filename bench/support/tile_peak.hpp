#pragma once
// What the tiles of a matrix unit can do at most.

#include <xstitch/kernels/tiles/unit_or.hpp>

namespace bench {

/// Multiply-adds on tiles alone: four sums, so that each has as long as a product takes. Returns the operations done.
template <class Tiles = xstitch::kernels::UnitTiles>
[[gnu::noinline]] double spin_tiles(int rounds) {
  xstitch::kernels::TileSession<Tiles> session{xstitch::kernels::TileConfig{}};
  auto& t = session.tiles;
  for (int r = 0; r < rounds; ++r) {
    t.template dot<0, 4, 6>();
    t.template dot<1, 5, 6>();
    t.template dot<2, 4, 7>();
    t.template dot<3, 5, 7>();
  }
  return 4.0 * 2.0 * 16 * 16 * 32 * rounds;
}

}  // namespace bench
