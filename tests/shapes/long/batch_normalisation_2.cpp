#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: batch normalisation, part 2") {
  batch_norm<Dims{7, 7, 192}>(2);
  batch_norm<Dims{17, 17, 96}>(2);
  batch_norm<Dims{28, 28, 251}>(2);
  batch_norm<Dims{15, 15, 576}>(2);
}
