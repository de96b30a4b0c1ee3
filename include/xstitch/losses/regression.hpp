#pragma once
/// \file
/// Losses of a difference d = x - t of output and target, averaged over the valid elements of the batch:
///
///     L1        |d|                                gradient  sign(d)
///     L2        d^2  (the mean squared error)      gradient  2 d
///     SmoothL1  d^2 / 2 if |d| < 1, |d| - 1/2      gradient  d, sign(d)      (Girshick 2015; beta = 1)
///
/// Targets are floats of the input's shape. The mask has one mark a pixel [H, W, 1]; ElementMasked<L1> has one an
/// element [H, W, C]. Values under a zero mask are not looked at; a NaN or an infinity elsewhere makes the loss not
/// finite. Prediction: the output itself.

#include <xstitch/layers/identity.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/root_mean_square_error.hpp>

#include <array>
#include <cmath>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

struct AbsoluteDifference {
  static constexpr std::string_view kind = "L1";
  static double loss(float d) noexcept { return static_cast<double>(std::abs(d)); }
  static float gradient(float d) noexcept { return d > 0.0F ? 1.0F : d < 0.0F ? -1.0F : d; }  // NaN stays
};
struct SquaredDifference {
  static constexpr std::string_view kind = "L2";
  static double loss(float d) noexcept { return static_cast<double>(d) * static_cast<double>(d); }
  static float gradient(float d) noexcept { return 2.0F * d; }
};
struct SmoothAbsoluteDifference {
  static constexpr std::string_view kind = "SmoothL1";
  static double loss(float d) noexcept {
    const double size = std::abs(static_cast<double>(d));
    return size < 1.0 ? 0.5 * size * size : size - 0.5;
  }
  static float gradient(float d) noexcept { return d > 1.0F ? 1.0F : d < -1.0F ? -1.0F : d; }
};

enum class MaskBy { pixel, element };

template <class DifferenceRule, MaskBy By>
struct Regression {
  /// The function of a difference.
  using Rule = DifferenceRule;
  using Prediction = Identity;

  static constexpr std::string_view kind = Rule::kind;
  static constexpr std::array<Attribute, 1> attributes() {
    return {Attribute::text("mask", By == MaskBy::pixel ? "pixel" : "element")};
  }
  static constexpr bool reads_output = false;
  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::real, in, {in.height, in.width, By == MaskBy::pixel ? 1 : in.channels}, 0};
  }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    check_sizes("regression loss", call.labels, label(In), call.batch);
    const double valid = count_over(chunks<In>(call.batch), call.threads,
                                    [&](std::size_t i) { return is_valid(call.labels, i, marks<In>); });
    return valid * static_cast<double>(step<In>);
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    return sum_over(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for_each_difference<In>(call, begin, end, [&](std::size_t, float d) { sum += Rule::loss(d); });
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    for_each(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for_each_difference<In>(call, begin, end, [&](std::size_t k, float d) {
        call.input_gradient[k] = call.loss_scale * Rule::gradient(d);
      });
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<RootMeanSquareError>(in, label(in).mask); }

 private:
  template <Dims In>
  static constexpr std::size_t marks = label(In).mask.size();  ///< of a row
  template <Dims In>
  static constexpr std::size_t step = In.size() / marks<In>;  ///< elements that a mark covers
  template <Dims In>
  static constexpr Chunks chunks(std::size_t batch) {
    return Chunks(batch * marks<In>, step<In>);
  }
  /// f(element, d), with 0 for d where the element is not valid.
  template <Dims In, class Call, class Function>
  static void for_each_difference(const Call& call, std::size_t begin, std::size_t end, const Function& f) {
    for (std::size_t i = begin; i < end; ++i) {
      const bool valid = is_valid(*call.labels, i, marks<In>);
      for (std::size_t k = i * step<In>; k < (i + 1) * step<In>; ++k)
        f(k, valid ? call.input[k] - call.labels->values[k] : 0.0F);
    }
  }
};

}  // namespace losses

struct L1 : losses::Regression<losses::AbsoluteDifference, losses::MaskBy::pixel> {};
struct L2 : losses::Regression<losses::SquaredDifference, losses::MaskBy::pixel> {};
struct SmoothL1 : losses::Regression<losses::SmoothAbsoluteDifference, losses::MaskBy::pixel> {};

/// One mark of the mask for each element instead of each pixel.
template <class Loss>
struct ElementMasked : losses::Regression<typename Loss::Rule, losses::MaskBy::element> {};

}  // namespace xstitch::inline XSTITCH_ISA
