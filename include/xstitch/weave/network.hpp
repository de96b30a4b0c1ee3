#pragma once
/// \file
/// From lanes to a network: the compiler builds graph and memory plan once a network type, and refuses what cannot be
/// woven with a type that names seam, towers and shapes.

#include <xstitch/weave/cross_stitch_unit.hpp>
#include <xstitch/weave/engine.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

// Settings of a weave: types beside the towers, in any order.

/// Stitch at these seams alone: CrossStitch<At<"pool1", "fc6">, A, B>.
template <FixedString... Seams>
struct At {};
/// One matrix of alphas a channel (the default; the paper's choice for segmentation + normals).
struct PerChannel {};
/// One matrix of alphas for the whole activation map (the paper's choice for detection + attributes).
struct PerLayer {};
/// Initial values: alpha_S on the diagonal, alpha_D / (N - 1) elsewhere. Default: 9/10 and 1/10.
template <Ratio Same, Ratio Different>
struct InitialAlpha {
  static constexpr Ratio same = Same, different = Different;
};
/// Another weave unit (see weave_call.hpp) instead of the paper's.
template <class U>
struct Unit {
  using type = U;
};
/// Multiply in bf16, with fp32 sums and master weights.
struct Bfloat16 {};

namespace refused {

template <FixedString SeamName, FixedString TowerA, class ShapeA, FixedString TowerB, class ShapeB>
struct SeamShapesDiffer {
  static_assert(never<ShapeA>,
                "xstitch: two towers have different shapes at a seam: SeamShapesDiffer says the seam, and "
                "each tower with the shape it has there");
};
template <FixedString TowerA, FixedString SeamA, FixedString TowerB, FixedString SeamB>
struct SeamsInDifferentOrder {
  static_assert(never_named<SeamA>,
                "xstitch: towers have the same seams in a different order, so each waits for the other: "
                "SeamsInDifferentOrder says which tower waits at which seam");
};
template <FixedString SeamName>
struct SeamNeedsTwoTowers {
  static_assert(never_named<SeamName>,
                "xstitch: At<...> names a seam that fewer than two towers have: SeamNeedsTwoTowers says which");
};
template <FixedString... Towers>
struct NoCommonSeam {
  static_assert((never_named<Towers> && ...),
                "xstitch: CrossStitch needs a seam that two or more towers have: NoCommonSeam says the towers");
};
template <FixedString TowerName, FixedString Name>
struct NameUsedTwice {
  static_assert(never_named<Name>,
                "xstitch: a name stands twice in a tower: NameUsedTwice says the tower and the name");
};
template <FixedString Name>
struct TwoTowersOfOneName {
  static_assert(never_named<Name>, "xstitch: two towers of a network have the same name: TwoTowersOfOneName says it");
};
template <class T>
struct NeitherTowerNorSetting {
  static_assert(never<T>, "xstitch: a network is made of towers and settings: NeitherTowerNorSetting says the type");
};
template <FixedString TowerName, class Item>
struct LayerBehindTheLoss {
  static_assert(never<Item>, "xstitch: something stands after the loss of a tower: LayerBehindTheLoss says the tower");
};

}  // namespace refused

namespace detail {

/// A lane as a type.
template <FixedString TowerName, int Member, int Parent, Dims In, class Steps>
struct Lane {
  static constexpr auto tower = TowerName;
  static constexpr int member = Member, parent = Parent;
  static constexpr Dims in = In;
  using steps = Steps;
};

template <class Steps>
struct LastStep;
template <class... Steps>
struct LastStep<TypeList<Steps...>> {
  template <class S>
  struct EndsHead : std::false_type {};
  template <class L, Dims In, FixedString Head>
  struct EndsHead<steps::EndHead<L, In, Head>> : std::true_type {};
  static constexpr bool has_loss = (EndsHead<Steps>::value || ...);
  static constexpr bool is_end = [] {
    bool end = false;
    ((end = EndsHead<Steps>::value || std::is_same_v<Steps, steps::BackToInput>), ...);
    return end;
  }();
};

/// The steps of a whole tower; checks that it ends in a loss.
template <FixedString Name, Dims In, class List>
struct TowerSteps;
template <FixedString Name, Dims In, class... Items>
struct TowerSteps<Name, In, TypeList<Items...>> {
  using type = typename Resolve<Name, FixedString{""}, false, In, TypeList<>, Items...>::type;
  static constexpr bool ends = [] {
    if constexpr (!LastStep<type>::has_loss)
      return sizeof(refused::TowerHasNoLoss<Name>) != 0;
    else if constexpr (!LastStep<type>::is_end)
      return sizeof(refused::LayerBehindTheLoss<Name, type>) != 0;
    else
      return true;
  }();
  static_assert(ends);
};

/// A name found by constant evaluation, as a FixedString again. F is a lambda that returns the text.
template <class F>
constexpr auto fixed(F) {
  constexpr std::string_view text = F{}();
  char copy[text.size() + 1]{};
  for (std::size_t i = 0; i < text.size(); ++i) copy[i] = text[i];
  return FixedString<text.size() + 1>(copy);
}

template <class U>
constexpr UnitRecord unit_record() {
  UnitRecord r;
  r.kind = type_name<U>();
  r.forward = &U::forward;
  r.backward = &U::backward;
  constexpr std::size_t count = std::tuple_size_v<decltype(U::parameters(2, Dims{1, 1, 1}))>;
  static_assert(count <= 2, "xstitch: a weave unit has at most 2 parameters");
  r.parameter_count = count;
  r.parameters = [](int towers, Dims at) {
    std::array<ParameterSpec, 2> all{};
    const auto own = U::parameters(towers, at);
    for (std::size_t i = 0; i < own.size(); ++i) all[i] = own[i];
    return all;
  };
  r.workspace = [](int towers, Dims at) {
    if constexpr (requires { U::workspace(towers, at); })
      return Extent(U::workspace(towers, at));
    else
      return Extent{};
  };
  return r;
}

struct NoUnit {};

/// Seams to stitch: all common ones, those named, or none.
struct StitchEverywhere {};
struct StitchNowhere {};

/// Everything the compiler works out about a network.
template <Precision P, class U, class Where, class... Lanes>
struct Compiled {
  static constexpr std::size_t lane_count = sizeof...(Lanes);
  static constexpr std::size_t step_count = (Records<typename Lanes::steps, P>::value.size() + ... + 0);
  static constexpr std::size_t max_tensors = step_count + lane_count;

  static constexpr std::array<LaneRecord, lane_count> lanes{
      LaneRecord{Lanes::tower.view(), Lanes::member, Lanes::parent, Lanes::in,
                 std::span<const StepRecord>(Records<typename Lanes::steps, P>::value)}...};

  template <std::size_t I>
  static constexpr auto tower_name = std::tuple_element_t<I, std::tuple<Lanes...>>::tower;

  template <std::size_t I = 0>
  static constexpr bool check_names() {
    if constexpr (I == lane_count) {
      return true;
    } else {
      constexpr std::string_view twice = repeated_name(lanes[I].steps);
      if constexpr (!twice.empty())
        return sizeof(refused::NameUsedTwice<tower_name<I>, fixed([] { return repeated_name(lanes[I].steps); })>) != 0;
      constexpr bool same = [] {
        for (std::size_t j = 0; j < I; ++j)
          if (lanes[j].tower == lanes[I].tower && lanes[j].member == lanes[I].member) return true;
        return false;
      }();
      if constexpr (same) return sizeof(refused::TwoTowersOfOneName<tower_name<I>>) != 0;
      return check_names<I + 1>();
    }
  }
  static_assert(check_names());

  template <FixedString... Seams>
  static constexpr auto find(At<Seams...>) {
    constexpr std::array<std::string_view, sizeof...(Seams)> wanted{Seams.view()...};
    return find_seams<step_count + 1, lane_count>(lanes, wanted);
  }
  static constexpr auto find(StitchEverywhere) { return find_seams<step_count + 1, lane_count>(lanes, {}); }
  static constexpr auto find(StitchNowhere) { return ActiveSeams<step_count + 1, lane_count>{}; }

  static constexpr auto active = find(Where{});
  static constexpr auto graph = build_graph<step_count, max_tensors, step_count + 1>(
      lanes, std::span<const std::string_view>(active.names.data(),
                                               active.problem.kind == SeamProblem::nothing ? active.count : 0));

  static constexpr bool check_seams() {
    using refused::Got;
    constexpr SeamProblem p = active.problem.kind != SeamProblem::nothing ? active.problem : graph.problem;
    if constexpr (p.kind == SeamProblem::shapes_differ)
      return sizeof(
                 refused::SeamShapesDiffer<fixed([] { return active.problem.seam; }),
                                           tower_name<static_cast<std::size_t>(p.tower_a)>, refused::GotDims<p.a>,
                                           tower_name<static_cast<std::size_t>(p.tower_b)>, refused::GotDims<p.b>>) !=
             0;
    else if constexpr (p.kind == SeamProblem::too_few_towers)
      return sizeof(refused::SeamNeedsTwoTowers<fixed([] { return active.problem.seam; })>) != 0;
    else if constexpr (p.kind == SeamProblem::no_common_seam)
      return sizeof(refused::NoCommonSeam<Lanes::tower...>) != 0;
    else if constexpr (p.kind == SeamProblem::cycle)
      return sizeof(refused::SeamsInDifferentOrder<
                    tower_name<static_cast<std::size_t>(p.tower_a)>, fixed([] { return graph.problem.seam; }),
                    tower_name<static_cast<std::size_t>(p.tower_b == none ? p.tower_a : p.tower_b)>,
                    fixed([] { return graph.problem.other_seam; })>) != 0;
    else
      return true;
  }
  static_assert(check_seams());

  static constexpr auto training = make_plan(graph, true);
  static constexpr auto inference = make_plan(graph, false);

  static constexpr std::size_t op_count = static_cast<std::size_t>(graph.op_count);
  static constexpr std::size_t tensor_count = static_cast<std::size_t>(graph.tensor_count);

  static constexpr UnitRecord unit() {
    if constexpr (std::is_same_v<U, NoUnit>)
      return {};
    else
      return unit_record<U>();
  }

  static constexpr std::size_t count_parameters() {
    std::size_t total = 0;
    const UnitRecord u = unit();
    for (std::size_t i = 0; i < op_count; ++i) {
      const Op& op = graph.ops[i];
      for (std::size_t k = 0; k < op.layer.parameter_count; ++k)
        if (op.layer.parameters[k].group != ParameterGroup::buffer) total += op.layer.parameters[k].extents.count();
      for (std::size_t k = 0; k < op.loss.parameter_count; ++k)
        if (op.loss.parameters[k].group != ParameterGroup::buffer) total += op.loss.parameters[k].extents.count();
      if (op.kind != OpKind::weave) continue;
      const auto specs = u.parameters(op.input_count, graph.tensors[static_cast<std::size_t>(op.inputs[0])].dims);
      for (std::size_t k = 0; k < u.parameter_count; ++k)
        if (specs[k].group != ParameterGroup::buffer) total += specs[k].extents.count();
    }
    return total;
  }

  static constexpr Names<static_cast<std::size_t>(graph.seam_count)> seam_names() {
    Names<static_cast<std::size_t>(graph.seam_count)> result;
    for (std::size_t i = 0; i < result.items.size(); ++i) result.items[i] = graph.seams[i];
    return result;
  }

  template <class Plan>
  static constexpr PlanView view(const Plan& plan) {
    return {std::span(plan.value.data(), tensor_count), std::span(plan.gradient.data(), tensor_count),
            std::span(plan.staged.data(), op_count * max_towers), std::span(plan.adds.data(), op_count * max_towers),
            plan.bytes_per_sample};
  }
  static constexpr NetworkTables tables(std::string_view kind, int members) {
    return {kind,
            lanes,
            std::span(graph.ops.data(), op_count),
            std::span(graph.tensors.data(), tensor_count),
            view(training),
            view(inference),
            unit(),
            members,
            P};
  }
};

// Sorting the arguments of a network: towers here, settings there.

template <class T>
struct IsTower : std::false_type {};
template <FixedString Name, class Input, class... Items>
struct IsTower<Tower<Name, Input, Items...>> : std::true_type {};
template <class T>
struct IsAt : std::false_type {};
template <FixedString... Seams>
struct IsAt<At<Seams...>> : std::true_type {};
template <class T>
struct IsAlpha : std::false_type {};
template <Ratio S, Ratio D>
struct IsAlpha<InitialAlpha<S, D>> : std::true_type {};
template <class T>
struct IsUnit : std::false_type {};
template <class U>
struct IsUnit<Unit<U>> : std::true_type {};

template <template <class> class Wanted, class Default, class... Given>
struct FindSetting {
  using type = Default;
};
template <template <class> class Wanted, class Default, class First, class... Rest>
struct FindSetting<Wanted, Default, First, Rest...>
    : std::conditional_t<Wanted<First>::value, std::type_identity<First>, FindSetting<Wanted, Default, Rest...>> {};

template <class Done, class... Given>
struct TowersOf {
  using type = Done;
};
template <class... Done, class First, class... Rest>
struct TowersOf<TypeList<Done...>, First, Rest...>
    : TowersOf<std::conditional_t<IsTower<First>::value, TypeList<Done..., First>, TypeList<Done...>>, Rest...> {
  static constexpr bool known = [] {
    if constexpr (IsTower<First>::value || IsAt<First>::value || IsAlpha<First>::value || IsUnit<First>::value ||
                  std::is_same_v<First, PerChannel> || std::is_same_v<First, PerLayer> ||
                  std::is_same_v<First, Bfloat16>)
      return true;
    else
      return sizeof(refused::NeitherTowerNorSetting<First>) != 0;
  }();
  static_assert(known);
};

template <class... Given>
struct Settings {
  static constexpr Precision precision = (std::is_same_v<Given, Bfloat16> || ...) ? Precision::bf16 : Precision::fp32;
  static constexpr bool per_channel = !(std::is_same_v<Given, PerLayer> || ...);
  using alpha = typename FindSetting<IsAlpha, InitialAlpha<Ratio{9, 10}, Ratio{1, 10}>, Given...>::type;
  using unit = typename FindSetting<IsUnit, Unit<CrossStitchUnit<per_channel, alpha::same, alpha::different>>,
                                    Given...>::type::type;
  using where = typename FindSetting<IsAt, StitchEverywhere, Given...>::type;
  using towers = typename TowersOf<TypeList<>, Given...>::type;
};

/// The lane of a whole tower.
template <class T, int Member = 0>
struct WholeLane;
template <FixedString Name, class Input, class... Items, int Member>
struct WholeLane<Tower<Name, Input, Items...>, Member> {
  using type = Lane<Name, Member, none, Input::dims, typename TowerSteps<Name, Input::dims, TypeList<Items...>>::type>;
};

}  // namespace detail

/// A network: an Engine whose tables are constants of the type.
template <class CompiledTables, FixedString Kind, int Members = 1>
class NetworkOf : public Engine {
 public:
  using compiled = CompiledTables;
  /// Numbers that training changes (running statistics, codebooks and fixed kernels are not counted).
  static constexpr std::size_t parameter_count = compiled::count_parameters();
  /// Seams that are stitched, in the order in which they run.
  static constexpr auto seams = compiled::seam_names();
  static constexpr NetworkTables tables_of_type = compiled::tables(Kind.view(), Members);

  NetworkOf() : NetworkOf(Seed{}) {}
  explicit NetworkOf(Seed seed) : Engine(tables_of_type, seed) {}
};

/// What trainer, checkpoint, export and reports accept.
template <class N>
concept Network = std::derived_from<N, Engine> && requires {
  { N::parameter_count } -> std::convertible_to<std::size_t>;
  { N::tables_of_type } -> std::convertible_to<NetworkTables>;
  N::seams;
};

}  // namespace xstitch::inline XSTITCH_ISA
