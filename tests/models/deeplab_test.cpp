// DeepLabv3: torchvision's numbers (a quarter of the widths), names and parameters; a stitched pair.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/deeplab.hpp>

#include "golden.hpp"

#include "../golden/deeplab50.inc"

namespace xs = xstitch;
using xs::models::DeepLab50, xs::models::Rates;
using Loss = xs::SoftmaxCrossEntropy;

static_assert(xs::OneTask<DeepLab50<"a", 21, Loss, 240, 320>>::parameter_count == 39'638'869);

TEST_CASE("DeepLabv3 gives torchvision's numbers") {
  golden::compare<xs::OneTask<DeepLab50<"parts", 5, Loss, 48, 32, 4, 8, Rates<2, 3, 5>, xs::Layers<>>>>(
      GOLDEN(deeplab50), 3);
}

TEST_CASE("a pair trains, with an output stride of 16") {
  using Pair = xs::CrossStitch<DeepLab50<"parts", 5, Loss, 32, 48, 16, 16, Rates<1, 2, 3>>,
                               DeepLab50<"depth", 3, Loss, 32, 48, 16, 16, Rates<1, 2, 3>>>;
  static_assert(Pair::seams == xs::names("layer1", "layer2", "layer3", "layer4", "pyramid", "classifier"));
  golden::train_pair<Pair>();
}
