// The pair of the main job's demo preset (examples/alexnet_nyu/demo_towers.hpp): FCN-32s of a quarter of the width on
// 128 x 96 pixels, where what is not arithmetic weighs most.

#include "support/host.hpp"

#include <xstitch/losses/codebook_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

template <xs::FixedString Task, int Outputs, class Loss>
using Small =
    xs::models::Fcn32s<Task, Outputs, Loss, 96, 128, 4, 20, 2, xs::models::HeInitializers, xs::Dropout<xs::Ratio{0}>>;
using Net = xs::CrossStitch<Small<"segmentation", 13, xs::SoftmaxCrossEntropy>,
                            Small<"normals", 20, xs::CodebookCrossEntropy<20>>>;

const bench::Registration announced{{.network = "cross_stitch", .model = "fcn32s", .width = 4}, &bench::make<Net>};

}  // namespace
