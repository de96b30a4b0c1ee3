#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: transposed convolution, part 1") {
  transposed<Dims{7, 7, 128}, 48, 5, 1, 2, 1>(1);
  transposed<Dims{5, 5, 16}, 16, 3, 1, 1, 16>(2);
  transposed<Dims{7, 7, 384}, 832, 1, 1, 0, 1>(1);
  transposed<Dims{7, 7, 128}, 32, 5, 1, 2, 1>(2);
  transposed<Dims{5, 5, 16}, 3, 3, 1, 1, 1>(1);
  transposed<Dims{7, 7, 32}, 832, 1, 1, 0, 1>(2);
  transposed<Dims{14, 14, 48}, 16, 5, 1, 2, 1>(1);
  transposed<Dims{5, 5, 16}, 16, 3, 1, 1, 4>(2);
  transposed<Dims{7, 7, 160}, 832, 1, 1, 0, 1>(1);
  transposed<Dims{14, 14, 64}, 32, 5, 1, 2, 1>(2);
  transposed<Dims{5, 5, 16}, 17, 1, 1, 0, 1>(1);
  transposed<Dims{28, 28, 96}, 192, 1, 1, 0, 1>(2);
  transposed<Dims{14, 14, 64}, 24, 5, 1, 2, 1>(1);
  transposed<Dims{5, 5, 17}, 16, 3, 1, 1, 1>(2);
  transposed<Dims{14, 14, 96}, 480, 1, 1, 0, 1>(1);
  transposed<Dims{5, 5, 16}, 20, 3, 1, 1, 4>(2);
  transposed<Dims{28, 28, 16}, 192, 1, 1, 0, 1>(1);
  transposed<Dims{5, 5, 17}, 16, 1, 1, 0, 1>(2);
  transposed<Dims{14, 14, 64}, 512, 1, 1, 0, 1>(1);
  transposed<Dims{5, 5, 17}, 3, 3, 1, 1, 1>(2);
  transposed<Dims{14, 14, 24}, 512, 1, 1, 0, 1>(1);
  transposed<Dims{5, 5, 16}, 16, 1, 1, 0, 1>(2);
  transposed<Dims{14, 14, 32}, 528, 1, 1, 0, 1>(1);
}
