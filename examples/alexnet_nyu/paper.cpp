// The paper's setting: 640 x 480, padding 100, 40 classes, mini-batch 20, rate 1e-3, weight decay 5e-4, alphas at 1000
// times the rate; 25,000, 15,000 and 10,000 iterations.
#include "menu.hpp"

namespace alexnet_nyu {

using Segmentation = xs::models::Fcn32s<"segmentation", 40, xs::SoftmaxCrossEntropy, 480, 640>;
using Normals = xs::models::Fcn32s<"normals", words, xs::CodebookCrossEntropy<words>, 480, 640>;

Preset paper_preset() {
  return {.name = "paper",
          .what = "640x480, full width, padding 100, 40 classes, the paper's batch and rates: weeks on a CPU",
          .height = 480,
          .width = 640,
          .classes = 40,
          .batch = 20,
          .segmentation_iterations = 25000,
          .normals_iterations = 15000,
          .second_iterations = 10000,
          .learning_rate = 0.001F,
          .weight_decay = 5e-4F,
          .alpha_multiplier = 1000.0F,
          .train_rooms = 0,
          .test_rooms = 0,
          .make = &make<Segmentation, Normals>,
          .describe = &describe<Segmentation, Normals>};
}

}  // namespace alexnet_nyu
