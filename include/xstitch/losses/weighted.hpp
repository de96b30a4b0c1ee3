#pragma once
/// \file
/// A loss with a weight in the sum of all losses: Weighted<SigmoidCrossEntropy, Ratio{1, 64}>.
///
/// The reported value of the loss is not scaled; its gradient and its share in the total are. The weight is an
/// attribute, so that a training does not continue under another one unnoticed.

#include <xstitch/core/ratio.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

namespace losses {

/// The loss inside any number of Weighted.
template <class L>
struct Unweighted {
  using type = L;
};
template <class L>
requires requires { typename L::unweighted; }
struct Unweighted<L> {
  using type = typename L::unweighted;
};

}  // namespace losses

/// Weighted twice multiplies.
template <class Loss, Ratio Weight>
struct Weighted : Loss {
  static_assert(Weight.denominator > 0 && Weight.numerator >= 0, "xstitch: the weight of a loss is at least 0");
  /// The loss without its weight.
  using unweighted = typename losses::Unweighted<Loss>::type;
  static constexpr Ratio weight = reduced(
      Ratio{loss_weight<Loss>().numerator * Weight.numerator, loss_weight<Loss>().denominator* Weight.denominator});
  static constexpr std::string_view kind = traits::kind<unweighted>();

  /// Those of the loss (its type's text where it declares none), and the weight.
  static constexpr auto attributes(Dims in) {
    if constexpr (
        requires { unweighted::attributes(in); } || requires { unweighted::attributes(); })
      return with_weight(traits::attributes<unweighted>(in));
    else
      return std::array{Attribute::text("type", type_text<unweighted>()), Attribute::ratio("weight", weight)};
  }

 private:
  template <std::size_t N>
  static constexpr std::array<Attribute, N + 1> with_weight(const std::array<Attribute, N>& of_loss) {
    std::array<Attribute, N + 1> all{};
    for (std::size_t i = 0; i < N; ++i) all[i] = of_loss[i];
    all[N] = Attribute::ratio("weight", weight);
    return all;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
