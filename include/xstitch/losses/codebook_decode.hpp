#pragma once
/// \file
/// CodebookDecode<codewords, decoding>: the unit normal of a distribution over the codewords of a codebook
/// (losses/codebook.hpp),
///
///     p = softmax(x),   v = sum over codewords w of p_w c_w,   y = v / |v|
///     dv = (dy - y <y, dy>) / |v|,   dp_w = <c_w, dv>,   dx_w = p_w (dp_w - sum over u of p_u dp_u)
///
/// over all codewords, or over those of the triangle with the largest total probability (then dp = 0 for all others).
/// {h, w, codewords} -> {h, w, 3}. Where the sum has no direction y and dx are 0. The codewords are the parameter
/// "codebook" [codewords, 3], never trained. The prediction of CodebookCrossEntropy, and a layer like any other.

#include <xstitch/kernels/elementwise.hpp>
#include <xstitch/kernels/multiply_add.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/losses/codebook.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// How a distribution over codewords becomes a normal.
enum class CodebookDecoding {
  all_codewords,  ///< weighted sum of all codewords
  best_triangle,  ///< weighted sum of the triangle with the largest total probability (Wang et al. 2015)
};

template <int Codewords = 20, CodebookDecoding Decoding = CodebookDecoding::all_codewords, FixedString Name = "decode">
struct CodebookDecode {
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "CodebookDecode";
  static constexpr std::array<Attribute, 2> attributes() {
    return {
        Attribute::integers("codewords", Codewords),
        Attribute::text("decoding", Decoding == CodebookDecoding::all_codewords ? "all codewords" : "best triangle")};
  }
  static constexpr std::string_view requirement = "CodebookDecode<codewords>: one channel for each codeword";
  static constexpr bool reads_output = false;
  static constexpr Dims output_shape(Dims in) {
    return in.channels == Codewords ? Dims{in.height, in.width, 3} : Dims{};
  }
  static constexpr std::array<ParameterSpec, 1> parameters(Dims) {
    return {ParameterSpec{"codebook", Extents(Codewords, 3), Initializer::custom(), ParameterGroup::buffer}};
  }
  static void initialize(Dims, std::size_t, float* values, RandomKey) {
    const Codebook<Codewords> codebook = Codebook<Codewords>::standard();
    std::memcpy(values, codebook.codewords().data(), sizeof(float) * codebook.codewords().size());
  }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    const Codebook<Codewords> codebook = read(call.parameters);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t i) {
      alignas(64) std::array<float, channels> p;  // NOLINT: written by softmax_row
      kernels::softmax_row<Codewords>(call.input + i * channels, p.data());
      const auto normal = Decoding == CodebookDecoding::all_codewords ? codebook.decode_all(p.data())
                                                                      : codebook.decode_triangle(p.data());
      std::ranges::copy(normal, call.output + 3 * i);
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    const Codebook<Codewords> codebook = read(call.parameters);
    kernels::for_rows(call.threads, call.batch * In.pixels(), channels, [&](std::size_t i) {
      alignas(64) std::array<float, channels> p;  // NOLINT: written by softmax_row
      kernels::softmax_row<Codewords>(call.input + i * channels, p.data());
      gradient(codebook, p, call.output_gradient + 3 * i, call.input_gradient + i * channels);
    });
  }

 private:
  static constexpr auto channels = static_cast<std::size_t>(Codewords);

  static Codebook<Codewords> read(const float* const* parameters) {
    return Codebook<Codewords>(std::span<const float, 3 * channels>(parameters[0], 3 * channels));
  }

  static void gradient(const Codebook<Codewords>& codebook, const std::array<float, channels>& p, const float* dy,
                       float* dx) {
    using kernels::multiply_add, triangulation::Vector, triangulation::dot;
    std::array<bool, channels> used{};
    if (Decoding == CodebookDecoding::all_codewords || codebook.triangles().empty())
      used.fill(true);
    else
      for (const int w : codebook.best_triangle(p.data())) used[static_cast<std::size_t>(w)] = true;
    const auto codeword = [&](std::size_t w) {
      const auto c = codebook.codeword(static_cast<int>(w));
      return Vector{static_cast<double>(c[0]), static_cast<double>(c[1]), static_cast<double>(c[2])};
    };
    Vector v{};
    for (std::size_t w = 0; w < channels; ++w)
      for (std::size_t k = 0; used[w] && k < 3; ++k)
        v[k] = multiply_add(static_cast<double>(p[w]), codeword(w)[k], v[k]);
    const double square = dot(v, v), length = std::sqrt(square);
    if (length < Codebook<Codewords>::shortest) {
      std::fill_n(dx, channels, 0.0F);
      return;
    }
    Vector dv{static_cast<double>(dy[0]), static_cast<double>(dy[1]), static_cast<double>(dy[2])};
    const double along = dot(v, dv) / square;
    for (std::size_t k = 0; k < 3; ++k) dv[k] = kernels::negative_multiply_add(v[k], along, dv[k]) / length;
    std::array<double, channels> dp{};
    double mean = 0.0;
    for (std::size_t w = 0; w < channels; ++w) {
      if (used[w]) dp[w] = dot(codeword(w), dv);
      mean = multiply_add(static_cast<double>(p[w]), dp[w], mean);
    }
    for (std::size_t w = 0; w < channels; ++w) dx[w] = static_cast<float>(static_cast<double>(p[w]) * (dp[w] - mean));
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
