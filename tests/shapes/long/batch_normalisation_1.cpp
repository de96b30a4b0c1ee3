#include "../check_shapes.hpp"

using namespace shapes;

TEST_CASE("shapes: batch normalisation, part 1") {
  batch_norm<Dims{14, 14, 64}>(2);
  batch_norm<Dims{8, 8, 448}>(2);
  batch_norm<Dims{16, 16, 600}>(2);
  batch_norm<Dims{7, 7, 2048}>(2);
  batch_norm<Dims{1, 1, 1}>(2);
  batch_norm<Dims{8, 8, 768}>(2);
  batch_norm<Dims{7, 7, 128}>(2);
  batch_norm<Dims{35, 35, 96}>(2);
  batch_norm<Dims{16, 16, 322}>(2);
  batch_norm<Dims{7, 7, 512}>(2);
  batch_norm<Dims{2, 2, 128}>(2);
  batch_norm<Dims{15, 15, 704}>(2);
  batch_norm<Dims{7, 7, 352}>(2);
  batch_norm<Dims{17, 17, 160}>(2);
  batch_norm<Dims{16, 16, 800}>(2);
  batch_norm<Dims{14, 14, 1024}>(2);
  batch_norm<Dims{28, 28, 257}>(2);
  batch_norm<Dims{15, 15, 768}>(2);
  batch_norm<Dims{7, 7, 320}>(2);
  batch_norm<Dims{17, 17, 192}>(2);
  batch_norm<Dims{8, 8, 4}>(2);
  batch_norm<Dims{28, 28, 256}>(2);
  batch_norm<Dims{8, 8, 544}>(2);
}
