#pragma once
/// \file
/// Cosine loss of directions (surface normals). With u = x / |x| and the unit label n,
///
///     loss = 1 - u . n,   dloss/dx = -(n - (u . n) u) / |x|
///
/// averaged over the valid pixels. The input is [H, W, 3] of any length; a vector shorter than 1e-6 has no
/// direction: its loss is 1 and its gradient 0 (so do not fill the layer below with zeros: use a small Gaussian).
/// Labels are [H, W, 3] with a mask [H, W, 1]; they are normalised too, and a label of length 0 counts as masked.
/// A valid value that is not finite makes the loss NaN. Prediction: u (a vector without direction becomes zeros).

#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/normals.hpp>

#include <memory>

namespace xstitch::inline XSTITCH_ISA {

struct Cosine {
  static constexpr bool unit_vectors = true;
  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::unit_normal, {in.height, in.width, 3}, {in.height, in.width, 1}, 0};
  }
  static constexpr Dims prediction_shape(Dims in) { return {in.height, in.width, 3}; }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    static_assert(In.channels == 3, "xstitch: the Cosine loss needs 3 channels, the x, y and z of a normal");
    losses::check_sizes("cosine loss", call.labels, label(In), call.batch);
    const losses::Chunks chunks(call.batch * In.pixels(), 3);
    const double normaliser = losses::count_normals(call, In.pixels(), chunks);
    const double scale = static_cast<double>(losses::gradient_scale(call, normaliser));
    LossSum all = losses::sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      LossSum part;
      for (std::size_t i = begin; i < end; ++i) {
        float* gradient = call.input_gradient == nullptr ? nullptr : call.input_gradient + 3 * i;
        if (losses::has_normal(call.labels, i, In.pixels()))
          part.sum += pixel(call.input + 3 * i, call.labels.values.data() + 3 * i, scale, gradient);
        else if (gradient != nullptr)
          gradient[0] = gradient[1] = gradient[2] = 0.0F;
      }
      return part;
    });
    all.normaliser = normaliser;
    return all;
  }

  template <Dims In>
  static void predict(const PredictCall& call) {
    static_assert(In.channels == 3, "xstitch: the Cosine loss needs 3 channels, the x, y and z of a normal");
    const losses::Chunks chunks(call.batch * In.pixels(), 3);
    losses::for_each(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const float* x = call.input + 3 * i;
        const double size = losses::length(x);
        for (std::size_t k = 0; k < 3; ++k)
          call.output[3 * i + k] =
              size < losses::shortest_normal ? 0.0F : static_cast<float>(static_cast<double>(x[k]) / size);
      }
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<NormalsMetric>(in); }

 private:
  static double pixel(const float* x, const float* label, double scale, float* gradient) {
    const double size = losses::length(x), label_size = losses::length(label);
    if (size < losses::shortest_normal) {
      if (gradient != nullptr) gradient[0] = gradient[1] = gradient[2] = 0.0F;
      return 1.0 + 0.0 * label_size;  // a label that is not finite still shows
    }
    double u[3], n[3], cosine = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      u[k] = static_cast<double>(x[k]) / size;
      n[k] = static_cast<double>(label[k]) / label_size;
      cosine += u[k] * n[k];
    }
    if (gradient != nullptr)
      for (std::size_t k = 0; k < 3; ++k) gradient[k] = static_cast<float>(-scale * (n[k] - cosine * u[k]) / size);
    return 1.0 - cosine;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
