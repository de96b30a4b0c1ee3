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
#include <xstitch/kernels/short_rows.hpp>
#include <xstitch/losses/codebook_decode.hpp>
#include <xstitch/losses/loss_support.hpp>
#include <xstitch/metrics/normals.hpp>

#include <algorithm>
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
    auto* pixels = reinterpret_cast<Pixel*>(call.saved);
    return losses::sum_over(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      double sum = 0.0;
      for (std::size_t i = begin; i < end; i += lanes) {
        const Valid<In> valid(*call.labels, i, end);
        if (!valid.any()) continue;
        std::array<Pixel, lanes> pixel{};
        std::array<double, lanes> loss{};
        look_at(codebook, call.input + i * channels, call.labels->values.data() + 3 * i, valid.count,
                call.saved == nullptr ? nullptr : call.kept + i * channels, pixel, loss);
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(valid.count); ++lane) {
          if (call.saved != nullptr) pixels[i + lane] = pixel[lane];
          if (valid[lane]) sum += loss[lane];
        }
      }
      return sum;
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    const auto* pixels = reinterpret_cast<const Pixel*>(call.saved);
    losses::for_each(chunks_of<In>(call.batch), call.threads, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i += lanes) {
        float* gradient = call.input_gradient + i * channels;
        const Valid<In> valid(*call.labels, i, end);
        if (valid.any()) write_gradient(pixels + i, call.kept + i * channels, valid.count, call.loss_scale, gradient);
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(valid.count); ++lane)
          if (!valid[lane]) std::memset(gradient + lane * channels, 0, channels * sizeof(float));
      }
    });
  }

  static std::unique_ptr<Metric> metric(Dims in) { return std::make_unique<NormalsMetric>(in); }

 private:
  static constexpr std::size_t channels = static_cast<std::size_t>(Codewords);
  static constexpr auto lanes = static_cast<std::size_t>(kernels::lanes);

  struct Pixel {
    CodebookWeights code;
    float sum = 0.0F, poison = 0.0F;  ///< of the exponentials; NaN where a logit or the label is not finite
  };

  template <Dims In>
  static losses::Chunks chunks_of(std::size_t batch) {
    return losses::Chunks(batch * In.pixels(), channels);
  }

  /// Which of the next positions have a normal.
  template <Dims In>
  struct Valid {
    std::array<bool, lanes> is{};
    int count = 0;
    Valid(const LabelBatch& labels, std::size_t first, std::size_t end) {
      count = static_cast<int>(std::min(lanes, end - first));
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(count); ++lane)
        is[lane] = losses::has_normal(labels, first + lane, In.pixels());
    }
    bool operator[](std::size_t lane) const { return is[lane]; }
    [[nodiscard]] bool any() const { return std::ranges::find(is, true) != is.end(); }
  };

  /// Loss and what backward needs of `count` pixels; the exponentials go to `kept` if it is not null.
  static void look_at(const Codebook<Codewords>& codebook, const float* x, const float* labels, int count, float* kept,
                      std::array<Pixel, lanes>& pixel, std::array<double, lanes>& loss) {
    using kernels::Vector;
    kernels::ShortRows<3> normals;
    normals.load(labels, count);
    // A label may have any length: the division by its largest element keeps the square within the range of a float.
    const Vector a = normals.at(0), b = normals.at(1), c = normals.at(2);
    const Vector largest = xsimd::max(xsimd::max(xsimd::abs(a), xsimd::abs(b)), xsimd::abs(c));
    const Vector u = a / largest, v = b / largest, w = c / largest,
                 length = xsimd::sqrt(kernels::dot(u, u, v, v, w, w));
    std::array<CodebookWeights, lanes> codes;
    codebook.encode({u / length, v / length, w / length}, count, codes.data());

    kernels::ShortRows<Codewords> rows;
    rows.load(x, count);
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(count); ++lane) {
      pixel[lane].code = codes[lane];
      for (std::size_t k = 0; k < 3; ++k)
        loss[lane] = kernels::multiply_add(-static_cast<double>(codes[lane].weight[k]),
                                           static_cast<double>(rows.value[codes[lane].codeword[k]][lane]), loss[lane]);
    }
    const kernels::ShortRowSums sums = rows.exponentiate();
    if (kept != nullptr) rows.keep(kept, count);
    std::array<float, lanes> maximum{}, sum{}, poison{};
    kernels::store(maximum.data(), sums.maximum);
    kernels::store(sum.data(), sums.sum);
    const Vector zero(0.0F);
    kernels::store(poison.data(), sums.poison + (a * zero + b * zero + c * zero));
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(count); ++lane) {
      pixel[lane].sum = sum[lane];
      pixel[lane].poison = poison[lane];
      loss[lane] += static_cast<double>(maximum[lane]) + std::log(static_cast<double>(sum[lane])) +
                    static_cast<double>(poison[lane]);
    }
  }

  /// factor (kept / sum - t)
  static void write_gradient(const Pixel* pixel, const float* kept, int count, float loss_scale, float* gradient) {
    kernels::ShortRows<Codewords> rows;
    rows.restore(kept, count);
    std::array<float, lanes> factor{}, scale{};
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(count); ++lane) {
      factor[lane] = loss_scale + pixel[lane].poison;
      scale[lane] = factor[lane] / pixel[lane].sum;
    }
    const kernels::Vector all = kernels::load(scale.data());
    for (int w = 0; w < Codewords; ++w) rows.set(w, rows.at(w) * all);
    for (std::size_t lane = 0; lane < static_cast<std::size_t>(count); ++lane)
      for (std::size_t k = 0; k < 3; ++k) {
        float& g = rows.value[pixel[lane].code.codeword[k]][lane];
        g = kernels::negative_multiply_add(factor[lane], pixel[lane].code.weight[k], g);
      }
    rows.store(gradient, count);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
