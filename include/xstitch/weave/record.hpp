#pragma once
/// \file
/// An operation at one set of input shapes as plain values. Types end here: graph, plan and passes are ordinary
/// code over these records. What an operation *is* (OperationRecord) is apart from how it runs, and how it runs in
/// inference (ForwardFunctions) is apart from training (TrainingFunctions): a program that only predicts names the
/// latter nowhere, and holds no backward kernel.

#include <xstitch/core/algorithm_note.hpp>
#include <xstitch/layers/forms.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/weave/type_list.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

/// The end of a head.
struct LossRecord {
  LabelSpec label{};
  std::string_view prediction_kind, prediction_text;  ///< of the loss's Prediction, as OperationRecord's
  TensorShape prediction{};
  float weight = 1.0F;
  bool unit_vectors = false;
};

/// What an operation is at its shapes.
struct OperationRecord {
  std::string_view kind, name;
  std::string_view text;  ///< of the type, where it has no attributes of its own
  std::span<const Attribute> attributes{};
  std::span<const TensorShape> inputs{}, outputs{};
  std::span<const ParameterSpec> parameters{};
  bool reads_input = true, reads_output = true, in_place = false, gradient_in_place = false;
  bool streams_gradients = false, updates_buffers = false, keeps_in_gradient = false;
  bool fuses_next = false;  ///< applies what follows it while writing (ForwardFunctions::fused)
  std::size_t rows = 1;     ///< a sample's rows that a layer in its short form sees as samples
  Extent saved{}, workspace{};
  std::size_t packed_bytes = 0;
  std::size_t joint_channels = 0;  ///< whose sums may be over several slices: JointSums
  std::size_t multiply_adds = 0;   ///< of a sample, forward
  const LossRecord* loss = nullptr;
  AlgorithmsFunction algorithms = nullptr;  ///< where a layer has more than one
};

struct ForwardFunctions {
  ForwardFunction forward = nullptr;  ///< of a loss: its prediction
  ForwardFunction fused = nullptr;
  void (*pack)(const PackCall&) = nullptr;
  const void* context = nullptr;
};

struct TrainingFunctions {
  ForwardFunction forward = nullptr;  ///< of a loss: its value
  ForwardFunction fused = nullptr;
  BackwardFunction backward = nullptr;
  void (*initialize)(std::size_t index, float* values, RandomKey key) = nullptr;
  double (*normaliser)(const NormaliserCall&) = nullptr;
  std::unique_ptr<Metric> (*metric)() = nullptr;
  const void* context = nullptr;
};

namespace detail {

/// The fusion that the next operation asks for, where this one can do it; else void.
template <class L, class Next>
struct FusionOf {
  using type = void;
};
template <class L, class Next>
requires requires {
  typename Next::fusion;
  requires L::template fuses<typename Next::fusion>;
}
struct FusionOf<L, Next> {
  using type = typename Next::fusion;
};

/// The input as an operation's own functions take it: Dims for a layer (and a loss), else Shapes.
template <class L, auto In>
constexpr auto shape_argument() {
  if constexpr (Layer<L> || Loss<L>)
    return In[0].dims;
  else
    return In;
}

template <class L, auto In, Precision P, class Fusion>
struct RecordOf {
  static constexpr bool short_form = Layer<L> || Loss<L>;
  static constexpr auto shape = shape_argument<L, In>();
  static constexpr auto outputs() {
    if constexpr (Loss<L>)
      return Shapes<1>{TensorShape(L::Prediction::output_shape(In[0].dims), In[0].rows)};
    else if constexpr (Layer<L>)
      return Shapes<1>{TensorShape(L::output_shape(In[0].dims), In[0].rows)};
    else
      return L::outputs(In);
  }
  static constexpr auto loss() {
    if constexpr (Loss<L>) {
      LossRecord r;
      r.label = L::label(In[0].dims);
      r.prediction_kind = traits::kind<typename L::Prediction>();
      r.prediction_text = type_text<typename L::Prediction>();
      r.label.rows = In[0].rows;
      r.prediction = outputs()[0];
      r.weight = loss_weight<L>().value();
      r.unit_vectors = predicts_unit_vectors<L>();
      return r;
    } else {
      return TypeList<>{};
    }
  }
  /// What the record refers to: one constant, because each has the operation's whole type in its name.
  struct Parts {
    decltype(traits::attributes<L>(shape)) attributes = traits::attributes<L>(shape);
    decltype(traits::parameters<L>(shape)) parameters = traits::parameters<L>(shape);
    decltype(In) inputs = In;
    decltype(RecordOf::outputs()) outputs = RecordOf::outputs();
    decltype(RecordOf::loss()) loss = RecordOf::loss();
  };
  static constexpr Parts parts{};
  static constexpr std::size_t packed_bytes = [] {
    if constexpr (requires { L::packed(shape, P); })
      return std::size_t{L::packed(shape, P)};
    else
      return std::size_t{0};
  }();

  static constexpr OperationRecord value = [] {
    OperationRecord r;
    r.kind = traits::kind<L>();
    r.name = traits::name<L>();
    r.text = type_text<L>();
    r.attributes = parts.attributes;
    r.inputs = {parts.inputs.items, parts.inputs.size()};
    r.outputs = {parts.outputs.items, parts.outputs.size()};
    r.parameters = parts.parameters;
    r.reads_input = traits::reads_input<L>;
    r.reads_output = Loss<L> ? false : traits::reads_output<L>;
    r.in_place = traits::in_place<L>;
    r.gradient_in_place = traits::gradient_in_place<L>;
    r.streams_gradients = traits::streams_gradients<L>;
    r.updates_buffers = traits::updates_buffers<L>;
    r.keeps_in_gradient = traits::keeps_in_gradient<L>;
    r.fuses_next = !std::is_void_v<Fusion>;
    r.rows = short_form ? static_cast<std::size_t>(In[0].rows) : 1;
    r.saved = traits::saved<L>(shape);
    r.saved.per_sample *= r.rows;
    if constexpr (requires { L::workspace(shape, P); })
      r.workspace = L::workspace(shape, P);
    else
      r.workspace = traits::workspace<L>(shape);
    r.workspace.per_sample *= r.rows;
    r.packed_bytes = packed_bytes;
    if constexpr (requires { L::joint_channels(shape); }) r.joint_channels = L::joint_channels(shape);
    r.multiply_adds = traits::multiply_adds<L>(shape) * r.rows;
    if constexpr (Loss<L>) r.loss = &parts.loss;
    if constexpr (requires { AlgorithmsFunction{L::algorithms}; }) r.algorithms = L::algorithms;
    return r;
  }();
};

template <class L, auto In, Precision P, class Fusion>
constexpr ForwardFunctions forward_functions_of() {
  using R = RecordOf<L, In, P, Fusion>;
  ForwardFunctions f;
  if constexpr (Loss<L>) {
    f.forward = forms::forward<typename L::Prediction, R::shape, P>();
  } else {
    f.forward = forms::forward<L, R::shape, P>();
    if constexpr (!std::is_void_v<Fusion>) f.fused = forms::fused<L, Fusion, R::shape, P>();
    if constexpr (R::packed_bytes > 0) f.pack = &L::template pack<R::shape, P>;
  }
  return f;
}

/// The thunks of a loss: its sum goes where the call says.
template <class L, auto Shape>
void loss_forward(const ForwardCall& call) {
  *call.loss_sum = L::template forward<Shape>(call);
}

template <class L, auto In, Precision P, class Fusion>
constexpr TrainingFunctions training_functions_of() {
  using R = RecordOf<L, In, P, Fusion>;
  constexpr auto shape = R::shape;
  TrainingFunctions f;
  if constexpr (Loss<L>) {
    f.forward = &loss_forward<L, shape>;
    f.normaliser = &L::template normaliser<shape>;
    f.metric = [] { return std::unique_ptr<Metric>(L::metric(R::shape)); };
  } else {
    f.forward = forms::forward<L, shape, P>();
    if constexpr (!std::is_void_v<Fusion>) f.fused = forms::fused<L, Fusion, shape, P>();
  }
  f.backward = forms::backward<L, shape, P>();
  if constexpr (requires { L::initialize(shape, std::size_t{}, static_cast<float*>(nullptr), RandomKey{}); })
    f.initialize = [](std::size_t index, float* values, RandomKey key) { L::initialize(R::shape, index, values, key); };
  return f;
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
