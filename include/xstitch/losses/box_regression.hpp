#pragma once
/// \file
/// BoxRegression<centre = 1/10, extent = 1/5>: the offsets from regions to the boxes of objects (Girshick: Fast R-CNN,
/// 2015), smooth L1 of the true class's four outputs:
///
///     loss_r = sum over i in (dx, dy, dw, dh) of smooth_L1(x[4 k + i] - t_i / s_i),  k > 0: class of region r
///
/// over R, the number of regions that are used, background (k = 0) included. Input {1, 1, 4 K}: four outputs for each
/// of K classes, the background's unused. Label, five values: k (-1: not used), then the offsets t (core/boxes.hpp
/// encodes them), which the loss normalises by standard deviations s = (centre, centre, extent, extent). Prediction:
/// the offsets of each class, x[4 k + i] s_i, for decode().

#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/losses/regression.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

/// y[4 k + i] = x[4 k + i] s_i.
template <Ratio Centre, Ratio BoxExtent>
struct BoxOffsetsOf {
  static constexpr std::string_view kind = "BoxOffsets";
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr bool in_place = true;
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::ratio("centre", Centre), Attribute::ratio("extent", BoxExtent)};
  }
  static constexpr Dims output_shape(Dims in) { return in; }
  /// Of element i of a row.
  static constexpr float deviation(std::size_t i) {
    const Ratio ratio = i % 4 < 2 ? Centre : BoxExtent;
    return static_cast<float>(ratio.numerator) / static_cast<float>(ratio.denominator);
  }
  template <Dims In>
  static void forward(const ForwardCall& call) {
    for_each(Chunks(call.batch * In.size(), 1), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) call.output[i] = call.input[i] * deviation(i);
    });
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    for_each(Chunks(call.batch * In.size(), 1), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) call.input_gradient[i] = call.output_gradient[i] * deviation(i);
    });
  }
};

}  // namespace losses

template <Ratio Centre = Ratio{1, 10}, Ratio BoxExtent = Ratio{1, 5}>
struct BoxRegression {
  static_assert(Centre.numerator > 0 && Centre.denominator > 0 && BoxExtent.numerator > 0 && BoxExtent.denominator > 0,
                "xstitch: BoxRegression: standard deviations are above 0");
  using Prediction = losses::BoxOffsetsOf<Centre, BoxExtent>;
  static constexpr std::string_view kind = "BoxRegression";
  static constexpr std::string_view requirement =
      "BoxRegression: reads {1, 1, 4 K}: four outputs for each of at least 2 classes, the background one of them";
  static constexpr bool reads_output = false;
  static constexpr std::array<Attribute, 2> attributes() { return Prediction::attributes(); }
  static constexpr LabelSpec label(Dims in) {
    const bool fits = in.pixels() == 1 && in.channels % 4 == 0 && in.channels >= 8;
    return {LabelKind::box_target, fits ? Dims{1, 1, 5} : Dims{}, {}, 0};
  }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    losses::check_sizes("box regression", call.labels, label(In), call.batch);
    double regions = 0.0;
    for (std::size_t r = 0; r < call.batch; ++r) {
      if (!losses::is_present(call.labels, r)) continue;
      const float* t = call.labels.values.data() + 5 * r;
      const bool whole = t[0] >= -1.0F && t[0] < static_cast<float>(classes<In>) && t[0] == std::floor(t[0]);
      if (!whole)
        fail("box regression: class ", t[0], " of ", losses::place_of(call.labels, r), ", expected 0 to ",
             classes<In> - 1, ", or -1 for a region that is not used");
      if (t[0] > 0.0F && !std::all_of(t + 1, t + 5, [](float v) { return std::isfinite(v); }))
        fail("box regression: offsets (", t[1], ", ", t[2], ", ", t[3], ", ", t[4], ") of ",
             losses::place_of(call.labels, r), ", expected finite numbers");
      regions += t[0] >= 0.0F ? 1.0 : 0.0;
    }
    return regions;
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::sum_over(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t r = begin; r < end; ++r)
        for_each_difference<In>(call, r, [&](std::size_t, float d) { sum += Rule::loss(d); });
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    losses::for_each(chunks<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      std::fill(call.input_gradient + begin * In.size(), call.input_gradient + end * In.size(), 0.0F);
      for (std::size_t r = begin; r < end; ++r)
        for_each_difference<In>(
            call, r, [&](std::size_t at, float d) { call.input_gradient[at] = call.loss_scale * Rule::gradient(d); });
    });
  }

  /// None: boxes are judged with their classes and images, by evaluate_detection().
  static std::unique_ptr<Metric> metric(Dims /*in*/) { return nullptr; }

 private:
  using Rule = losses::SmoothAbsoluteDifference;
  template <Dims In>
  static constexpr int classes = In.channels / 4;
  template <Dims In>
  static constexpr losses::Chunks chunks(std::size_t batch) {
    return losses::Chunks(batch, In.size());
  }
  /// f(element, d) for the four of a region that has an object. A product of two floats in double is exact.
  template <Dims In, class Call, class Function>
  static void for_each_difference(const Call& call, std::size_t region, const Function& f) {
    const float* t = call.labels->values.data() + 5 * region;
    if (!losses::is_present(*call.labels, region) || t[0] <= 0.0F) return;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t at = region * In.size() + 4 * static_cast<std::size_t>(t[0]) + i;
      const double target = static_cast<double>(t[1 + i]) * static_cast<double>(1.0F / Prediction::deviation(i));
      f(at, static_cast<float>(static_cast<double>(call.input[at]) - target));
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
