// The paper's setting: Fast R-CNN's 600 x 800 (a picture of 500 x 375 at scale 600), full width, two images a step,
// learning rate 1e-3, weight decay 5e-4, dropout; 40,000 iterations, the learning rate a tenth after 30,000.
#include "networks.hpp"

namespace alexnet_voc {

namespace {
struct Paper {
  template <int Regions>
  using Detection = xs::models::FastRcnn<classes, 600, 800, Regions>;
  template <int Regions>
  using Attributes = xs::models::RegionAttributes<attributes, 600, 800, Regions>;
};
}  // namespace

Preset paper_preset() {
  return {.name = "paper",
          .what = "800x600, full width, the paper's batch and rates: hours a network on a CPU (see --time-steps)",
          .height = 600,
          .width = 800,
          .iterations = 40000,
          .learning_rate = 0.001F,
          .weight_decay = 5e-4F,
          .alpha_multiplier = 100.0F,
          .stepwise = true,
          .train_rooms = 1000,
          .test_rooms = 200,
          .make = &make<Paper>,
          .wide = &wide<Paper>,
          .describe = &describe<Paper>};
}

}  // namespace alexnet_voc
