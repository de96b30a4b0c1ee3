#pragma once
// The paper's own size: 640 x 480 at full width, padding 100, 40 classes, Caffe's initial values, dropout, mini-batches
// of 20, learning rate 1e-3, alphas at 1000 times the rate. Its stages are 25,000 (segmentation), 15,000 (normals) and
// 10,000 (the pair) long; here, as by every preset, both are N long.
#include "paper/networks.hpp"
#include "paper/towers.hpp"

namespace paper {

struct full : Towers<480, 640, 40, 1, 100, 0, xs::models::CaffeInitializers, xs::Dropout<>> {
  static std::vector<Preset> presets() {
    return {{.name = "paper",
             .what =
                 "640x480, full width, 40 classes, the paper's batch and rates, N = 10,000; wants --data nyuv2:DIR; "
                 "weeks on a CPU (see --time-steps)",
             .height = height,
             .width = width,
             .classes = classes,
             .batch = 20,
             .iterations = 10'000,
             .seeds = 5,
             .train_rooms = 4000,
             .test_rooms = 400,
             .learning_rate = 0.001F,
             .weight_decay = 5e-4F,
             .alpha_multiplier = 1000.0F,
             .experiments = {"table1", "table2", "table3", "table4", "table5", "fig2", "fig6"},
             .splits = {"conv2", "conv3", "conv4", "conv5", "fc6", "fc7"},
             .alphas = {{0.1F, 0.9F}, {0.5F, 0.5F}, {0.7F, 0.3F}, {0.9F, 0.1F}},
             .alpha_multipliers = {1.0F, 10.0F, 100.0F, 1000.0F},
             .make = &make<full>}};
  }
};

}  // namespace paper
