#pragma once
/// \file
/// Layers, losses and steps as plain values. Types end here: what follows (graph, plan, engine) is ordinary code over
/// these records, evaluated by the compiler or at run time but instantiated once, whatever the network.

#include <xstitch/core/error.hpp>
#include <xstitch/core/initializer.hpp>
#include <xstitch/kernels/simd.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/metrics/metric.hpp>
#include <xstitch/weave/resolve.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

/// Name of a type without its arguments and namespaces, from the compiler: "Conv", "MaxPool".
template <class T>
constexpr std::string_view type_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t start = text.find("T = ") + 4;
  text = text.substr(start);
  std::size_t end = text.size();
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '<' || text[i] == ';' || text[i] == ']') {
      end = i;
      break;
    }
  text = text.substr(0, end);
  const std::size_t colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

}  // namespace detail

/// A layer at one input shape.
struct LayerRecord {
  static constexpr std::size_t max_parameters = 6;

  std::string_view kind;
  std::string_view name;
  Dims in{}, out{};
  void (*forward)(const ForwardCall&) = nullptr;
  /// The same with max(0, x) applied to the output, for layers that can do it while writing; else null.
  void (*forward_relu)(const ForwardCall&) = nullptr;
  void (*backward)(const BackwardCall&) = nullptr;
  void (*pack)(const PackCall&) = nullptr;  ///< null if packed_bytes is 0
  void (*initialize)(Dims, std::size_t, float*, RandomKey) = nullptr;
  bool reads_input = true, reads_output = true, in_place = false, streams_gradients = false, is_relu = false;
  bool fuses_relu = false;  ///< there is a forward_relu (comparing its address is no constant under g++'s sanitizer)
  Extent saved{}, workspace{};
  std::size_t packed_bytes = 0;
  std::size_t multiply_adds = 0;
  std::array<ParameterSpec, max_parameters> parameters{};
  std::size_t parameter_count = 0;
};

struct LossRecord {
  std::string_view kind;
  LabelSpec label{};
  Dims in{}, prediction{};
  LossSum (*forward)(const LossCall&) = nullptr;
  void (*predict)(const PredictCall&) = nullptr;
  std::unique_ptr<Metric> (*metric)(Dims) = nullptr;
  void (*initialize)(Dims, std::size_t, float*, RandomKey) = nullptr;
  float weight = 1.0F;
  bool unit_vectors = false;
  std::array<ParameterSpec, 2> parameters{};
  std::size_t parameter_count = 0;
};

enum class StepKind : std::uint8_t {
  layer,
  seam,
  loss,
  push_input,
  add_input,
  next_branch,
  join_branches,
  back_to_input
};

struct StepRecord {
  StepKind kind = StepKind::layer;
  LayerRecord layer{};
  LossRecord loss{};
  std::string_view name{};  ///< of a seam or a head
  Dims dims{};              ///< of a seam, a sum or a join
  int branches = 0;
};

namespace detail {

template <class L, Dims In, Precision P>
constexpr LayerRecord layer_record() {
  LayerRecord r;
  r.kind = type_name<L>();
  r.name = traits::name<L>();
  r.in = In;
  r.out = L::output_shape(In);
  if constexpr (requires(const ForwardCall& c) { L::template forward<In, P>(c); }) {
    r.forward = &L::template forward<In, P>;
    r.backward = &L::template backward<In, P>;
    if constexpr (requires(const ForwardCall& c) { L::template forward_relu<In, P>(c); }) {
      r.forward_relu = &L::template forward_relu<In, P>;
      r.fuses_relu = true;
    }
  } else {
    r.forward = &L::template forward<In>;
    r.backward = &L::template backward<In>;
    if constexpr (requires(const ForwardCall& c) { L::template forward_relu<In>(c); }) {
      r.forward_relu = &L::template forward_relu<In>;
      r.fuses_relu = true;
    }
  }
  if constexpr (requires { L::packed(In, P); }) {
    if constexpr (L::packed(In, P) > 0) {
      r.packed_bytes = L::packed(In, P);
      r.pack = &L::template pack<In, P>;
    }
  }
  if constexpr (requires { L::initialize(In, std::size_t{}, static_cast<float*>(nullptr), RandomKey{}); })
    r.initialize = &L::initialize;
  r.reads_input = traits::reads_input<L>;
  r.reads_output = traits::reads_output<L>;
  r.in_place = traits::in_place<L>;
  r.streams_gradients = traits::streams_gradients<L>;
  if constexpr (requires { L::is_relu; }) r.is_relu = L::is_relu;
  r.saved = traits::saved<L>(In);
  r.workspace = traits::workspace<L>(In);
  r.multiply_adds = traits::multiply_adds<L>(In);
  constexpr auto specs = traits::parameters<L>(In);
  static_assert(specs.size() <= LayerRecord::max_parameters, "xstitch: a layer has at most 6 parameters");
  static_assert(specs.size() == 0 || !traits::name<L>().empty(),
                "xstitch: a layer with parameters needs a name: static constexpr xstitch::FixedString name{\"...\"}");
  r.parameter_count = specs.size();
  for (std::size_t i = 0; i < specs.size(); ++i) r.parameters[i] = specs[i];
  return r;
}

template <class L, Dims In>
constexpr LossRecord loss_record() {
  LossRecord r;
  r.kind = type_name<L>();
  r.in = In;
  r.label = L::label(In);
  r.prediction = In;
  if constexpr (requires { L::prediction_shape(In); }) r.prediction = L::prediction_shape(In);
  r.forward = &L::template forward<In>;
  r.predict = &L::template predict<In>;
  r.metric = &L::metric;
  if constexpr (requires { L::weight.value(); }) r.weight = L::weight.value();
  if constexpr (requires { L::unit_vectors; }) r.unit_vectors = L::unit_vectors;
  if constexpr (requires { L::initialize(In, std::size_t{}, static_cast<float*>(nullptr), RandomKey{}); })
    r.initialize = &L::initialize;
  constexpr auto specs = traits::parameters<L>(In);
  static_assert(specs.size() <= 2, "xstitch: a loss has at most 2 parameters");
  r.parameter_count = specs.size();
  for (std::size_t i = 0; i < specs.size(); ++i) r.parameters[i] = specs[i];
  return r;
}

template <class Step, Precision P>
struct Record;
template <class L, Dims In, Precision P>
struct Record<steps::RunLayer<L, In>, P> {
  static constexpr StepRecord value{StepKind::layer, layer_record<L, In, P>(), {}, {}, {}, 0};
};
template <FixedString Name, Dims In, Precision P>
struct Record<steps::AtSeam<Name, In>, P> {
  static constexpr StepRecord value{StepKind::seam, {}, {}, Name.view(), In, 0};
};
template <class L, Dims In, FixedString Head, Precision P>
struct Record<steps::EndHead<L, In, Head>, P> {
  static constexpr StepRecord value{StepKind::loss, {}, loss_record<L, In>(), Head.view(), In, 0};
};
template <Precision P>
struct Record<steps::PushInput, P> {
  static constexpr StepRecord value{StepKind::push_input, {}, {}, {}, {}, 0};
};
template <Dims In, Precision P>
struct Record<steps::AddInput<In>, P> {
  static constexpr StepRecord value{StepKind::add_input, {}, {}, {}, In, 0};
};
template <Precision P>
struct Record<steps::NextBranch, P> {
  static constexpr StepRecord value{StepKind::next_branch, {}, {}, {}, {}, 0};
};
template <int Branches, Dims Out, Precision P>
struct Record<steps::JoinBranches<Branches, Out>, P> {
  static constexpr StepRecord value{StepKind::join_branches, {}, {}, {}, Out, Branches};
};
template <Precision P>
struct Record<steps::BackToInput, P> {
  static constexpr StepRecord value{StepKind::back_to_input, {}, {}, {}, {}, 0};
};

template <class List, Precision P>
struct Records;
template <class... Steps, Precision P>
struct Records<TypeList<Steps...>, P> {
  static constexpr std::array<StepRecord, sizeof...(Steps)> value{Record<Steps, P>::value...};
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
