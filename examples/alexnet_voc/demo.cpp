// 256 x 192 at a quarter of the width: minutes a network on two cores. Trained from nothing for so short a time, a
// narrow network underfits: no dropout.
#include "networks.hpp"

namespace alexnet_voc {

namespace {
struct Demo {
  using Drop = xs::Dropout<xs::Ratio{0}>;
  template <int Regions>
  using Detection = xs::models::FastRcnn<classes, 192, 256, Regions, 4, xs::models::HeInitializers, Drop>;
  template <int Regions>
  using Attributes = xs::models::RegionAttributes<attributes, 192, 256, Regions, 4, xs::models::HeInitializers, Drop>;
};
}  // namespace

Preset demo_preset() {
  return {.name = "demo",
          .what = "256x192, a quarter of the width: minutes a network on two cores",
          .height = 192,
          .width = 256,
          .iterations = 3000,
          .learning_rate = 0.005F,
          .weight_decay = 5e-4F,
          .alpha_multiplier = 25.0F,
          .train_rooms = 1500,
          .test_rooms = 300,
          .make = &make<Demo>,
          .wide = &wide<Demo>,
          .describe = &describe<Demo>};
}

}  // namespace alexnet_voc
