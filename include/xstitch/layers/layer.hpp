#pragma once
/// \file
/// What a layer is: a type without data that says its output shape, its parameters, and how to run forward and
/// backward over raw memory. docs/layers.md shows how to write one.
///
///     struct Square {                                   // y = x^2
///       static constexpr Dims output_shape(Dims in) { return in; }
///       template <Dims In> static void forward(const ForwardCall& call) {
///         call.threads.parallel_for(call.batch, [&](std::size_t n) {
///           const float* x = call.input + n * In.size();  float* y = call.output + n * In.size();
///           for (std::size_t i = 0; i < In.size(); ++i) y[i] = x[i] * x[i];
///         });
///       }
///       template <Dims In> static void backward(const BackwardCall& call);   // dL/dx = 2 x dL/dy
///     };
///
/// Optional members, found by name (defaults in brackets):
///     name                           FixedString, needed when there are parameters
///     parameters(Dims in)            std::array<ParameterSpec, n>                   [none]
///     reads_input, reads_output      whether backward reads x, y                     [true, true]
///     in_place                       y may share the memory of x, dx that of dy      [false]
///     saved(Dims in)                 Extent in bytes kept from forward to backward   [none]
///     workspace(Dims in)             Extent in bytes of scratch during a call        [none]
///     multiply_adds(Dims in)         of one sample, forward                          [0]
///     streams_gradients              parameter gradients go to call.sinks            [false]
///     packed(Dims in, Precision)     bytes of its weights in an order of its own     [none]
///     pack<In, P>(PackCall)          writes them: see Engine::pack_weights
///     requirement                    a sentence: what the input must be like; printed when output_shape
///                                    returns an invalid Dims (an extent below 1)
///     initialize(Dims, index, values, key) initial values of a parameter with Initializer::custom()

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/parameter.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// Takes a parameter's gradient, piece by piece or whole. Either it is stored (one block for the network), or the
/// optimizer applies each piece at once to weights and momentum while they are in cache. Disjoint pieces may come
/// from several threads; each element comes exactly once. The layer must not read the weight after handing over
/// its gradient.
class GradientSink {
 public:
  using Function = void (*)(const void* self, std::size_t parameter, std::size_t offset, const float* gradient,
                            std::size_t count);
  GradientSink() = default;
  GradientSink(Function function, const void* self, std::size_t parameter, float* store)
      : function_(function), self_(self), parameter_(parameter), store_(store) {}

  /// Where to write the gradient when it is stored, else null: write there and skip `take`.
  [[nodiscard]] float* store() const noexcept { return store_; }
  /// Hands over elements [offset, offset + count) of the gradient (only when store() is null).
  void take(std::size_t offset, const float* gradient, std::size_t count) const {
    function_(self_, parameter_, offset, gradient, count);
  }

 private:
  Function function_ = nullptr;
  const void* self_ = nullptr;
  std::size_t parameter_ = 0;
  float* store_ = nullptr;
};

/// Everything a layer's forward pass sees. Pointers are 64-byte aligned.
struct ForwardCall {
  std::size_t batch = 0;
  const float* input = nullptr;        ///< [batch, height, width, channels]
  float* output = nullptr;             ///< may equal input if the layer says in_place
  float* const* parameters = nullptr;  ///< in the order of parameters(); only ParameterGroup::buffer may be written
  std::byte* saved = nullptr;          ///< null in inference
  std::byte* workspace = nullptr;
  ThreadPool& threads;
  RandomKey random;                ///< folded down to this layer and step
  std::size_t first_position = 0;  ///< of the batch's first sample within the global batch
  bool training = false;
  const std::byte* packed = nullptr;  ///< what pack() wrote, made from these parameters; or null
};

/// A layer's weights in the order in which its forward pass reads them, written once for many passes.
struct PackCall {
  float* const* parameters = nullptr;
  std::byte* packed = nullptr;
  ThreadPool& threads;
};

/// Everything a layer's backward pass sees. Every gradient is overwritten, never added to: where a tensor has
/// several consumers the engine adds.
struct BackwardCall {
  std::size_t batch = 0;
  const float* input = nullptr;            ///< valid if reads_input
  const float* output = nullptr;           ///< valid if reads_output
  const float* output_gradient = nullptr;  ///< dL/dy
  float* input_gradient = nullptr;         ///< dL/dx; null where nothing below needs it
  float* const* parameters = nullptr;
  float* const* parameter_gradients = nullptr;  ///< one a parameter (null for state), unless streams_gradients
  const GradientSink* sinks = nullptr;          ///< one a parameter, if streams_gradients
  std::byte* saved = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
  RandomKey random;
  std::size_t first_position = 0;
};

/// A layer as the weave sees it. forward/backward are templates on the input's Dims and are checked when used.
template <class L>
concept Layer = requires(Dims in) {
  { L::output_shape(in) } -> std::same_as<Dims>;
};

namespace traits {

template <class L>
constexpr std::string_view name() {
  if constexpr (requires { L::name.view(); })
    return L::name.view();
  else
    return {};
}
template <class L>
constexpr auto parameters(Dims in) {
  if constexpr (requires { L::parameters(in); })
    return L::parameters(in);
  else
    return std::array<ParameterSpec, 0>{};
}
template <class L>
constexpr bool reads_input = [] {
  if constexpr (requires { L::reads_input; })
    return static_cast<bool>(L::reads_input);
  else
    return true;
}();
template <class L>
constexpr bool reads_output = [] {
  if constexpr (requires { L::reads_output; })
    return static_cast<bool>(L::reads_output);
  else
    return true;
}();
template <class L>
constexpr bool in_place = [] {
  if constexpr (requires { L::in_place; })
    return static_cast<bool>(L::in_place);
  else
    return false;
}();
template <class L>
constexpr bool streams_gradients = [] {
  if constexpr (requires { L::streams_gradients; })
    return static_cast<bool>(L::streams_gradients);
  else
    return false;
}();
template <class L>
constexpr Extent saved(Dims in) {
  if constexpr (requires { L::saved(in); })
    return L::saved(in);
  else
    return {};
}
template <class L>
constexpr Extent workspace(Dims in) {
  if constexpr (requires { L::workspace(in); })
    return L::workspace(in);
  else
    return {};
}
template <class L>
constexpr std::size_t multiply_adds(Dims in) {
  if constexpr (requires { L::multiply_adds(in); })
    return L::multiply_adds(in);
  else
    return 0;
}

}  // namespace traits

}  // namespace xstitch::inline XSTITCH_ISA
