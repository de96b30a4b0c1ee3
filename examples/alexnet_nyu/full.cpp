// 320 x 240 at full width: hours.
#include "menu.hpp"

namespace alexnet_nyu {

using Initializers = xs::models::HeInitializers;
using Segmentation = xs::models::Fcn32s<"segmentation", 13, xs::SoftmaxCrossEntropy, 240, 320, 1, 20, 2, Initializers>;
using Normals = xs::models::Fcn32s<"normals", words, xs::CodebookCrossEntropy<words>, 240, 320, 1, 20, 2, Initializers>;

Preset full_preset() {
  return {.name = "full",
          .what = "320x240, full width, 13 classes: hours",
          .height = 240,
          .width = 320,
          .classes = 13,
          .batch = 8,
          .segmentation_iterations = 5000,
          .normals_iterations = 5000,
          .second_iterations = 5000,
          .learning_rate = 0.003F,
          .weight_decay = 5e-4F,
          .alpha_multiplier = 100.0F,
          .train_rooms = 20000,
          .test_rooms = 1000,
          .make = &make<Segmentation, Normals>,
          .describe = &describe<Segmentation, Normals>};
}

}  // namespace alexnet_nyu
