#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: inner product, part 1") {
  inner_product<Dims{1, 1, 4096}, 1000>(2);
  inner_product<Dims{1, 1, 3072}, 768>(1);
  inner_product<Dims{1, 1, 4096}, 1024>(2);
  inner_product<Dims{1, 1, 36}, 36>(1);
  inner_product<Dims{1, 1, 256}, 1>(2);
  inner_product<Dims{1, 1, 512}, 512>(1);
  inner_product<Dims{1, 1, 1024}, 1000>(2);
  inner_product<Dims{1, 1, 2048}, 1000>(1);
  inner_product<Dims{1, 1, 1024}, 81>(2);
  inner_product<Dims{1, 1, 128}, 1>(1);
  inner_product<Dims{1, 1, 1000}, 1111>(2);
  inner_product<Dims{1, 1, 320}, 1280>(1);
  inner_product<Dims{1, 1, 4096}, 324>(2);
  inner_product<Dims{1, 1, 845}, 1024>(1);
  inner_product<Dims{1, 1, 1}, 10>(2);
  inner_product<Dims{3, 3, 64}, 1000>(1);
  inner_product<Dims{1, 1, 768}, 3072>(2);
  inner_product<Dims{1, 1, 1024}, 4096>(1);
  inner_product<Dims{1, 1, 80}, 40>(2);
  inner_product<Dims{1, 1, 1024}, 512>(1);
  inner_product<Dims{1, 1, 1024}, 324>(2);
  inner_product<Dims{1, 1, 256}, 256>(1);
  inner_product<Dims{1, 1, 2200}, 2200>(2);
}
