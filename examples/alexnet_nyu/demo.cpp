// The demo preset: minutes on two cores.
#include "demo_towers.hpp"

namespace alexnet_nyu {

using demo::Normals;
using demo::Segmentation;

Preset demo_preset() {
  return {.name = "demo",
          .what = "128x96, a quarter of the width, 13 classes: minutes on two cores",
          .height = 96,
          .width = 128,
          .classes = 13,
          .batch = 4,
          .segmentation_iterations = 4500,
          .normals_iterations = 4500,
          .second_iterations = 4500,
          .learning_rate = 0.02F,
          .weight_decay = 5e-4F,
          .alpha_multiplier = 25.0F,
          .train_rooms = 4000,
          .test_rooms = 400,
          .make = &make<Segmentation, Normals>,
          .make_bf16 = &demo::make_bf16,
          .describe = &describe<Segmentation, Normals>};
}

}  // namespace alexnet_nyu
