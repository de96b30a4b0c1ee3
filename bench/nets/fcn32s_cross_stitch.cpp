// The paper's pair for NYU-v2: FCN-32s on CaffeNet for 40 classes and for normals in 20 codewords, cross-stitched.

#include "support/host.hpp"

#include <xstitch/losses/codebook_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/fcn32s.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

using Classes = xs::models::Fcn32s<"segmentation", 40, xs::SoftmaxCrossEntropy, 240, 320>;
using Normals = xs::models::Fcn32s<"normals", 20, xs::CodebookCrossEntropy<20>, 240, 320>;
using Net = xs::CrossStitch<Classes, Normals>;

const bench::Registration announced{{.network = "cross_stitch", .model = "fcn32s"}, &bench::make<Net>};

}  // namespace
