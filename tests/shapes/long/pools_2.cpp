#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: pools, part 2") {
  pools<Dims{14, 14, 480}, 3, 1, 1>(2);
  pools<Dims{30, 30, 17}, 3, 2, Sides{1, 1, 2, 2}>(1);
  pools<Dims{16, 8, 16}, Size{16, 8}, Size{16, 8}, 0>(2);
  pools<Dims{28, 28, 480}, 3, 2, Sides{0, 0, 1, 1}>(1);
  pools<Dims{35, 35, 288}, 3, 2, 0>(2);
  pools<Dims{60, 60, 14}, Size{2, 3}, 2, Sides{1, 1, 1, 2}>(1);
  pools<Dims{36, 30, 32}, Size{4, 3}, 2, Sides{1, 0, 0, 0}>(2);
  pools<Dims{14, 14, 8}, 3, 2, Sides{1, 1, 2, 2}>(1);
  pools<Dims{14, 14, 528}, 3, 1, 1>(2);
  pools<Dims{35, 35, 288}, 3, 1, 1>(1);
  pools<Dims{32, 32, 64}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{37, 33, 32}, Size{4, 6}, 2, 0>(1);
  pools<Dims{32, 16, 16}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{28, 28, 256}, 3, 1, 1>(1);
  pools<Dims{35, 35, 256}, 3, 1, 1>(2);
  pools<Dims{19, 19, 35}, Size{4, 6}, 1, Sides{1, 0, 0, 0}>(1);
  pools<Dims{7, 7, 2048}, 7, 1, 0>(2);
  pools<Dims{20, 20, 16}, 3, 2, 0>(1);
  pools<Dims{114, 114, 64}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{17, 17, 768}, 3, 1, 1>(1);
  pools<Dims{20, 15, 35}, Size{4, 3}, 1, Sides{0, 1, 0, 0}>(2);
}
