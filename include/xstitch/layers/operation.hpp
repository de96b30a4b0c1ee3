#pragma once
/// \file
/// The contract of every operation of a network: layers, losses, weave units, the sum of a residual, concatenation. An
/// operation is a type without data that maps n input tensors to m output tensors and runs over raw memory.
///
///     struct Product {                                             // y = a b, element by element
///       static constexpr auto outputs(Shapes<2> in) { return Shapes{in[0]}; }
///       template <Shapes<2> In> static void forward(const ForwardCall& call);    // call.inputs[k], call.outputs[k]
///       template <Shapes<2> In> static void backward(const BackwardCall& call);  // call.input_gradients[k] or null
///     };
///
/// A *layer* has one input and one output and may be written shorter; rows of a sample are then part of the batch:
///
///     struct Square {                                              // y = x^2
///       static constexpr Dims output_shape(Dims in) { return in; }
///       template <Dims In> static void forward(const ForwardCall& call);         // call.input, call.output
///       template <Dims In> static void backward(const BackwardCall& call);       // call.input_gradient or null
///     };
///
/// forward and backward may also take the precision as a second template argument (both or neither), or be ordinary
/// functions that look at call.input_shapes: one body for all shapes. Optional members, found by name (defaults in
/// brackets); `in` is Dims for a layer, else Shapes<n>:
///
///     kind                           its name in words: "Conv"                      [the type's name]
///     attributes(), attributes(in)   std::array<Attribute, n>: see core/attribute.hpp [the type's text]
///     name                           FixedString, needed when there are parameters
///     parameters(in)                 std::array<ParameterSpec, n>                   [none]
///     initialize(in, index, values, key)  of a parameter with Initializer::custom()
///     reads_input, reads_output      whether backward reads x, y                    [true, true]
///     shape_inputs                   how many inputs, the last ones, are asked for their shape alone: they
///                                    hold no data here, get no gradient and need not be kept   [0]
///     in_place                       y may share the memory of x, dx that of dy     [false]
///     gradient_in_place              dx_k may share the memory of dy_k, each k      [in_place]
///     saved(in)                      Extent in bytes kept from forward to backward  [none]
///     keeps_in_gradient              forward may write to call.kept, as large as input 0, what backward then reads: no
///                                    more memory, because the place is that of the input's gradient   [false]
///     workspace(in)                  Extent in bytes of scratch during a call       [none]
///     multiply_adds(in)              of one row, forward                            [0]
///     streams_gradients              parameter gradients go to call.sinks           [false]
///     updates_buffers                forward writes call.buffer_updates             [false]
///     joint_channels(in)             channels whose sums over the batch may be over several slices: JointSums  [0]
///     packed(in, Precision)          bytes of its weights in an order of its own    [none]
///     pack<In, P>(PackCall)          writes them
///     algorithms                     AlgorithmsFunction, for `describe`: core/algorithm_note.hpp   [none]
///     fusion                         a type: what a producer of its input may do for it while writing   [none]
///     fuses<Fusion>, forward_fused<Fusion, In(, P)>   that producer's side          [none]
///     requirement                    a sentence for the message when an output shape is not valid (an extent below 1)
///     unknown_option                 std::string_view: an option that it was given and does not have, or empty

#include <xstitch/core/attribute.hpp>
#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/labels.hpp>
#include <xstitch/core/parameter.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/tensor.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/layers/gradient_sink.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// Sum of a loss over the valid elements and what to divide it by (both over the whole batch).
struct LossSum {
  double sum = 0.0;         ///< over the valid elements
  double normaliser = 0.0;  ///< what it is divided by
  /// The loss: sum / normaliser, 0 without a valid element.
  [[nodiscard]] double value() const noexcept { return normaliser > 0.0 ? sum / normaliser : 0.0; }
};

/// Sums over a batch whose slices are worked off apart, for an operation that says joint_channels = C: called a first
/// time it only writes `own`, those of its slice, [1 + 2 C]: rows, then two a channel (forward: mean, sum of squared
/// deviations, which are joined; backward: sums, which are added). Called again it does its work with those of all.
struct JointSums {
  double* own = nullptr;          ///< of this slice
  const double* joint = nullptr;  ///< of all slices; null in the first call
};

/// Everything a forward pass sees. Pointers are 64-byte aligned.
struct ForwardCall {
  std::size_t batch = 0;                     ///< samples (rows, for a layer in its short form)
  const float* input = nullptr;              ///< inputs[0]: [batch, height, width, channels]
  float* output = nullptr;                   ///< outputs[0]; may equal input if the operation says in_place
  const float* const* parameters = nullptr;  ///< in the order of parameters()
  std::byte* saved = nullptr;                ///< null in inference
  float* kept = nullptr;                     ///< if keeps_in_gradient; null in inference
  std::byte* workspace = nullptr;            ///< scratch memory during the call
  ThreadPool& threads;                       ///< for loops
  RandomKey random{};                        ///< folded down to this operation and step
  std::size_t first_position = 0;            ///< of the first sample (or row) within the global batch
  bool training = false;                     ///< and not evaluation or prediction
  const std::byte* packed = nullptr;         ///< what pack() wrote, made from these parameters; or null

  const float* const* inputs = nullptr;                          ///< one an operation's input, in its order
  float* const* outputs = nullptr;                               ///< one an operation's output, in its order
  std::span<const TensorShape> input_shapes{}, output_shapes{};  ///< of one sample, in the order of inputs and outputs
  /// The inputs in an order that does not hang on how the network is written (towers by name): sum in this order.
  const std::size_t* order = nullptr;
  /// Where new values of the buffers go, one a parameter (null for what is trained). They count from the next step on.
  /// buffer_updates[i] may be parameters[i]: read and write element by element. Null in inference, and where nobody
  /// wants them.
  float* const* buffer_updates = nullptr;
  const LabelBatch* labels = nullptr;  ///< of a loss
  double* loss_sum = nullptr;          ///< of a loss: where the sum over the valid elements goes
  const void* context = nullptr;       ///< of whoever wraps the operation: a profile, a trace, a test
  const JointSums* sums = nullptr;     ///< null: the batch is all there is

  /// Input and output k as another element type than float.
  template <class T>
  [[nodiscard]] const T* input_as(std::size_t k) const noexcept {
    return reinterpret_cast<const T*>(inputs[k]);
  }
  /// Output k as another element type than float.
  template <class T>
  [[nodiscard]] T* output_as(std::size_t k) const noexcept {
    return reinterpret_cast<T*>(outputs[k]);
  }
};

/// An operation's weights in the order in which its forward pass reads them, written once for many passes.
struct PackCall {
  const float* const* parameters = nullptr;  ///< in the order of parameters()
  std::byte* packed = nullptr;               ///< where they are written, as many bytes as packed() says
  ThreadPool& threads;                       ///< for loops
};

/// Everything a backward pass sees. Every gradient is overwritten, never added to: where a tensor has several consumers
/// the engine adds.
struct BackwardCall {
  std::size_t batch = 0;                     ///< samples (rows, for a layer in its short form)
  const float* input = nullptr;              ///< inputs[0]; valid if reads_input
  const float* output = nullptr;             ///< outputs[0]; valid if reads_output
  const float* output_gradient = nullptr;    ///< output_gradients[0]: dL/dy
  float* input_gradient = nullptr;           ///< input_gradients[0]: dL/dx; null where nothing below needs it
  const float* const* parameters = nullptr;  ///< in the order of parameters()
  /// One a parameter (null for a buffer), unless streams_gradients. What is not trained gets scratch.
  float* const* parameter_gradients = nullptr;
  const GradientSink* sinks = nullptr;  ///< one a parameter, if streams_gradients
  const std::byte* saved = nullptr;     ///< what forward has written to its `saved`
  /// If keeps_in_gradient. May be input_gradient: read an element before it is written.
  const float* kept = nullptr;
  std::byte* workspace = nullptr;  ///< scratch memory during the call
  ThreadPool& threads;             ///< for loops
  RandomKey random{};              ///< the same as in forward
  std::size_t first_position = 0;  ///< of the first sample (or row) within the global batch

  const float* const* inputs = nullptr;            ///< one an operation's input, in its order
  const float* const* outputs = nullptr;           ///< one an operation's output, in its order; valid if reads_output
  const float* const* output_gradients = nullptr;  ///< null where an output has no gradient
  float* const* input_gradients = nullptr;         ///< null where nothing below needs it
  std::span<const TensorShape> input_shapes{}, output_shapes{};  ///< of one sample, in the order of inputs and outputs
  const std::size_t* order = nullptr;                            ///< see ForwardCall::order
  const LabelBatch* labels = nullptr;                            ///< of a loss
  float loss_scale = 0.0F;          ///< of a loss: weight / normaliser, what the gradient of the sum is multiplied by
  const void* context = nullptr;    ///< see ForwardCall::context
  const JointSums* sums = nullptr;  ///< see ForwardCall::sums

  /// Input k as another element type than float.
  template <class T>
  [[nodiscard]] const T* input_as(std::size_t k) const noexcept {
    return reinterpret_cast<const T*>(inputs[k]);
  }
  /// Output k as another element type than float.
  template <class T>
  [[nodiscard]] const T* output_as(std::size_t k) const noexcept {
    return reinterpret_cast<const T*>(outputs[k]);
  }
};

/// What a loss counts: see losses/loss.hpp.
struct NormaliserCall {
  std::size_t batch = 0;                     ///< rows
  const LabelBatch& labels;                  ///< of this head
  const float* const* parameters = nullptr;  ///< in the order of parameters()
  ThreadPool& threads;                       ///< for loops
};

/// An operation with one input and one output in its short form.
template <class L>
concept Layer = requires(Dims in) {
  { L::output_shape(in) } -> std::same_as<Dims>;
};

/// An operation on N inputs.
template <class O, std::size_t N>
concept OperationOn = requires(Shapes<N> in) {
  O::outputs(in).size();
};

}  // namespace xstitch::inline XSTITCH_ISA
