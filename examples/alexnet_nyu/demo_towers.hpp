#pragma once
// 128 x 96 at a quarter of the width: minutes on two cores. Trained from nothing for so short a time, a narrow network
// underfits: no dropout, and many small batches.
#include "menu.hpp"

namespace alexnet_nyu::demo {

using Initializers = xs::models::HeInitializers;
using Drop = xs::Dropout<xs::Ratio{0}>;
using Segmentation =
    xs::models::Fcn32s<"segmentation", 13, xs::SoftmaxCrossEntropy, 96, 128, 4, 20, 2, Initializers, Drop>;
using Normals =
    xs::models::Fcn32s<"normals", words, xs::CodebookCrossEntropy<words>, 96, 128, 4, 20, 2, Initializers, Drop>;

/// The networks of the main job, multiplying in bf16 (a translation unit of their own).
std::unique_ptr<xs::AnyNet> make_bf16(const std::string& network, xs::Seed seed);

}  // namespace alexnet_nyu::demo
