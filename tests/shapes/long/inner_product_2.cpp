#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: inner product, part 2") {
  inner_product<Dims{1, 1, 2048}, 4096>(1);
  inner_product<Dims{1, 1, 4096}, 81>(2);
  inner_product<Dims{1, 1, 1}, 14>(1);
  inner_product<Dims{5, 5, 128}, 128>(2);
}
