#pragma once
/// \file
/// From chains to a program: the compiler builds graph and memory plans once a network type. What cannot be woven is
/// found here, as a value (Compiled::problem).

#include <xstitch/weave/chain_data.hpp>
#include <xstitch/weave/graph_builder.hpp>
#include <xstitch/weave/names.hpp>
#include <xstitch/weave/program.hpp>
#include <xstitch/weave/unit_check.hpp>
#include <xstitch/weave/verdict.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// A chain in its place: of which ensemble member, and which chain it follows.
template <class SourceType, int Member = 0, int Parent = none>
struct ChainAt {
  using source = SourceType;
  using data = ChainData<SourceType>;
  static constexpr ChainView view{SourceType::name,
                                  Member,
                                  Parent,
                                  data::arrays.tensors[0],
                                  data::arrays.steps,
                                  data::arrays.edges,
                                  data::arrays.tensors,
                                  data::sizes.parent_tensors,
                                  data::sizes.last_tensor,
                                  data::arrays.blocks,
                                  data::arrays.inputs};
};

/// `Weave` says what happens at seams: `stitches` (or no seam is), `seams` (names; empty: every common one), and
/// `unit<I>` given the name of seam I.
template <Precision P, class Weave, class... Chains>
struct Compiled {
  static constexpr std::size_t chain_count = sizeof...(Chains);
  static constexpr std::array<ChainView, chain_count> chains{Chains::view...};
  static constexpr std::size_t max_seams = Weave::stitches ? (Chains::data::sizes.steps + ... + 1) : 1;

  static constexpr Problem chain_problem = [] {
    Problem first = Weave::settings_problem;
    ((first = first.found() ? first : Chains::data::sizes.problem), ...);
    return first.found() ? first : find_repeated_names(chains);
  }();
  static constexpr auto active = [] {
    ActiveSeams<max_seams> none_active;
    if constexpr (Weave::stitches && !chain_problem.found()) return find_seams<max_seams>(chains, Weave::seams);
    return none_active;
  }();

  // The graph, with the records of the chains' operations.
  static constexpr std::size_t max_ops = (Chains::data::sizes.leaves + ... + active.count);
  static constexpr std::size_t max_edges = (Chains::data::sizes.edges + ... + 1);
  static constexpr std::size_t max_tensors = (Chains::data::sizes.tensors + ... + 1);
  static constexpr std::size_t max_inputs = (Chains::data::sizes.inputs + ... + chain_count);
  using GraphType = Graph<max_ops, max_edges, max_tensors, active.count + 1, max_inputs>;

  static constexpr bool chains_fit = !chain_problem.found() && !active.problem.found();
  static constexpr GraphType woven = [] {
    GraphType graph;
    if constexpr (chains_fit) {
      constexpr std::size_t most = (Chains::data::sizes.tensors + ... + 0);
      GraphBuilder<GraphType, chain_count, most, active.count + 1> builder{
          graph, chains, std::span(active.names.data(), active.count)};
      builder.build();
    }
    return graph;
  }();
  static constexpr Problem weave_problem =
      chain_problem.found()    ? chain_problem
      : active.problem.found() ? active.problem
      : woven.problem.found()  ? woven.problem
                               : Weave::find_problem(std::span(woven.seams.data(), at(woven.seam_count)));
  /// The weave unit at seam number I, as an operation on the tensors there.
  template <std::size_t I>
  struct UnitAtSeam {
    static constexpr Op op = [] {
      for (const Op& o : woven.ops)
        if (o.chain == none && o.leaf == static_cast<int>(I)) return o;
      return Op{};
    }();
    static constexpr auto inputs = [] {
      Shapes<at(op.input_count)> shapes;
      for (int k = 0; k < op.input_count; ++k)
        shapes[at(k)] = woven.tensors[at(woven.edges[at(op.first_input + k)])].shape;
      return shapes;
    }();
    using unit = typename Weave::template unit<fixed([] { return woven.seams[I]; })>;
    using record = RecordOf<unit, inputs, P, void>;
  };
  template <std::size_t... I>
  static constexpr Problem find_unit_problem(std::index_sequence<I...>) {
    Problem first{};
    ((first = first.found() ? first : check_unit<typename UnitAtSeam<I>::unit, UnitAtSeam<I>::inputs>(woven.seams[I])),
     ...);
    return first;
  }
  static constexpr std::size_t woven_seams = weave_problem.found() ? 0 : at(woven.seam_count);
  static constexpr Problem problem =
      weave_problem.found() ? weave_problem : find_unit_problem(std::make_index_sequence<woven_seams>{});
  static constexpr bool ok = !problem.found();

  static constexpr std::size_t op_count = ok ? at(woven.op_count) : 0;
  static constexpr std::size_t edge_count = ok ? at(woven.edge_count) : 0;
  static constexpr std::size_t tensor_count = ok ? at(woven.tensor_count) : 0;
  static constexpr std::size_t input_count = ok ? at(woven.input_count) : 0;
  static constexpr std::size_t seam_count = ok ? at(woven.seam_count) : 0;

  template <std::size_t... I>
  static constexpr auto unit_records(std::index_sequence<I...>) {
    return std::array<const OperationRecord*, seam_count>{&UnitAtSeam<I>::record::value...};
  }
  template <std::size_t... I>
  static constexpr auto unit_forward(std::index_sequence<I...>) {
    return std::array<ForwardFunctions, seam_count>{
        forward_functions_of<typename UnitAtSeam<I>::unit, UnitAtSeam<I>::inputs, P, void>()...};
  }
  template <std::size_t... I>
  static constexpr auto unit_training(std::index_sequence<I...>) {
    return std::array<TrainingFunctions, seam_count>{
        training_functions_of<typename UnitAtSeam<I>::unit, UnitAtSeam<I>::inputs, P, void>()...};
  }
  using seam_numbers = std::make_index_sequence<seam_count>;

  template <class C>
  using operations = ChainOperations<typename C::source, P>;

  static constexpr GraphType graph = [] {
    GraphType g = woven;
    if constexpr (ok) {
      constexpr auto units = unit_records(seam_numbers{});
      constexpr std::array<std::span<const OperationRecord* const>, chain_count> records{
          std::span<const OperationRecord* const>(operations<Chains>::records)...};
      for (std::size_t i = 0; i < op_count; ++i)
        g.ops[i].record =
            g.ops[i].chain == none ? units[at(g.ops[i].leaf)] : records[at(g.ops[i].chain)][at(g.ops[i].leaf)];
      fuse(g);
    }
    return g;
  }();
  static constexpr GraphView graph_view{std::span(graph.ops.data(), op_count),
                                        std::span(graph.edges.data(), edge_count),
                                        std::span(graph.tensors.data(), tensor_count)};

  static constexpr std::array<ForwardFunctions, op_count> forward = [] {
    std::array<ForwardFunctions, op_count> all{};
    if constexpr (ok) {
      constexpr auto units = unit_forward(seam_numbers{});
      constexpr std::array<std::span<const ForwardFunctions>, chain_count> chain{
          std::span<const ForwardFunctions>(operations<Chains>::forward)...};
      for (std::size_t i = 0; i < op_count; ++i)
        all[i] = graph.ops[i].chain == none ? units[at(graph.ops[i].leaf)]
                                            : chain[at(graph.ops[i].chain)][at(graph.ops[i].leaf)];
    }
    return all;
  }();
  static constexpr std::array<TrainingFunctions, op_count> training = [] {
    std::array<TrainingFunctions, op_count> all{};
    if constexpr (ok) {
      constexpr auto units = unit_training(seam_numbers{});
      constexpr std::array<std::span<const TrainingFunctions>, chain_count> chain{
          std::span<const TrainingFunctions>(operations<Chains>::training)...};
      for (std::size_t i = 0; i < op_count; ++i)
        all[i] = graph.ops[i].chain == none ? units[at(graph.ops[i].leaf)]
                                            : chain[at(graph.ops[i].chain)][at(graph.ops[i].leaf)];
    }
    return all;
  }();

  struct PlanArrays {
    std::array<std::size_t, tensor_count> value{}, gradient{};
    std::array<std::size_t, edge_count> temporary{};
    std::array<std::size_t, op_count> kept{};
    std::size_t bytes_per_sample = 0;

    [[nodiscard]] constexpr PlanView view() const { return {value, gradient, temporary, kept, bytes_per_sample}; }
  };
  template <PlanKind Kind>
  static constexpr PlanArrays plan = [] {
    PlanArrays p;
    std::array<bool, tensor_count> needs_gradient{};
    mark_gradients(graph_view, needs_gradient);
    p.bytes_per_sample = make_plan(graph_view, Kind, needs_gradient, {p.value, p.gradient, p.temporary, p.kept});
    return p;
  }();

  static constexpr std::size_t count_parameters() {
    std::size_t total = 0;
    for (std::size_t i = 0; i < op_count; ++i)
      for (const ParameterSpec& spec : graph.ops[i].record->parameters)
        if (spec.group != ParameterGroup::buffer) total += spec.extents.count();
    return total;
  }
  static constexpr Names<seam_count> seam_names() {
    Names<seam_count> result;
    for (std::size_t i = 0; i < seam_count; ++i) result.items[i] = graph.seams[i];
    return result;
  }

  /// What the network is, without how it runs: no kernel is compiled for it.
  static constexpr Program structure(std::string_view kind, int members) {
    Program p;
    p.kind = kind;
    p.chains = chains;
    p.ops = graph_view.ops;
    p.edges = graph_view.edges;
    p.order = std::span(graph.order.data(), edge_count);
    p.tensors = graph_view.tensors;
    p.inputs = std::span(graph.inputs.data(), input_count);
    p.members = members;
    p.precision = P;
    return p;
  }
  static constexpr Program inference_program(std::string_view kind, int members) {
    Program p = structure(kind, members);
    p.forward = forward;
    p.inference_plan = plan<PlanKind::inference>.view();
    return p;
  }
  static constexpr Program program(std::string_view kind, int members) {
    Program p = inference_program(kind, members);
    p.training = training;
    p.training_plan = plan<PlanKind::training>.view();
    return p;
  }
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
