#pragma once
/// \file
/// A chain's steps as constants, and the records and functions of its operations. A *source* is a type with
/// `static constexpr ChainBuilder make()` and `using leaves = TypeList<...>`: a tower, the trunk of several, or what
/// follows it.

#include <xstitch/weave/chain_builder.hpp>
#include <xstitch/weave/record.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

struct ChainSizes {
  std::size_t steps = 0, edges = 0, tensors = 0, blocks = 0, inputs = 0, leaves = 0;
  int parent_tensors = 0, last_tensor = none;
  Problem problem{};
};

template <class Source>
struct ChainData {
  static constexpr ChainSizes sizes = [] {
    const ChainBuilder b = Source::make();
    ChainSizes s{b.steps().size(),   b.edges().size(), b.tensors().size(), b.blocks().size(), b.inputs().size(), 0,
                 b.parent_tensors(), b.current(),      b.problem()};
    for (const Step& step : b.steps()) s.leaves += step.leaf != none ? 1U : 0U;
    return s;
  }();

  struct Arrays {
    std::array<Step, sizes.steps> steps{};
    std::array<int, sizes.edges> edges{};
    std::array<TensorShape, sizes.tensors> tensors{};
    std::array<BlockName, sizes.blocks> blocks{};
    std::array<ChainInput, sizes.inputs> inputs{};
    std::array<int, sizes.leaves> step_of_leaf{};
  };
  static constexpr Arrays arrays = [] {
    const ChainBuilder b = Source::make();
    Arrays a;
    for (std::size_t i = 0; i < sizes.steps; ++i) {
      a.steps[i] = b.steps()[i];
      if (a.steps[i].leaf != none) a.step_of_leaf[static_cast<std::size_t>(a.steps[i].leaf)] = static_cast<int>(i);
    }
    for (std::size_t i = 0; i < sizes.edges; ++i) a.edges[i] = b.edges()[i];
    for (std::size_t i = 0; i < sizes.tensors; ++i) a.tensors[i] = b.tensors()[i];
    for (std::size_t i = 0; i < sizes.blocks; ++i) a.blocks[i] = b.blocks()[i];
    for (std::size_t i = 0; i < sizes.inputs; ++i) a.inputs[i] = b.inputs()[i];
    return a;
  }();
};

/// The shapes of the inputs of a chain's operation `Leaf`.
template <class Source, std::size_t Leaf>
constexpr auto leaf_inputs() {
  constexpr const auto& arrays = ChainData<Source>::arrays;
  constexpr Step step = arrays.steps[static_cast<std::size_t>(arrays.step_of_leaf[Leaf])];
  Shapes<static_cast<std::size_t>(step.input_count)> shapes;
  for (int k = 0; k < step.input_count; ++k)
    shapes[static_cast<std::size_t>(k)] =
        arrays.tensors[static_cast<std::size_t>(arrays.edges[static_cast<std::size_t>(step.first_input + k)])];
  return shapes;
}

/// Records and functions of a chain's operations, one a leaf. Each is a constant of its own, so that a program that
/// names no training functions instantiates none.
template <class Source, Precision P, class List = typename Source::leaves>
struct ChainOperations;
template <class Source, Precision P, class... L>
struct ChainOperations<Source, P, TypeList<L...>> {
  static constexpr std::size_t count = sizeof...(L);
  static_assert(count == ChainData<Source>::sizes.leaves,
                "xstitch: the `leaves` of a structure are not the operations that its build() appends");

  template <class First, class... Rest>
  static TypeList<Rest..., void> shifted(TypeList<First, Rest...>);
  static TypeList<> shifted(TypeList<>);
  using next = decltype(shifted(TypeList<L...>{}));
  using numbers = std::make_index_sequence<count>;

  template <class Leaf, class Next>
  using fusion = typename FusionOf<Leaf, Next>::type;

  template <class... N, std::size_t... K>
  static constexpr auto make_records(TypeList<N...>, std::index_sequence<K...>) {
    return std::array<const OperationRecord*, count>{&RecordOf<L, leaf_inputs<Source, K>(), P, fusion<L, N>>::value...};
  }
  template <class... N, std::size_t... K>
  static constexpr auto make_forward(TypeList<N...>, std::index_sequence<K...>) {
    return std::array<ForwardFunctions, count>{forward_functions_of<L, leaf_inputs<Source, K>(), P, fusion<L, N>>()...};
  }
  template <class... N, std::size_t... K>
  static constexpr auto make_training(TypeList<N...>, std::index_sequence<K...>) {
    return std::array<TrainingFunctions, count>{
        training_functions_of<L, leaf_inputs<Source, K>(), P, fusion<L, N>>()...};
  }
  // Of named types: the value of a member with a deduced type would be made with the class.
  static constexpr std::array<const OperationRecord*, count> records = make_records(next{}, numbers{});
  static constexpr std::array<ForwardFunctions, count> forward = make_forward(next{}, numbers{});
  static constexpr std::array<TrainingFunctions, count> training = make_training(next{}, numbers{});
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
