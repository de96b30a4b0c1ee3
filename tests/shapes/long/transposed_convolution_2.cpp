#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: transposed convolution, part 2") {
  transposed<Dims{5, 5, 20}, 16, 3, 1, 1, 4>(2);
  transposed<Dims{14, 14, 160}, 512, 1, 1, 0, 1>(1);
  transposed<Dims{5, 5, 17}, 17, 3, 1, 1, 17>(2);
}
