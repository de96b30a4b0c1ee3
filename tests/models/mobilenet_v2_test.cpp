// MobileNetV2: torchvision's numbers, names and parameters; a stitched pair.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/mobilenet_v2.hpp>

#include "golden.hpp"

#include "../golden/mobilenet_v2.inc"

namespace xs = xstitch;
using xs::models::MobileNetV2;
using Loss = xs::SoftmaxCrossEntropy;

static_assert(xs::OneTask<MobileNetV2<"a", 1000, Loss>>::parameter_count == 3'504'872);

TEST_CASE("MobileNetV2 gives torchvision's numbers") {
  golden::compare<xs::OneTask<MobileNetV2<"birds", 5, Loss, xs::Shape<64, 64, 3>, 1, xs::Layers<>>>>(
      GOLDEN(mobilenet_v2), 2);
}

TEST_CASE("a pair trains") {
  using Image = xs::Shape<64, 64, 3>;
  using Pair = xs::CrossStitch<MobileNetV2<"birds", 5, Loss, Image, 8>, MobileNetV2<"flowers", 3, Loss, Image, 8>>;
  static_assert(Pair::seams ==
                xs::names("stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage7", "stage8"));
  golden::train_pair<Pair>();
}
