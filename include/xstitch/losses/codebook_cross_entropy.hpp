#pragma once
/// \file
/// Surface normals as classification over the words of a codebook (losses/codebook.hpp; 20 words in the paper).
/// With t the code of the label (weights of the three words of its triangle) and logits x [H, W, Words]:
///
///     loss = log sum_w exp(x_w) - sum_w t_w x_w,   dloss/dx_w = softmax(x)_w - t_w
///
/// averaged over the valid pixels. The least loss is the entropy of t, not 0. Labels are unit normals [H, W, 3] with
/// a mask [H, W, 1]; a label of length 0 counts as masked; a NaN in a valid label or logit makes the loss NaN.
/// The words are the parameter "codebook" [Words, 3], never trained: at first Codebook<Words>::standard(); better,
/// Codebook<Words>::learn(...).words() of the training set's normals.
/// Prediction: unit normals [H, W, 3].

#include <xstitch/core/parameter.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/losses/codebook.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/normals.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <memory>

namespace xstitch::inline XSTITCH_ISA {

/// How a distribution over words becomes a normal.
enum class CodebookDecoding {
  all_words,      ///< weighted sum of all words
  best_triangle,  ///< weighted sum of the triangle with the largest total probability (Wang et al. 2015)
};

template <int Words = 20, CodebookDecoding Decoding = CodebookDecoding::all_words>
struct CodebookCrossEntropy {
  static constexpr bool unit_vectors = true;
  static constexpr LabelSpec label(Dims in) {
    return {LabelKind::unit_normal, {in.height, in.width, 3}, {in.height, in.width, 1}, 0};
  }
  static constexpr Dims prediction_shape(Dims in) { return {in.height, in.width, 3}; }

  static constexpr std::array<ParameterSpec, 1> parameters(Dims) {
    return {ParameterSpec{"codebook", Extents(Words, 3), Initializer::custom(), ParameterGroup::buffer}};
  }
  static void initialize(Dims, std::size_t, float* values, RandomKey) {
    const Codebook<Words> codebook = Codebook<Words>::standard();
    std::memcpy(values, codebook.words().data(), sizeof(float) * codebook.words().size());
  }

  template <Dims In>
  static LossSum forward(const LossCall& call) {
    losses::check_sizes("codebook cross entropy", call.labels, label(In), call.batch);
    const Codebook<Words> codebook = read<In>(call.parameters);
    const losses::Chunks chunks(call.batch * In.pixels(), channels);
    const double normaliser = losses::count_normals(call, In.pixels(), chunks);
    const float scale = losses::gradient_scale(call, normaliser);
    LossSum all = losses::sum_over(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      LossSum part;
      for (std::size_t i = begin; i < end; ++i) {
        float* gradient = call.input_gradient == nullptr ? nullptr : call.input_gradient + i * channels;
        if (losses::has_normal(call.labels, i, In.pixels()))
          part.sum += pixel(codebook, call.input + i * channels, call.labels.values.data() + 3 * i, scale, gradient);
        else if (gradient != nullptr)
          std::memset(gradient, 0, channels * sizeof(float));
      }
      return part;
    });
    all.normaliser = normaliser;
    return all;
  }

  template <Dims In>
  static void predict(const PredictCall& call) {
    const Codebook<Words> codebook = read<In>(call.parameters);
    const losses::Chunks chunks(call.batch * In.pixels(), channels);
    losses::for_each(chunks, call.threads, [&](std::size_t begin, std::size_t end) {
      alignas(64) std::array<float, channels> probability;  // NOLINT: written by softmax_row
      for (std::size_t i = begin; i < end; ++i) {
        kernels::softmax_row<Words>(call.input + i * channels, probability.data());
        const auto normal = Decoding == CodebookDecoding::all_words ? codebook.decode_all(probability.data())
                                                                    : codebook.decode_triangle(probability.data());
        for (std::size_t k = 0; k < 3; ++k) call.output[3 * i + k] = normal[k];
      }
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<NormalsMetric>(in); }

 private:
  static constexpr std::size_t channels = static_cast<std::size_t>(Words);

  template <Dims In>
  static Codebook<Words> read(float* const* parameters) {
    static_assert(In.channels == Words,
                  "xstitch: CodebookCrossEntropy<Words> needs one channel a word from the layer before it");
    return Codebook<Words>(std::span<const float, 3 * channels>(parameters[0], 3 * channels));
  }

  static double pixel(const Codebook<Words>& codebook, const float* x, const float* label, float scale,
                      float* gradient) {
    const double length = losses::length(label);
    const float label_poison = static_cast<float>(length * 0.0);  // NaN if the label is not finite
    CodebookWeights code;
    if (std::isfinite(length)) {
      typename Codebook<Words>::Normal unit{};
      for (std::size_t k = 0; k < 3; ++k) unit[k] = static_cast<float>(static_cast<double>(label[k]) / length);
      code = codebook.encode(unit);
    }
    const kernels::Exponentials row = gradient == nullptr ? kernels::exponentials<Words, false>(x, nullptr)
                                                          : kernels::exponentials<Words, true>(x, gradient);
    double matched = 0.0;
    for (std::size_t k = 0; k < 3; ++k)
      matched += static_cast<double>(code.weight[k]) * static_cast<double>(x[code.word[k]]);
    if (gradient != nullptr) {
      const float factor = scale + row.poison + label_poison;
      kernels::scale_row<Words>(gradient, factor / row.sum);
      for (std::size_t k = 0; k < 3; ++k) gradient[code.word[k]] -= factor * code.weight[k];
    }
    return static_cast<double>(row.maximum) + std::log(static_cast<double>(row.sum)) - matched +
           static_cast<double>(row.poison + label_poison);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
