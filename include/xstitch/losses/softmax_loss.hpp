#pragma once
/// \file
/// What all softmax losses share (losses/softmax_cross_entropy.hpp has the formula, losses/label_smoothing.hpp that of
/// smoothed labels). Rows of few classes go several at a time, a lane each (kernels/short_rows.hpp), longer ones one by
/// one.

#include <xstitch/core/ratio.hpp>
#include <xstitch/kernels/short_rows.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/losses/loss_support.hpp>

#include <array>
#include <cmath>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace losses {

/// `class_weight` is null where every class weighs 1.
template <Dims In, Ratio Smoothing = Ratio{0}>
struct SoftmaxLoss {
  static constexpr auto channels = static_cast<std::size_t>(In.channels);
  static constexpr bool smooth = Smoothing.numerator != 0;
  static constexpr double smoothing =
      static_cast<double>(Smoothing.numerator) / static_cast<double>(Smoothing.denominator);
  static constexpr double each_class = smoothing / static_cast<double>(In.channels);

  static constexpr Chunks chunks(std::size_t batch) { return Chunks(batch * In.pixels(), channels); }

  /// Sum of class weights over the valid positions; refuses labels that are no class.
  static double normaliser(const NormaliserCall& call, const float* class_weight) {
    const Chunks cut = chunks(call.batch);
    std::array<std::size_t, Chunks::most> wrong{};  // 1 + first wrong position of each chunk
    const double all = sum_over(cut, call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        const std::int32_t label = label_at(call.labels, i);
        if (label < 0) continue;
        if (label >= In.channels) {
          wrong[begin / cut.size] = i + 1;
          break;
        }
        sum += class_weight == nullptr ? 1.0 : static_cast<double>(class_weight[label]);
      }
      return sum;
    });
    for (const std::size_t found : wrong)
      if (found != 0) refuse(call.labels, found - 1);
    return all;
  }

  static double forward(const ForwardCall& call, const float* class_weight) {
    auto* sums = reinterpret_cast<float*>(call.saved);
    const double all_weights = smooth ? weight_of_all(class_weight) : 0.0;
    return sum_over(chunks(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; i += step) {
        const Labels label(*call.labels, i, end);
        if (label.none()) continue;
        const Rows rows(label, call.input + i * channels, class_weight,
                        call.saved == nullptr ? nullptr : call.kept + i * channels);
        for (std::size_t r = 0; r < label.count; ++r) {
          if (call.saved != nullptr) sums[i + r] = rows.sum[r] + rows.poison[r];  // NaN: a logit is not finite
          if (label[r] < 0) continue;
          const double weight = class_weight == nullptr ? 1.0 : static_cast<double>(class_weight[label[r]]);
          double loss =
              weight * (static_cast<double>(rows.maximum[r]) + rows.log[r] - static_cast<double>(rows.own[r]));
          if constexpr (smooth)
            loss = (1.0 - smoothing) * loss +
                   each_class * (all_weights * rows.log[r] - static_cast<double>(rows.shifted[r]));
          sum += loss + static_cast<double>(rows.poison[r]);
        }
      }
      return sum;
    });
  }

  static void backward(const BackwardCall& call, const float* class_weight) {
    if (call.input_gradient == nullptr) return;
    const auto* sums = reinterpret_cast<const float*>(call.saved);
    const auto to_all = static_cast<float>(each_class * (smooth ? weight_of_all(class_weight) : 0.0)) * call.loss_scale;
    for_each(chunks(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i += step) {
        float* gradient = call.input_gradient + i * channels;
        const Labels label(*call.labels, i, end);
        if (!label.none()) {
          std::array<float, step> own{}, factor{};
          for (std::size_t r = 0; r < label.count; ++r) {
            if (label[r] < 0) continue;
            const float weight = class_weight == nullptr ? call.loss_scale : class_weight[label[r]] * call.loss_scale;
            own[r] = smooth ? static_cast<float>(1.0 - smoothing) * weight : weight;
            factor[r] = (own[r] + to_all) / sums[i + r];
          }
          write_gradient(label, call.kept + i * channels, factor, own, static_cast<float>(each_class) * call.loss_scale,
                         class_weight, gradient);
        }
        for (std::size_t r = 0; r < label.count; ++r)
          if (label[r] < 0) std::memset(gradient + r * channels, 0, channels * sizeof(float));
      }
    });
  }

 private:
  static constexpr bool together = In.channels <= kernels::longest_short_row;
  static constexpr std::size_t step = together ? kernels::lanes : 1;  ///< positions that are looked at together

  /// The labels of the next positions, -1 where one is ignored.
  struct Labels {
    std::array<std::int32_t, step> of{};
    std::size_t count = 0;
    Labels(const LabelBatch& labels, std::size_t first, std::size_t end) {
      count = std::min(step, end - first);
      for (std::size_t r = 0; r < count; ++r) of[r] = label_at(labels, first + r);
    }
    std::int32_t operator[](std::size_t row) const { return of[row]; }
    [[nodiscard]] bool none() const {
      for (std::size_t r = 0; r < count; ++r)
        if (of[r] >= 0) return false;
      return true;
    }
  };

  /// What the loss takes of each of them; the exponentials go to `kept` if it is not null.
  struct Rows {
    std::array<float, step> maximum, sum, poison, shifted, own;  ///< own: the logit of the label
    std::array<double, step> log;                                ///< of the sum
    Rows(const Labels& label, const float* x, const float* class_weight, float* kept) {
      for (std::size_t r = 0; r < label.count; ++r)
        own[r] = label[r] < 0 ? 0.0F : x[r * channels + static_cast<std::size_t>(label[r])];
      if constexpr (together) {
        kernels::ShortRows<In.channels> rows;
        rows.load(x, static_cast<int>(label.count));
        const kernels::ShortRowSums sums = rows.template exponentiate<smooth>(class_weight);
        if (kept != nullptr) rows.keep(kept, static_cast<int>(label.count));
        kernels::store(maximum.data(), sums.maximum);
        kernels::store(sum.data(), sums.sum);
        kernels::store(poison.data(), sums.poison);
        kernels::store(shifted.data(), sums.shifted);
      } else {
        const kernels::Exponentials row = kept == nullptr
                                              ? kernels::exponentials<In.channels, false, smooth>(x, kept, class_weight)
                                              : kernels::exponentials<In.channels, true, smooth>(x, kept, class_weight);
        maximum[0] = row.maximum, sum[0] = row.sum, poison[0] = row.poison, shifted[0] = row.shifted;
      }
      for (std::size_t r = 0; r < label.count; ++r) log[r] = label[r] < 0 ? 0.0 : std::log(static_cast<double>(sum[r]));
    }
  };

  /// kept * factor - minus * class weight (if smooth) - own at the label.
  static void write_gradient(const Labels& label, const float* kept, const std::array<float, step>& factor,
                             const std::array<float, step>& own, float minus, const float* class_weight,
                             float* gradient) {
    if constexpr (together) {
      kernels::ShortRows<In.channels> rows;
      rows.restore(kept, static_cast<int>(label.count));
      const kernels::Vector scale = kernels::load(factor.data());
      for (int c = 0; c < In.channels; ++c) {
        const float all = class_weight == nullptr ? -minus : -minus * class_weight[c];
        rows.set(c, smooth ? kernels::multiply_add(rows.at(c), scale, kernels::Vector(all)) : rows.at(c) * scale);
      }
      for (std::size_t r = 0; r < label.count; ++r)
        if (label[r] >= 0) rows.value[label[r]][r] -= own[r];
      rows.store(gradient, static_cast<int>(label.count));
    } else {
      if constexpr (smooth)
        kernels::scale_row_minus<In.channels>(kept, factor[0], minus, class_weight, gradient);
      else
        kernels::scale_row<In.channels>(kept, factor[0], gradient);
      gradient[label[0]] -= own[0];
    }
  }

  static double weight_of_all(const float* class_weight) {
    double sum = static_cast<double>(In.channels);
    if (class_weight == nullptr) return sum;
    sum = 0.0;
    for (std::size_t c = 0; c < channels; ++c) sum += static_cast<double>(class_weight[c]);
    return sum;
  }
  /// The label of a position, -1 if it is ignored.
  static std::int32_t label_at(const LabelBatch& labels, std::size_t i) {
    if (!is_present(labels, i / In.pixels())) return -1;
    return is_ignored(labels.indices[i], In.channels) ? -1 : labels.indices[i];
  }
  [[noreturn]] static void refuse(const LabelBatch& labels, std::size_t i) {
    const std::size_t pixel = i % In.pixels(), width = static_cast<std::size_t>(In.width);
    fail("softmax cross entropy: label ", labels.indices[i], " of ", place_of(labels, i / In.pixels()), ", row ",
         pixel / width, ", column ", pixel % width, "; expected 0 to ", In.channels - 1,
         In.channels <= ignore_label ? ", or a negative value or 255 to ignore it"
                                     : ", or a negative value to ignore it");
  }
};

}  // namespace losses
}  // namespace xstitch::inline XSTITCH_ISA
