#pragma once
/// \file
/// Builds a chain, by the compiler: each item of a tower appends its steps. Shapes are inferred on the way; the first
/// thing that does not fit is kept as a problem, and what follows it is skipped.
///
/// A structure (Residual, Concat, Head ...) is a type with two members, and nothing else needs to know it:
///
///     using leaves = Leaves<...>;                                // its operations, in the order in which it appends
///     them static constexpr void build(ChainBuilder& builder);        // appends them

#include <xstitch/core/type_text.hpp>
#include <xstitch/layers/traits.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/weave/chain.hpp>
#include <xstitch/weave/list.hpp>
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

class ChainBuilder {
 public:
  constexpr ChainBuilder(std::string_view tower, TensorShape input) : tower_(tower) {
    tensors_.push_back(input);
    current_ = 0;
  }
  /// A chain that starts where `before` ends: it knows its tensors and their names.
  constexpr ChainBuilder(std::string_view tower, const ChainBuilder& before)
      : tower_(tower), tensors_(before.tensors_), names_(before.names_), current_(before.current_) {
    parent_tensors_ = static_cast<int>(tensors_.size());
    if (before.problem_.found()) problem_ = before.problem_;
  }

  // What structures call ------------------------------------------------------------------------------------------

  /// The tensor that the next item reads.
  [[nodiscard]] constexpr int current() const { return current_; }
  constexpr void set_current(int tensor) { current_ = tensor; }
  [[nodiscard]] constexpr const TensorShape& shape(int tensor) const {
    return tensors_[static_cast<std::size_t>(tensor)];
  }
  [[nodiscard]] constexpr bool wrong() const { return problem_.found(); }

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

  /// Gives a tensor a name under which later items find it.
  constexpr void name_tensor(std::string_view name, int tensor) {
    if (wrong()) return;
    if (find(name) != none) return refuse(ProblemKind::name_used_twice, name);
    names_.push_back({name, tensor});
  }
  /// The tensor of that name, or a problem.
  constexpr int named_tensor(std::string_view name) {
    const int tensor = find(name);
    if (tensor == none && !wrong()) refuse(ProblemKind::no_tensor_of_this_name, name);
    return tensor == none ? current_ : tensor;
  }
  /// Output k of the operation appended last.
  [[nodiscard]] constexpr int last_output(int k) const {
    return !steps_.empty() && k < steps_.back().output_count ? steps_.back().first_output + k : none;
  }
  constexpr void add_input(std::string_view name, TensorShape in, InputKind kind) {
    if (wrong()) return;
    const int tensor = static_cast<int>(tensors_.size());
    tensors_.push_back(in);
    inputs_.push_back({name, tensor, kind});
    name_tensor(name, tensor);
  }

  constexpr void enter_block(std::string_view name) {
    for (const BlockName& block : blocks_)
      if (block.parent == block_ && block.name == name && !wrong()) refuse(ProblemKind::name_used_twice, name);
    blocks_.push_back({name, block_});
    block_ = static_cast<int>(blocks_.size()) - 1;
  }
  constexpr void leave_block() { block_ = blocks_[static_cast<std::size_t>(block_)].parent; }

  /// Branches are parts that come together again: no head ends inside one.
  constexpr void enter_branch() { ++branches_; }
  constexpr void leave_branch() { --branches_; }

  constexpr void enter_head(std::string_view name) {
    if (wrong()) return;
    if (branches_ > 0) return refuse(ProblemKind::end_inside_branch, name);
    for (const Step& step : steps_)
      if (step.ends_head && step.name == name) return refuse(ProblemKind::head_named_twice, name);
    if (closed_) return refuse(ProblemKind::item_after_the_end, name);
    head_ = name;
  }
  constexpr void leave_head(int before) {
    if (wrong()) return;
    if (!closed_) return refuse(ProblemKind::loss_missing, head_);
    closed_ = dangling_ = false;
    head_ = {};
    current_ = before;
  }

  constexpr void refuse(ProblemKind kind, std::string_view item, TensorShape got = {}, TensorShape wanted = {},
                        std::string_view other = {}) {
    if (wrong()) return;
    problem_ = {kind, tower_, {},  block_ == none ? std::string_view{} : blocks_[static_cast<std::size_t>(block_)].name,
                item, other,  got, wanted};
  }

  // What the network reads ------------------------------------------------------------------------------------------

  /// A whole tower ends in a loss, and nothing comes after it.
  constexpr void check_end() {
    if (heads_ == 0) return refuse(ProblemKind::loss_missing, {});
    if (dangling_) refuse(ProblemKind::item_after_the_end, last_item_());
  }
  [[nodiscard]] constexpr const Problem& problem() const { return problem_; }
  [[nodiscard]] constexpr const detail::List<Step>& steps() const { return steps_; }
  [[nodiscard]] constexpr const detail::List<int>& edges() const { return edges_; }
  [[nodiscard]] constexpr const detail::List<TensorShape>& tensors() const { return tensors_; }
  [[nodiscard]] constexpr const detail::List<BlockName>& blocks() const { return blocks_; }
  [[nodiscard]] constexpr const detail::List<ChainInput>& inputs() const { return inputs_; }
  [[nodiscard]] constexpr int parent_tensors() const { return parent_tensors_; }

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

  template <std::size_t N, std::size_t M>
  constexpr Step& append_step(const std::array<int, N>& inputs, const std::array<TensorShape, M>& outputs) {
    Step step;
    step.first_input = static_cast<int>(edges_.size());
    step.input_count = static_cast<int>(N);
    for (const int tensor : inputs) edges_.push_back(tensor);
    step.first_output = static_cast<int>(tensors_.size());
    step.output_count = static_cast<int>(M);
    for (const TensorShape& out : outputs) tensors_.push_back(out);
    step.block = block_;
    if (M > 0) current_ = step.first_output;
    steps_.push_back(step);
    return steps_.back();
  }
  template <class Operation, std::size_t N, std::size_t M>
  constexpr void append(const std::array<int, N>& inputs, const std::array<TensorShape, M>& outputs) {
    Step& step = append_step(inputs, outputs);
    step.leaf = leaf_++;
    step.item = traits::name<Operation>();
  }

  [[nodiscard]] constexpr int find(std::string_view name) const {
    for (const NamedTensor& named : names_)
      if (named.name == name) return named.tensor;
    return none;
  }

  std::string_view tower_;
  detail::List<Step> steps_;
  detail::List<int> edges_;
  detail::List<TensorShape> tensors_;
  detail::List<BlockName> blocks_;
  detail::List<NamedTensor> names_;
  detail::List<ChainInput> inputs_;
  Problem problem_;
  std::string_view head_{};
  int current_ = none, leaf_ = 0, block_ = none, branches_ = 0, heads_ = 0, parent_tensors_ = 0;
  bool closed_ = false;                        ///< by a loss
  bool dangling_ = false;                      ///< something comes after the last head
  std::string_view (*last_item_)() = nullptr;  ///< its text
};

}  // namespace xstitch::inline XSTITCH_ISA
