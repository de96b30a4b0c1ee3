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

#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/layers/normalise.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/normals.hpp>

#include <array>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Cosine {
  using Prediction = Normalise;
  static constexpr std::string_view kind = "Cosine";
  static constexpr std::array<Attribute, 0> attributes() { return {}; }
  static constexpr std::string_view requirement = "Cosine: 3 channels, the x, y and z of a normal";
  static constexpr bool reads_output = false;
  static constexpr bool unit_vectors = true;
  static constexpr LabelSpec label(Dims in) {
    if (in.channels != 3) return {};
    return {LabelKind::unit_normal, {in.height, in.width, 3}, {in.height, in.width, 1}, 0};
  }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    losses::check_sizes("cosine loss", call.labels, label(In), call.batch);
    return losses::count_normals(call, In.pixels(), chunks_of<In>(call.batch));
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    return losses::sum_over(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i)
        if (losses::has_normal(*call.labels, i, In.pixels()))
          sum += 1.0 - Pixel(call.input + 3 * i, call.labels->values.data() + 3 * i).cosine;
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    const double scale = static_cast<double>(call.loss_scale);
    losses::for_each(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        float* gradient = call.input_gradient + 3 * i;
        gradient[0] = gradient[1] = gradient[2] = 0.0F;
        if (!losses::has_normal(*call.labels, i, In.pixels())) continue;
        const Pixel pixel(call.input + 3 * i, call.labels->values.data() + 3 * i);
        if (pixel.size < losses::shortest_normal) continue;
        for (std::size_t k = 0; k < 3; ++k)
          gradient[k] = static_cast<float>(
              -scale * kernels::negative_multiply_add(pixel.cosine, pixel.u[k], pixel.n[k]) / pixel.size);
      }
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<NormalsMetric>(in); }

 private:
  template <Dims In>
  static losses::Chunks chunks_of(std::size_t batch) {
    return losses::Chunks(batch * In.pixels(), 3);
  }
  struct Pixel {
    double size, cosine = 0.0;
    double u[3]{}, n[3]{};

    Pixel(const float* x, const float* label) : size(losses::length(x)) {
      const double label_size = losses::length(label);
      if (size < losses::shortest_normal) {
        cosine = 0.0 * label_size;  // a label that is not finite still shows
        return;
      }
      for (std::size_t k = 0; k < 3; ++k) {
        u[k] = static_cast<double>(x[k]) / size;
        n[k] = static_cast<double>(label[k]) / label_size;
        cosine = kernels::multiply_add(u[k], n[k], cosine);
      }
    }
  };
};

}  // namespace xstitch::inline XSTITCH_ISA
