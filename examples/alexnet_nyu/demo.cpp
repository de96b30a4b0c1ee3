// 128 x 96 at a quarter of the width: minutes on two cores.
#include "menu.hpp"

namespace alexnet_nyu {

using Filling = xs::models::HeFilling;
using Segmentation = xs::models::Fcn32s<"segmentation", 13, xs::SoftmaxCrossEntropy, 96, 128, 4, 20, 2, Filling>;
using Normals = xs::models::Fcn32s<"normals", words, xs::CodebookCrossEntropy<words>, 96, 128, 4, 20, 2, Filling>;

Preset demo_preset() {
  return {.name = "demo", .what = "128x96, a quarter of the width, 13 classes: minutes on two cores",
          .height = 96, .width = 128, .classes = 13, .batch = 16,
          .segmentation_iterations = 500, .normals_iterations = 500, .stitched_iterations = 400,
          .rate = 0.01F, .decay = 5e-4F, .stitch_scale = 100.0F, .train_rooms = 2000, .test_rooms = 400,
          .make = &make<Segmentation, Normals>, .describe = &describe<Segmentation, Normals>};
}

}  // namespace alexnet_nyu
