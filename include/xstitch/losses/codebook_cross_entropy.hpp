#pragma once
/// \file
/// Surface normals as classification over the codewords of a codebook (losses/codebook.hpp; 20 codewords in the paper).
/// With t the code of the label (weights of the three codewords of its triangle) and logits x [H, W, Codewords]:
///
///     loss = log sum_w exp(x_w) - sum_w t_w x_w,   dloss/dx_w = softmax(x)_w - t_w
///
/// averaged over the valid pixels. The least loss is the entropy of t, not 0. Labels are unit normals [H, W, 3] with
/// a mask [H, W, 1]; a label of length 0 counts as masked; a NaN in a valid label or logit makes the loss NaN.
/// The codewords are the parameter "codebook" [Codewords, 3], never trained: at first Codebook<Codewords>::standard();
/// better, Codebook<Codewords>::learn(...).codewords() of the training set's normals. Prediction: unit normals [H, W,
/// 3].

#include <xstitch/core/parameter.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/losses/codebook_decode.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/normals.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <int Codewords = 20, CodebookDecoding Decoding = CodebookDecoding::all_codewords>
struct CodebookCrossEntropy {
  using Prediction = CodebookDecode<Codewords, Decoding>;
  static constexpr std::string_view kind = "CodebookCrossEntropy";
  static constexpr auto attributes() { return Prediction::attributes(); }
  static constexpr std::string_view requirement = "CodebookCrossEntropy<codewords>: one channel for each codeword";
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr bool unit_vectors = true;
  static constexpr LabelSpec label(Dims in) {
    if (in.channels != Codewords) return {};
    return {LabelKind::unit_normal, {in.height, in.width, 3}, {in.height, in.width, 1}, 0};
  }
  static constexpr std::array<ParameterSpec, 1> parameters(Dims in) { return Prediction::parameters(in); }
  static void initialize(Dims in, std::size_t index, float* values, RandomKey key) {
    Prediction::initialize(in, index, values, key);
  }
  /// Forward keeps the exponentials and saves what else a pixel's gradient takes.
  static constexpr bool keeps_in_gradient = true;
  static constexpr Extent saved(Dims in) { return {in.pixels() * sizeof(Pixel), 0}; }

  template <Dims In>
  static double normaliser(const NormaliserCall& call) {
    losses::check_sizes("codebook cross entropy", call.labels, label(In), call.batch);
    return losses::count_normals(call, In.pixels(), chunks_of<In>(call.batch));
  }

  template <Dims In>
  static double forward(const ForwardCall& call) {
    const Codebook<Codewords> codebook(std::span<const float, 3 * channels>(call.parameters[0], 3 * channels));
    const bool keeps = call.saved != nullptr;
    auto* pixels = reinterpret_cast<Pixel*>(call.saved);
    return losses::sum_over(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; ++i) {
        if (!losses::has_normal(*call.labels, i, In.pixels())) continue;
        Pixel pixel;
        sum += loss(codebook, call.input + i * channels, call.labels->values.data() + 3 * i, pixel,
                    keeps ? call.kept + i * channels : nullptr);
        if (keeps) pixels[i] = pixel;
      }
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    const auto* pixels = reinterpret_cast<const Pixel*>(call.saved);
    losses::for_each(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        float* gradient = call.input_gradient + i * channels;
        if (!losses::has_normal(*call.labels, i, In.pixels())) {
          std::memset(gradient, 0, channels * sizeof(float));
          continue;
        }
        const Pixel& pixel = pixels[i];
        const float factor = call.loss_scale + pixel.poison;
        kernels::scale_row<Codewords>(call.kept + i * channels, factor / pixel.sum, gradient);
        for (std::size_t k = 0; k < 3; ++k) {
          float& g = gradient[pixel.code.codeword[k]];
          g = kernels::negative_multiply_add(factor, pixel.code.weight[k], g);
        }
      }
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<NormalsMetric>(in); }

 private:
  static constexpr std::size_t channels = static_cast<std::size_t>(Codewords);

  struct Pixel {
    CodebookWeights code;
    float sum = 0.0F, poison = 0.0F;  ///< of the exponentials; NaN where a logit or the label is not finite
  };

  template <Dims In>
  static losses::Chunks chunks_of(std::size_t batch) {
    return losses::Chunks(batch * In.pixels(), channels);
  }

  static double loss(const Codebook<Codewords>& codebook, const float* x, const float* label, Pixel& pixel,
                     float* exponentials) {
    const double length = losses::length(label);
    if (std::isfinite(length)) {
      typename Codebook<Codewords>::Normal unit{};
      for (std::size_t k = 0; k < 3; ++k) unit[k] = static_cast<float>(static_cast<double>(label[k]) / length);
      pixel.code = codebook.encode(unit);
    }
    const kernels::Exponentials row = exponentials == nullptr ? kernels::exponentials<Codewords, false>(x, nullptr)
                                                              : kernels::exponentials<Codewords, true>(x, exponentials);
    pixel.sum = row.sum;
    pixel.poison = row.poison + static_cast<float>(length * 0.0);
    double matched = 0.0;
    for (std::size_t k = 0; k < 3; ++k)
      matched = kernels::multiply_add(static_cast<double>(pixel.code.weight[k]),
                                      static_cast<double>(x[pixel.code.codeword[k]]), matched);
    return static_cast<double>(row.maximum) + std::log(static_cast<double>(row.sum)) - matched +
           static_cast<double>(pixel.poison);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
