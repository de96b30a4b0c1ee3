#pragma once
/// \file
/// Softmax cross entropy with smoothed labels (Szegedy et al. 2016), as PyTorch's label_smoothing: with the share e, C
/// classes, p = softmax(x) and k the label,
///
///     loss = (1 - e) w_k (-log p_k) + e / C  sum over c of w_c (-log p_c)
///     dloss/dx_c = ((1 - e) w_k + e / C  sum of w) p_c - (1 - e) w_k [c = k] - e / C  w_c
///
/// w_c = 1 without class weights; divided by the sum of the w_k of the valid labels, as without smoothing.
///
///     LabelSmoothing<SoftmaxCrossEntropy, Ratio{1, 10}>   LabelSmoothing<ClassWeightedSoftmaxCrossEntropy, Ratio{1,
///     10}>
///
/// Labels, prediction and metric are those of the loss. The share is an attribute: a resume under another one is
/// refused.

#include <xstitch/losses/softmax_cross_entropy.hpp>

#include <array>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

template <class Loss, Ratio Share>
struct LabelSmoothing : Loss {
  /// Whether classes have weights.
  static constexpr bool class_weighted = std::is_same_v<Loss, ClassWeightedSoftmaxCrossEntropy>;
  static_assert(class_weighted || std::is_same_v<Loss, SoftmaxCrossEntropy>,
                "xstitch: LabelSmoothing takes SoftmaxCrossEntropy or ClassWeightedSoftmaxCrossEntropy; Weighted goes "
                "around it");
  static_assert(Share.denominator > 0 && Share.numerator >= 0 && Share.numerator <= Share.denominator,
                "xstitch: the share that LabelSmoothing gives to all classes is a Ratio from 0 to 1");
  static constexpr std::string_view kind = "LabelSmoothing";
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::text("loss", Loss::kind), Attribute::ratio("share", Share)};
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::SoftmaxLoss<In, Share>::forward(call, class_weighted ? call.parameters[0] : nullptr);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    losses::SoftmaxLoss<In, Share>::backward(call, class_weighted ? call.parameters[0] : nullptr);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
