#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: response normalisation, part 1") {
  response_norm<Dims{10, 7, 16}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(1);
  response_norm<Dims{57, 57, 64}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(2);
  response_norm<Dims{16, 16, 15}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(1);
  response_norm<Dims{55, 55, 96}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(2);
  response_norm<Dims{1, 1, 64}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(1);
  response_norm<Dims{15, 1, 12}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(2);
  response_norm<Dims{5, 5, 16}, 7, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(1);
  response_norm<Dims{1, 16, 31}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>(2);
  response_norm<Dims{5, 5, 16}, 5, Ratio{1, 10000}, Ratio{3, 4}, Ratio{71, 5}>(1);
}
