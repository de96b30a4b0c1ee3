#pragma once
/// \file
/// Where gradients flow in a backward pass: which tensors lie above something that is trained now, which gradients are
/// written already, and so which operations backward reaches. What is not trained costs nothing: its gradient and
/// everything below the lowest trained parameter are skipped.

#include <xstitch/run/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class GradientFlow {
 public:
  GradientFlow(const Layout& layout, const Parameters& parameters)
      : layout_(layout), parameters_(parameters), written_(layout.program().tensors.size()) {}

  /// Before a backward pass: looks at what is trained, and nothing is written yet.
  XSTITCH_INLINE void begin() {
    std::fill(written_.begin(), written_.end(), std::uint8_t{0});
    if (marked_version_ == parameters_.trained_version()) return;
    needed_.assign(written_.size(), 0);
    for (std::size_t i = 0; i < program().ops.size(); ++i) {
      const Op& op = program().ops[i];
      const bool passes = wanted(i, op);
      for (int k = 0; k < op.output_count; ++k) {
        const std::size_t t = detail::at(op.first_output + k);
        needed_[t] = passes && program().tensors[t].shape.differentiable ? 1 : 0;
      }
    }
    marked_version_ = parameters_.trained_version();
  }

  /// Whether a gradient arrives at an operation that somebody wants. `heads`: marks; none: all.
  [[nodiscard]] bool reaches(std::size_t i, std::span<const std::uint8_t> heads) const {
    const Op& op = program().ops[i];
    if (!wanted(i, op)) return false;
    if (op.is_loss) return heads.empty() || heads[layout_.head_of(i)] != 0;
    for (int k = 0; k < op.output_count; ++k)
      if (written(detail::at(op.first_output + k))) return true;
    return false;
  }

  /// The trained parameters of the operations that a backward pass from these heads reaches, in its order, without one.
  template <class Use>
  void for_each_reached(std::span<const std::uint8_t> heads, const Use& use) {
    begin();
    for (std::size_t i = program().ops.size(); i-- > 0;) {
      if (!reaches(i, heads)) continue;
      pass(i);
      const std::size_t first = layout_.first_parameter(i);
      for (std::size_t slot = first; slot < first + layout_.parameter_count(i); ++slot)
        if (parameters_.trained(slot)) use(slot);
    }
  }

  /// In place of the backward pass of operation i: its inputs get gradients.
  void pass(std::size_t i) {
    for (const int tensor : program().inputs_of(program().ops[i]))
      if (needed(detail::at(tensor))) set_written(detail::at(tensor));
  }

  [[nodiscard]] bool needed(std::size_t tensor) const { return needed_[tensor] != 0; }
  [[nodiscard]] bool written(std::size_t tensor) const { return written_[tensor] != 0; }
  void set_written(std::size_t tensor) { written_[tensor] = 1; }

 private:
  [[nodiscard]] const Program& program() const { return layout_.program(); }
  /// Whether something in an operation or below it is trained.
  [[nodiscard]] bool wanted(std::size_t i, const Op& op) const {
    for (std::size_t p = 0; p < layout_.parameter_count(i); ++p)
      if (parameters_.trained(layout_.first_parameter(i) + p)) return true;
    for (const int tensor : program().inputs_of(op))
      if (needed_[detail::at(tensor)] != 0) return true;
    return false;
  }

  const Layout& layout_;
  const Parameters& parameters_;
  std::vector<std::uint8_t> needed_, written_;  ///< [tensor]
  std::uint64_t marked_version_ = static_cast<std::uint64_t>(-1);
};

}  // namespace xstitch::inline XSTITCH_ISA
