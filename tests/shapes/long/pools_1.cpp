#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: pools, part 1") {
  pools<Dims{147, 147, 64}, 3, 2, 0>(1);
  pools<Dims{112, 112, 64}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{20, 15, 65}, Size{4, 3}, 1, Sides{0, 1, 0, 0}>(1);
  pools<Dims{7, 7, 1024}, 7, 1, 0>(2);
  pools<Dims{27, 27, 256}, 3, 2, 0>(1);
  pools<Dims{16, 16, 5}, 3, 1, 0>(2);
  pools<Dims{4, 8, 16}, Size{4, 8}, Size{4, 8}, 0>(1);
  pools<Dims{14, 14, 832}, 3, 2, Sides{0, 0, 1, 1}>(2);
  pools<Dims{17, 17, 768}, 3, 2, 0>(1);
  pools<Dims{36, 33, 35}, Size{4, 6}, 2, Sides{1, 0, 0, 0}>(2);
  pools<Dims{37, 19, 32}, Size{4, 6}, Size{2, 1}, 0>(1);
  pools<Dims{55, 55, 96}, 3, 2, 0>(2);
  pools<Dims{50, 50, 16}, 3, 2, Sides{1, 1, 2, 2}>(1);
  pools<Dims{7, 11, 5}, Size{7, 11}, Size{7, 11}, 0>(2);
  pools<Dims{7, 7, 832}, 3, 1, 1>(1);
  pools<Dims{8, 8, 2048}, 3, 1, 1>(2);
  pools<Dims{37, 30, 35}, Size{4, 3}, 2, 0>(1);
  pools<Dims{8, 8, 2048}, 8, 1, 0>(2);
  pools<Dims{27, 27, 5}, 3, 3, 0>(1);
  pools<Dims{1, 11, 5}, Size{1, 11}, Size{1, 11}, 0>(2);
  pools<Dims{14, 14, 512}, 3, 1, 1>(1);
  pools<Dims{35, 35, 192}, 3, 1, 1>(2);
  pools<Dims{4, 4, 4}, 3, 1, 1>(1);
}
