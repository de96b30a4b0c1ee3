#pragma once
/// \file
/// The lists of a program with names: inputs, heads, parameters, and where each operation's parameters are.

#include <xstitch/core/batch.hpp>
#include <xstitch/weave/program.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Layout {
 public:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  [[gnu::cold]] XSTITCH_INLINE explicit Layout(const Program& program) : program_(program) {
    for (const GraphInput& input : program.inputs) {
      const ChainView& chain = program.chains[detail::at(input.chain)];
      inputs_.push_back(
          {chain.tower, chain.member, program.tensors[detail::at(input.tensor)].shape.dims, input.name, input.kind});
    }
    list_heads();
    list_parameters();
  }

  [[nodiscard]] const Program& program() const noexcept { return program_; }
  [[nodiscard]] const std::vector<InputSlot>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<HeadSlot>& heads() const noexcept { return heads_; }
  [[nodiscard]] const std::vector<ParameterSlot>& slots() const noexcept { return slots_; }
  [[nodiscard]] std::size_t floats() const noexcept { return floats_; }
  /// Head of a loss.
  [[nodiscard]] std::size_t head_of(std::size_t op) const { return op_head_[op]; }
  /// First parameter of an operation, and how many it has.
  [[nodiscard]] std::size_t first_parameter(std::size_t op) const { return op_first_[op]; }
  [[nodiscard]] std::size_t parameter_count(std::size_t op) const { return program_.ops[op].record->parameters.size(); }
  [[nodiscard]] std::size_t find_parameter(std::string_view name) const {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].name == name) return i;
    return npos;
  }
  [[nodiscard]] std::size_t find_head(std::string_view name) const {
    for (std::size_t h = 0; h < heads_.size(); ++h)
      if (heads_[h].name() == name) return h;
    return npos;
  }

  /// The random key of an operation for a purpose: folded from seed, member, tower and the operation's name (or its
  /// place, if it has none), so that a tower has the same random numbers in every network.
  [[nodiscard, gnu::cold]] XSTITCH_INLINE RandomKey key(std::size_t i, Seed seed, std::string_view purpose) const {
    const Op& op = program_.ops[i];
    const RandomKey key = RandomKey(seed).with(purpose);
    if (op.chain == none) return key.with("stitch").with(op.place);
    const ChainView& chain = program_.chains[detail::at(op.chain)];
    const RandomKey mine = key.with(static_cast<std::uint64_t>(chain.member)).with(chain.tower);
    if (op.is_loss) return mine.with("loss").with(op.place);
    const std::string name = full_name(program_, op);
    return name.empty() ? mine.with(static_cast<std::uint64_t>(op.leaf)) : mine.with(name);
  }

 private:
  /// In the order in which the towers are written, not in which they end.
  [[gnu::cold]] void list_heads() {
    op_head_.assign(program_.ops.size(), npos);
    for (std::size_t c = 0; c < program_.chains.size(); ++c)
      for (std::size_t i = 0; i < program_.ops.size(); ++i) {
        const Op& op = program_.ops[i];
        if (!op.is_loss || detail::at(op.chain) != c) continue;
        const ChainView& chain = program_.chains[c];
        const LossRecord& loss = *op.record->loss;
        op_head_[i] = heads_.size();
        heads_.push_back({chain.tower, op.place, chain.member, loss.label, op.record->inputs[0], loss.prediction,
                          loss.weight, loss.unit_vectors, i});
      }
  }

  /// Towers first, one after the other; then what belongs to the weave.
  [[gnu::cold]] XSTITCH_INLINE void list_parameters() {
    const std::size_t chains = program_.chains.size();
    op_first_.assign(program_.ops.size(), 0);
    for (std::size_t c = 0; c <= chains; ++c)
      for (std::size_t i = 0; i < program_.ops.size(); ++i) {
        const Op& op = program_.ops[i];
        if ((op.chain == none ? chains : detail::at(op.chain)) != c) continue;
        op_first_[i] = slots_.size();
        for (const ParameterSpec& spec : op.record->parameters) add(owner(op) + std::string(spec.name), spec);
      }
  }
  [[nodiscard, gnu::cold]] XSTITCH_INLINE std::string owner(const Op& op) const {
    if (op.chain == none) return "stitch." + std::string(op.place) + ".";
    const ChainView& chain = program_.chains[detail::at(op.chain)];
    const std::string tower = (program_.members > 1 ? "ensemble" + std::to_string(chain.member) + "." : std::string{}) +
                              std::string(chain.tower) + ".";
    if (op.is_loss) return tower + (op.place.empty() ? "" : std::string(op.place) + ".") + "loss.";
    return tower + full_name(program_, op) + ".";
  }
  [[gnu::cold]] void add(std::string name, const ParameterSpec& spec) {
    slots_.push_back({std::move(name), spec, floats_, spec.extents.count()});
    floats_ += align_up(spec.extents.count() * sizeof(float)) / sizeof(float);
  }

  Program program_;
  std::vector<InputSlot> inputs_;
  std::vector<HeadSlot> heads_;
  std::vector<ParameterSlot> slots_;
  std::size_t floats_ = 0;
  std::vector<std::size_t> op_head_, op_first_;  ///< [operation]
};

}  // namespace xstitch::inline XSTITCH_ISA
