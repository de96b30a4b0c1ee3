// ResNet-50: torchvision's numbers, names and parameters; a stitched pair.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/resnet.hpp>

#include "golden.hpp"

#include "../golden/resnet50.inc"

namespace xs = xstitch;
using xs::models::ResNet50;
using Loss = xs::SoftmaxCrossEntropy;

static_assert(xs::OneTask<ResNet50<"a", 1000, Loss>>::parameter_count == 25'557'032);

TEST_CASE("ResNet-50 gives torchvision's numbers") {
  golden::compare<xs::OneTask<ResNet50<"birds", 5, Loss, xs::Shape<64, 64, 3>>>>(GOLDEN(resnet50), 2);
}

TEST_CASE("a pair trains") {
  using Image = xs::Shape<32, 32, 3>;
  using Pair = xs::CrossStitch<ResNet50<"birds", 5, Loss, Image, 16>, ResNet50<"flowers", 3, Loss, Image, 16>>;
  static_assert(Pair::seams == xs::names("layer1", "layer2", "layer3", "layer4"));
  golden::train_pair<Pair>();
}
