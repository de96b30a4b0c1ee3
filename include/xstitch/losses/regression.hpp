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

#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/root_mean_square_error.hpp>

#include <cmath>
#include <cstring>
#include <memory>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

struct AbsoluteDifference {
  static double loss(float d) noexcept { return static_cast<double>(std::abs(d)); }
  static float gradient(float d) noexcept { return d > 0.0F ? 1.0F : d < 0.0F ? -1.0F : d; }  // NaN stays
};
struct SquaredDifference {
  static double loss(float d) noexcept { return static_cast<double>(d) * static_cast<double>(d); }
  static float gradient(float d) noexcept { return 2.0F * d; }
};
struct SmoothAbsoluteDifference {
  static double loss(float d) noexcept {
    const double size = std::abs(static_cast<double>(d));
    return size < 1.0 ? 0.5 * size * size : size - 0.5;
  }
  static float gradient(float d) noexcept { return d > 1.0F ? 1.0F : d < -1.0F ? -1.0F : d; }
};

enum class MaskBy { pixel, element };

template <class DifferenceRule, MaskBy By>
struct Regression {
  using Rule = DifferenceRule;

  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::real, in, {in.height, in.width, By == MaskBy::pixel ? 1 : in.channels}, 0};
  }
  static constexpr Dims prediction_shape(Dims in) { return in; }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    check_sizes("regression loss", call.labels, label(In), call.batch);
    constexpr std::size_t marks = label(In).mask.size(), step = In.size() / marks;  // a mark covers `step` elements
    const Chunks chunks(call.batch * marks, step);
    const double normaliser = sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
                                std::size_t valid = 0;
                                for (std::size_t i = begin; i < end; ++i)
                                  valid += is_valid(call.labels, i, marks) ? step : 0U;
                                return LossSum{0.0, static_cast<double>(valid)};
                              }).normaliser;
    const float scale = gradient_scale(call, normaliser);
    LossSum all = sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      LossSum part;
      for (std::size_t i = begin; i < end; ++i) {
        const bool valid = is_valid(call.labels, i, marks);
        for (std::size_t k = i * step; k < (i + 1) * step; ++k) {
          const float d = valid ? call.input[k] - call.labels.values[k] : 0.0F;
          part.sum += Rule::loss(d);
          if (call.input_gradient != nullptr) call.input_gradient[k] = scale * Rule::gradient(d);
        }
      }
      return part;
    });
    all.normaliser = normaliser;
    return all;
  }

  template <Dims In>
  static void predict(const PredictCall& call) {
    for_each(Chunks(call.batch * In.size(), 1), call.threads, [&](std::size_t begin, std::size_t end) {
      std::memcpy(call.output + begin, call.input + begin, (end - begin) * sizeof(float));
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<RootMeanSquareError>(in, label(in).mask); }
};

}  // namespace losses

struct L1 : losses::Regression<losses::AbsoluteDifference, losses::MaskBy::pixel> {};
struct L2 : losses::Regression<losses::SquaredDifference, losses::MaskBy::pixel> {};
struct SmoothL1 : losses::Regression<losses::SmoothAbsoluteDifference, losses::MaskBy::pixel> {};

/// One mark of the mask for each element instead of each pixel.
template <class Loss>
struct ElementMasked : losses::Regression<typename Loss::Rule, losses::MaskBy::element> {};

}  // namespace xstitch::inline XSTITCH_ISA
