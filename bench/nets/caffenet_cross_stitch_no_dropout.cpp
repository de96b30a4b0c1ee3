// The cross-stitched pair of CaffeNets without dropout: its gradients can be compared with another framework's. Weights
// start as He et al. have them: from Caffe's, noise as input gives activations so alike that rounding decides which of
// them a pool takes.

#include "support/host.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>
#include <xstitch/networks/cross_stitch.hpp>

namespace {

namespace xs = xstitch;

using Trunk = xs::Layers<xs::models::CaffeNetFeatures<1, xs::Size{0}, xs::models::HeInitializers>,
                         xs::Linear<"fc6", 4096, xs::He>, xs::Relu, xs::Seam<"fc6">,  //
                         xs::Linear<"fc7", 4096, xs::He>, xs::Relu, xs::Seam<"fc7">>;
template <xs::FixedString Task>
using Tower = xs::Tower<Task, xs::Shape<227, 227, 3>, Trunk, xs::Linear<"fc8", 1000, xs::Gaussian<xs::Ratio{1, 100}>>,
                        xs::SoftmaxCrossEntropy>;
using Net = xs::CrossStitch<Tower<"a">, Tower<"b">>;

const bench::Registration announced{{.network = "cross_stitch", .model = "caffenet", .dropout = false},
                                    &bench::make<Net>};

}  // namespace
