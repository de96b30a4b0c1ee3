// A pair of ResNet-50, one of them half as wide: the message names the seam and both shapes, in few words.
// expect: SeamShapesDiffer<.*"layer1".*"birds".*56, 56, 256.*"flowers".*56, 56, 128
// expect: different shapes at a seam
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/resnet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace xs = xstitch;
#ifdef WRONG
constexpr int divisor = 2;
#else
constexpr int divisor = 1;
#endif
using Image = xs::Shape<224, 224, 3>;
using Birds = xs::models::ResNet50<"birds", 1000, xs::SoftmaxCrossEntropy>;
using Flowers = xs::models::ResNet50<"flowers", 200, xs::SoftmaxCrossEntropy, Image, divisor>;
static_assert(xs::CrossStitch<Birds, Flowers>::seams == xs::names("layer1", "layer2", "layer3", "layer4"));
