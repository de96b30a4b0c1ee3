// VGG-16 with and without batch normalisation: torchvision's numbers (a quarter of the widths), names and parameters; a
// stitched pair of the plain one.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/vgg.hpp>

#include "golden.hpp"

#include "../golden/vgg16.inc"
#include "../golden/vgg16_bn.inc"

namespace xs = xstitch;
using xs::models::Vgg16, xs::models::Vgg16Bn;
using Loss = xs::SoftmaxCrossEntropy;

static_assert(xs::OneTask<Vgg16<"a", 1000, Loss>>::parameter_count == 138'357'544);
static_assert(xs::OneTask<Vgg16Bn<"a", 1000, Loss>>::parameter_count == 138'365'992);

TEST_CASE("VGG-16 gives torchvision's numbers") {
  using Image = xs::Shape<64, 32, 3>;
  golden::compare<xs::OneTask<Vgg16<"birds", 5, Loss, Image, 4, xs::Layers<>>>>(GOLDEN(vgg16), 2);
  golden::compare<xs::OneTask<Vgg16Bn<"birds", 5, Loss, Image, 4, xs::Layers<>>>>(GOLDEN(vgg16_bn), 2);
}

TEST_CASE("a pair trains, its convolutions named as torchvision's") {
  using Image = xs::Shape<32, 32, 3>;
  using Pair = xs::CrossStitch<Vgg16<"birds", 5, Loss, Image, 16>, Vgg16<"flowers", 3, Loss, Image, 16>>;
  static_assert(Pair::seams == xs::names("pool1", "pool2", "pool3", "pool4", "pool5", "fc6", "fc7"));
  golden::train_pair<Pair>();
  const Pair net{xs::seed(1)};
  for (const int layer : {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28})
    CHECK(net.find_parameter("birds.features." + std::to_string(layer) + ".weight") != xs::AnyNet::npos);
}
