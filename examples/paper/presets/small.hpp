#pragma once
// 96 x 72 at a quarter of the width, 13 classes: the size in which all experiments run on a CPU in minutes or hours.
#include "paper/networks.hpp"
#include "paper/towers.hpp"

namespace paper {

/// Without dropout: trained from nothing for so short a time, a narrow network underfits.
struct small : Towers<72, 96, 13, 4, 20, 2, xs::models::HeInitializers, xs::Dropout<xs::Ratio{0}>> {
  static std::vector<Preset> presets() {
    Preset quick{.name = "quick",
                 .what = "96x72, a quarter of the width, 3 seeds, N = 4,500: an hour or more on two cores",
                 .height = height,
                 .width = width,
                 .classes = classes,
                 .batch = 4,
                 .iterations = 4500,
                 .seeds = 3,
                 .train_rooms = 4000,
                 .test_rooms = 400,
                 .learning_rate = 0.01F,  // by `paper choose`: docs/experiments.md
                 .weight_decay = 5e-4F,
                 .alpha_multiplier = 25.0F,
                 .experiments = {"table1", "table2", "table4", "table5", "fig2", "fig6"},
                 .splits = {"conv2", "conv4", "fc6"},
                 .alphas = {{0.1F, 0.9F}, {0.5F, 0.5F}, {0.9F, 0.1F}},
                 .alpha_multipliers = {1.0F, 25.0F, 1000.0F},
                 .make = &make<small>};
    Preset night = quick;
    night.name = "night";
    night.what = "the same networks, every experiment of the pair, 5 seeds, N = 5,000: a night";
    night.iterations = 5000;
    night.seeds = 5;
    night.experiments = {"table1", "table2",    "table3", "table4",  "table5", "fig2",
                         "fig6",   "placement", "units",  "balance", "labels", "three"};
    night.splits = {"conv2", "conv3", "conv4", "conv5", "fc6", "fc7"};
    night.alphas = {{0.1F, 0.9F}, {0.5F, 0.5F}, {0.7F, 0.3F}, {0.9F, 0.1F}};
    night.alpha_multipliers = {1.0F, 10.0F, 25.0F, 100.0F, 1000.0F, 10000.0F};
    return {quick, night};
  }
};

}  // namespace paper
