#pragma once
/// \file
/// Builds a chain, by the compiler: each item of a tower appends its steps. Shapes are inferred on the way; the first
/// thing that does not fit is kept as a problem, and what follows it is skipped.
///
/// A structure (Residual, Concat, Head ...) is a type with two members, and nothing else needs to know it:
///
///     using leaves = Leaves<...>;                            // its operations, in the order of build()
///     static constexpr void build(ChainBuilder& builder);    // appends them

#include <xstitch/core/type_text.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/weave/chain_state.hpp>
#include <xstitch/weave/type_list.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>

namespace xstitch::inline XSTITCH_ISA {

class ChainBuilder;

/// An item that appends steps of its own.
template <class Item>
concept Structure = requires(ChainBuilder& builder) {
  typename Item::leaves;
  Item::build(builder);
};

class ChainBuilder : public ChainState {
 public:
  using ChainState::ChainState;
  /// A chain that starts where `before` ends.
  constexpr ChainBuilder(std::string_view tower, const ChainBuilder& before) : ChainState(tower, before) {}

  /// Appends an item, whatever it is.
  template <class Item>
  constexpr void add() {
    if (wrong()) return;
    if constexpr (Structure<Item>)
      Item::build(*this);
    else if constexpr (Loss<Item>)
      add_loss<Item>();
    else if constexpr (Layer<Item> || OperationOn<Item, 1>)
      add_operation<Item>(std::array{current_});
    else
      refuse(ProblemKind::not_a_layer, type_text<Item>());
  }

  /// Appends an operation on these tensors; its first output becomes the current tensor.
  template <class Operation, std::size_t N>
  constexpr void add_operation(const std::array<int, N>& inputs) {
    if (wrong() || closed<Operation>()) return;
    if (!traits::unknown_option<Operation>().empty())
      return refuse(ProblemKind::unknown_option, label<Operation>(), {}, {}, traits::unknown_option<Operation>());
    if constexpr (Layer<Operation>) {
      static_assert(N == 1);
      if (nameless<Operation, Dims>()) return refuse(ProblemKind::layer_without_name, label<Operation>());
      const TensorShape in = shape(inputs[0]);
      const Dims out = in.element == ElementType::float32 ? Operation::output_shape(in.dims) : Dims{};
      if (!out.valid()) return refuse(ProblemKind::layer_does_not_fit, label<Operation>(), in, {}, need<Operation>());
      append<Operation>(inputs, std::array{TensorShape(out, in.rows)});
    } else {
      if (nameless<Operation, Shapes<N>>()) return refuse(ProblemKind::layer_without_name, label<Operation>());
      Shapes<N> in;
      for (std::size_t k = 0; k < N; ++k) in[k] = shape(inputs[k]);
      const auto out = Operation::outputs(in);
      if (!out.valid())
        return refuse(ProblemKind::operation_does_not_fit, label<Operation>(), in[0], in[N - 1], need<Operation>());
      std::array<TensorShape, out.size()> outputs{};
      for (std::size_t k = 0; k < out.size(); ++k) outputs[k] = out[k];
      append<Operation>(inputs, outputs);
    }
  }

  /// A place where towers may be stitched. The tensor after it is another one.
  template <class Item>
  constexpr void add_seam(std::string_view name) {
    if (wrong() || closed<Item>()) return;
    for (const Step& step : steps_)
      if (step.leaf == none && step.name == name) return refuse(ProblemKind::name_used_twice, name);
    const TensorShape same = shape(current_);
    Step& step = append_step(std::array{current_}, std::array{same});
    step.name = name;
  }

 private:
  /// "Conv conv1", what a message calls an operation.
  template <class Operation>
  static constexpr std::string_view label() {
    return type_text<Operation>();
  }
  /// Parameters need a name to be found under.
  template <class Operation, class In>
  static constexpr bool nameless() {
    return std::tuple_size_v<decltype(traits::parameters<Operation>(In{}))> > 0 && traits::name<Operation>().empty();
  }
  template <class Operation>
  static constexpr std::string_view need() {
    return traits::requirement<Operation>();
  }

  /// Whether a loss has closed the head (or the tower) already; says so, then.
  template <class Item>
  constexpr bool closed() {
    if (!closed_) {
      dangling_ = true;
      last_item_ = &type_text<Item>;
      return false;
    }
    refuse(ProblemKind::item_after_the_end, type_text<Item>());
    return true;
  }

  template <class L>
  constexpr void add_loss() {
    if (closed<L>()) return;
    if (branches_ > 0) return refuse(ProblemKind::end_inside_branch, label<L>());
    const TensorShape in = shape(current_);
    const LabelSpec wanted = L::label(in.dims);
    if (!wanted.shape.valid() || in.element != ElementType::float32)
      return refuse(ProblemKind::loss_does_not_fit, label<L>(), in, {}, need<L>());
    Step& step = append_step(std::array{current_}, std::array<TensorShape, 0>{});
    step.leaf = leaf_++;
    step.ends_head = true;
    step.name = head_;
    if constexpr (std::tuple_size_v < decltype(traits::parameters<L>(Dims{})) >> 0) step.item = "loss";
    closed_ = true;
    dangling_ = false;
    ++heads_;
  }

  template <class Operation, std::size_t N, std::size_t M>
  constexpr void append(const std::array<int, N>& inputs, const std::array<TensorShape, M>& outputs) {
    static_assert(traits::shape_inputs<Operation> <= N);
    Step& step = append_step(inputs, outputs);
    step.shape_inputs = static_cast<int>(traits::shape_inputs<Operation>);
    step.leaf = leaf_++;
    step.item = traits::name<Operation>();
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
