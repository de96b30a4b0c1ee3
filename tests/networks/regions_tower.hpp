#pragma once
// The pair of detection and attributes, small: two towers that pool regions of a map, stitched below and above. Smooth
// but for the regions' maxima, so that differences check gradients.
#include <xstitch/losses/box_regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/xstitch.hpp>

#include <cstddef>
#include <vector>

namespace regions_tower {

namespace xs = xstitch;

template <int Height, int Width, int Rows, int Classes, int Attributes>
struct Towers {
  using Image = xs::Shape<Height, Width, 3>;
  using Regions = xs::Input<"regions", xs::Shape<Rows, 1, 5>, xs::Boxes>;
  using Trunk =
      xs::Layers<xs::Conv<"conv1", 8, 3, xs::Pad<1>>, xs::Tanh, xs::AveragePool<2>, xs::Seam<"pool1">,
                 xs::Conv<"conv2", 12, 3, xs::Pad<1>>, xs::Tanh, xs::AveragePool<2>, xs::Seam<"pool2">,
                 xs::RoiPool<"regions", 3, xs::Ratio{1, 4}>, xs::Linear<"fc6", 24>, xs::Tanh, xs::Seam<"fc6">>;
  using Detection = xs::Tower<"detection", Image, Regions, Trunk,
                              xs::Head<"class", xs::Linear<"cls_score", Classes + 1>, xs::SoftmaxCrossEntropy>,
                              xs::Head<"box", xs::Linear<"bbox_pred", 4 * (Classes + 1)>, xs::BoxRegression<>>>;
  using Attribute =
      xs::Tower<"attributes", Image, Regions, Trunk, xs::Linear<"fc8", Attributes>, xs::SigmoidCrossEntropy>;
};

}  // namespace regions_tower
