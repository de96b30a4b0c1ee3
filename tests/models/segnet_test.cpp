// SegNet: PyTorch's numbers (a quarter of the widths), names and parameters; a stitched pair.
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/segnet.hpp>

#include "golden.hpp"

#include "../golden/segnet.inc"

namespace xs = xstitch;
using xs::models::SegNet, xs::models::Vgg16Bn;
using Loss = xs::SoftmaxCrossEntropy;

static_assert(xs::OneTask<SegNet<"a", 12, Loss, 96, 128>>::parameter_count == 29'449'932);

TEST_CASE("SegNet gives PyTorch's numbers") {
  using Net = xs::OneTask<SegNet<"parts", 5, Loss, 72, 32, 4>>;  // 72 / 16 is odd
  golden::compare<Net>(GOLDEN(segnet), 2);
}

TEST_CASE("a pair trains, and its encoder is VGG-16's") {
  using Pair = xs::CrossStitch<SegNet<"parts", 5, Loss, 32, 32, 16>, SegNet<"depth", 3, Loss, 32, 32, 16>>;
  static_assert(Pair::seams == xs::names("pool1", "pool2", "pool3", "pool4", "pool5", "unpool5", "unpool4", "unpool3",
                                         "unpool2", "unpool1"));
  golden::train_pair<Pair>();
}
