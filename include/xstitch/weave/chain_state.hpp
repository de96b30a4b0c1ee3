#pragma once
/// \file
/// A chain while it is built: tensors, steps, names, blocks, heads, and the first problem. What is not a template of
/// items and operations (those: weave/chain_builder.hpp).

#include <xstitch/weave/chain.hpp>
#include <xstitch/weave/list.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

class ChainState {
 public:
  constexpr ChainState(std::string_view tower, TensorShape input) : tower_(tower) {
    tensors_.push_back(input);
    current_ = 0;
  }
  /// A chain that starts where `before` ends: it knows its tensors and their names.
  constexpr ChainState(std::string_view tower, const ChainState& before)
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

  /// Gives a tensor a name under which later items find it.
  constexpr void name_tensor(std::string_view name, int tensor) {
    if (wrong()) return;
    if (find(name) != none) return refuse(ProblemKind::name_used_twice, name);
    int source = none;
    for (const Step& step : steps_)
      if (step.leaf != none && tensor >= step.first_output && tensor < step.first_output + step.output_count)
        source = edges_[static_cast<std::size_t>(step.first_input)];
    names_.push_back({name, tensor, source});
  }
  /// The tensor of that name, or a problem.
  constexpr int named_tensor(std::string_view name) {
    const int tensor = find(name);
    if (tensor == none && !wrong()) refuse(ProblemKind::no_tensor_of_this_name, name);
    return tensor == none ? current_ : tensor;
  }
  /// The first input of the operation that makes the tensor of that name, or none. (Its shape may be asked for, even
  /// where that tensor is gone: see shape_inputs in layers/operation.hpp.)
  [[nodiscard]] constexpr int source_of(std::string_view name) const {
    for (const NamedTensor& named : names_)
      if (named.name == name) return named.source;
    return none;
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
    problem_ = {kind, tower_, {}, block_names({blocks_.begin(), blocks_.size()}, block_), item, other, got, wanted};
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

 protected:
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

 private:
  [[nodiscard]] constexpr int find(std::string_view name) const {
    for (const NamedTensor& named : names_)
      if (named.name == name) return named.tensor;
    return none;
  }

 protected:
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
