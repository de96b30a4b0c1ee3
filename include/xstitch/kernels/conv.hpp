#pragma once
/// \file
/// A convolution as a layer calls it: the passes of the algorithms that the list in conv_choice.hpp takes for its sizes
/// (the compiler chooses; where a matrix unit decides, the program when it runs), and where gradients go.

#include <xstitch/kernels/conv_choice.hpp>
#include <xstitch/kernels/sum_rows.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// A null input gradient is not wanted; wanted weight and bias gradients without a place are emitted.
struct ConvGradients {
  float* input = nullptr;
  float* weight = nullptr;
  float* bias = nullptr;
  bool wants_weight = true, wants_bias = true;
};

/// Bytes of the gradients of weight and bias.
constexpr std::size_t weight_bytes(const ConvShape& s) noexcept { return align_up(s.weight_count() * sizeof(float)); }
constexpr std::size_t bias_bytes(const ConvShape& s) noexcept {
  return align_up(static_cast<std::size_t>(s.out_channels) * sizeof(float));
}

template <class Arithmetic>
constexpr Extent conv_workspace_of(const ConvShape& s) noexcept {
  using enum ConvPass;
  const Extent of_forward = ConvAlgorithms::workspace<Arithmetic>(s, forward);
  Extent of_backward = ConvAlgorithms::workspace<Arithmetic>(s, backward_data);
  if (!ConvAlgorithms::joins_backward<Arithmetic>(s)) {  // else it emits pieces and is done with both at once
    of_backward = larger(of_backward, ConvAlgorithms::workspace<Arithmetic>(s, backward_weights));
    of_backward.fixed += weight_bytes(s) + bias_bytes(s);
  }
  return larger(of_forward, of_backward);
}
/// Scratch of a call of either pass.
constexpr Extent conv_workspace(const ConvShape& s, Precision precision) noexcept {
  if (!s.valid()) return {};
  return precision == Precision::bf16 ? conv_workspace_of<Bf16>(canonical(s)) : conv_workspace_of<Fp32>(canonical(s));
}
/// Bytes that pack() of the same convolution writes; 0: its weights are read in place.
constexpr std::size_t conv_packed_bytes(const ConvShape& given, Precision precision) noexcept {
  if (!given.valid()) return 0;
  const ConvShape s = canonical(given);
  return precision == Precision::bf16 ? ConvAlgorithms::packed_bytes<Bf16>(s) : ConvAlgorithms::packed_bytes<Fp32>(s);
}
/// The algorithm of a pass on this processor.
inline AlgorithmNote conv_algorithm(const ConvShape& given, ConvPass pass, Precision precision) {
  const ConvShape s = canonical(given);
  return precision == Precision::bf16 ? ConvAlgorithms::note<Bf16>(s, pass) : ConvAlgorithms::note<Fp32>(s, pass);
}

/// S is canonical().
template <ConvShape S, class Arithmetic>
struct ConvPasses {
  static constexpr ConvChoice of_forward = ConvAlgorithms::choose<Arithmetic>(S, ConvPass::forward);
  static constexpr ConvChoice of_data = ConvAlgorithms::choose<Arithmetic>(S, ConvPass::backward_data);
  static constexpr ConvChoice of_weights = ConvAlgorithms::choose<Arithmetic>(S, ConvPass::backward_weights);
  static constexpr bool joins_backward = ConvAlgorithms::joins_backward<Arithmetic>(S);

  using Forward = typename ChosenConv<of_forward.first, of_forward.otherwise>::template Forward<S, Arithmetic>;
  using BackwardData = typename ChosenConv<of_data.first, of_data.otherwise>::template BackwardData<S, Arithmetic>;
  using BackwardWeights =
      typename ChosenConv<of_weights.first, of_weights.otherwise>::template BackwardWeights<S, Arithmetic>;

  static void pack(const float* weights, std::byte* to, ThreadPool& threads) { Forward::pack(weights, to, threads); }

  /// out = conv(in) + bias, and max(0, .) of that if with_relu. `packed` is null, or what pack(), where
  /// conv_packed_bytes is not 0, made from the weights.
  static void forward(std::size_t batch, const float* in, const float* weights, const float* bias, bool with_relu,
                      float* out, std::byte* workspace, ThreadPool& threads, const std::byte* packed = nullptr) {
    Forward::run(batch, in, weights, bias, with_relu, out, workspace, threads, packed);
  }

  /// Makes the wanted gradients. Where weight or bias have no place to be stored, they are given to
  /// emit(0 or 1, offset, gradient, count), from several threads, each piece after its last use of the weights.
  template <class Emit>
  static void backward(std::size_t batch, const float* in, const float* out_gradient, const float* weights,
                       bool has_bias, ConvGradients to, Emit&& emit, std::byte* workspace, ThreadPool& threads) {
    if constexpr (joins_backward) {
      BackwardWeights::backward(batch, in, out_gradient, weights, has_bias, to, emit, workspace, threads);
    } else {
      has_bias = has_bias && to.wants_bias;
      float* weight = to.weight != nullptr ? to.weight : reinterpret_cast<float*>(workspace);
      float* bias = !has_bias            ? nullptr
                    : to.bias != nullptr ? to.bias
                                         : reinterpret_cast<float*>(workspace + weight_bytes(S));
      workspace += weight_bytes(S) + bias_bytes(S);
      if (to.input != nullptr) BackwardData::run(batch, out_gradient, weights, to.input, workspace, threads);
      if (to.wants_weight) BackwardWeights::run_all(batch, in, out_gradient, weight, bias, workspace, threads);
      if (has_bias && !to.wants_weight) sum_rows(batch * S.out().pixels(), S.out_channels, out_gradient, bias, threads);
      if (to.wants_weight && to.weight == nullptr) {
        constexpr std::size_t piece = 4096;  // fits into the first-level cache
        threads.parallel_for((S.weight_count() + piece - 1) / piece, [&](std::size_t i) {
          emit(0, i * piece, weight + i * piece, std::min(piece, S.weight_count() - i * piece));
        });
      }
      if (has_bias && to.bias == nullptr) emit(1, 0, bias, std::size_t{S.out_channels});
    }
  }
};

template <ConvShape S, Precision P>
struct Conv : ConvPasses<canonical(S), ArithmeticOf<P>> {
  static_assert(S.valid());
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
