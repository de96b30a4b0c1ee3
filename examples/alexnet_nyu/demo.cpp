// 128 x 96 at a quarter of the width: minutes on two cores. Trained from nothing for so short a time, a narrow network
// underfits: no dropout, and many small batches.
#include "menu.hpp"

namespace alexnet_nyu {

using Filling = xs::models::HeFilling;
using Drop = xs::Dropout<xs::Ratio{0}>;
using Segmentation = xs::models::Fcn32s<"segmentation", 13, xs::SoftmaxCrossEntropy, 96, 128, 4, 20, 2, Filling, Drop>;
using Normals = xs::models::Fcn32s<"normals", words, xs::CodebookCrossEntropy<words>, 96, 128, 4, 20, 2, Filling, Drop>;

Preset demo_preset() {
  return {.name = "demo",
          .what = "128x96, a quarter of the width, 13 classes: minutes on two cores",
          .height = 96,
          .width = 128,
          .classes = 13,
          .batch = 4,
          .segmentation_iterations = 5000,
          .normals_iterations = 1500,
          .stitched_iterations = 4000,
          .rate = 0.02F,
          .decay = 5e-4F,
          .stitch_scale = 25.0F,
          .train_rooms = 4000,
          .test_rooms = 400,
          .make = &make<Segmentation, Normals>,
          .describe = &describe<Segmentation, Normals>};
}

}  // namespace alexnet_nyu
