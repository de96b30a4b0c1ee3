#pragma once
/// \file
/// Fast R-CNN on CaffeNet (Girshick: Fast R-CNN, ICCV 2015), and the paper's pair of detection and attributes: the
/// trunk sees the whole image once, every region of the Input "regions" is pooled from its last map, and what follows
/// works on each region.
///
///     conv1 (padding 5) to conv5, pools 3/2 with padding 1   seams pool1, pool2
///     RoiPool 6 x 6 at 1/16                                  seam pool5
///     fc6, fc7, each relu, dropout 1/2                       seams fc6, fc7
///     detection   class: scores of K + 1 classes, the background first; box: four offsets for each
///     attributes  scores of A attributes
///
/// With R the regions in use in a batch and F those of objects, losses are: class, the mean over R; box, the sum over R
/// / R; attributes, the sum / (A F). Paddings, initial values and the scale are those of Girshick's models/CaffeNet.
/// `Regions` is the number of rows: 64 to train, more to look at pictures, with the same parameters.

#include <xstitch/layers/linear.hpp>
#include <xstitch/losses/box_regression.hpp>
#include <xstitch/losses/sigmoid_cross_entropy.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/models/caffenet.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// conv1 to fc7. Divisor divides every width; `Drop` comes after fc6 and fc7.
template <int Divisor = 1, class Initializers = CaffeInitializers, class Drop = Dropout<>>
using FastRcnnTrunk = Layers<CaffeNetConvolutions<Divisor, Size{5}, Initializers, MaxPool<3, 2, Pad<1>, CeilMode>>,
                             RoiPool<"regions", 6, Ratio{1, 16}>, Seam<"pool5">,
                             Linear<"fc6", 4096 / Divisor, typename Initializers::template weights<Ratio{1, 200}>,
                                    typename Initializers::template bias<Ratio{1}>>,
                             Relu, Drop, Seam<"fc6">,
                             Linear<"fc7", 4096 / Divisor, typename Initializers::template weights<Ratio{1, 200}>,
                                    typename Initializers::template bias<Ratio{1}>>,
                             Relu, Drop, Seam<"fc7">>;

/// "detection.class" and "detection.box": probabilities of Classes + 1, and offsets for decode().
template <int Classes, int Height, int Width, int Regions = 64, int Divisor = 1, class Initializers = CaffeInitializers,
          class Drop = Dropout<>>
using FastRcnn = Tower<"detection", Shape<Height, Width, 3>, Input<"regions", Shape<Regions, 1, 5>, Boxes>,
                       FastRcnnTrunk<Divisor, Initializers, Drop>,
                       Head<"class", Linear<"cls_score", Classes + 1, Gaussian<Ratio{1, 100}>>, SoftmaxCrossEntropy>,
                       Head<"box", Linear<"bbox_pred", 4 * (Classes + 1), Gaussian<Ratio{1, 1000}>>, BoxRegression<>>>;

/// "attributes": of the objects in regions.
template <int Count, int Height, int Width, int Regions = 64, int Divisor = 1, class Initializers = CaffeInitializers,
          class Drop = Dropout<>>
using RegionAttributes = Tower<"attributes", Shape<Height, Width, 3>, Input<"regions", Shape<Regions, 1, 5>, Boxes>,
                               FastRcnnTrunk<Divisor, Initializers, Drop>,
                               Linear<"attr_score", Count, Gaussian<Ratio{1, 100}>>, SigmoidCrossEntropy>;

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
