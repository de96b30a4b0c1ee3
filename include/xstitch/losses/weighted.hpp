#pragma once
/// \file
/// A loss with a weight in the sum of all losses: Weighted<SigmoidCrossEntropy, Ratio{1, 64}>.
///
/// The reported value of the loss is not scaled; its gradient and its share in the total are.

#include <xstitch/layers/options.hpp>
#include <xstitch/losses/loss.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// Weighted twice multiplies.
template <class Loss, Ratio Weight>
struct Weighted : Loss {
  static_assert(Weight.denominator > 0 && Weight.numerator >= 0, "xstitch: the weight of a loss is at least 0");
  static constexpr Ratio weight{loss_weight<Loss>().numerator * Weight.numerator,
                                loss_weight<Loss>().denominator* Weight.denominator};
};

}  // namespace xstitch::inline XSTITCH_ISA
