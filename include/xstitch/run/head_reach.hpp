#pragma once
/// \file
/// Which parameters each head's loss reaches, from the graph: those of an operation through whose differentiable
/// outputs a way leads to the loss. Two towers that are stitched reach each other's layers below their last seam, a
/// trunk is reached by all heads on it, what comes after by one.

#include <xstitch/run/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class HeadReach {
 public:
  [[gnu::cold]] XSTITCH_INLINE explicit HeadReach(const Layout& layout)
      : count_(layout.slots().size(), 0), first_(layout.slots().size(), 0) {
    const Program& program = layout.program();
    std::vector<std::uint8_t> flows(program.tensors.size());
    for (std::size_t h = 0; h < layout.heads().size(); ++h) {
      reached_.emplace_back(count_.size(), std::uint8_t{0});
      flows.assign(flows.size(), 0);
      for (std::size_t i = program.ops.size(); i-- > 0;) {
        const Op& op = program.ops[i];
        bool here = op.is_loss && layout.head_of(i) == h;
        for (int k = 0; k < op.output_count; ++k) here = here || flows[detail::at(op.first_output + k)] != 0;
        if (!here) continue;
        for (const int tensor : program.inputs_of(op))
          if (program.tensors[detail::at(tensor)].shape.differentiable) flows[detail::at(tensor)] = 1;
        for (std::size_t p = 0; p < layout.parameter_count(i); ++p) {
          const std::size_t slot = layout.first_parameter(i) + p;
          if (layout.slots()[slot].spec.group == ParameterGroup::buffer) continue;
          reached_[h][slot] = 1;
          if (count_[slot]++ == 0) first_[slot] = h;
        }
      }
    }
  }

  [[nodiscard]] std::size_t heads() const noexcept { return reached_.size(); }
  [[nodiscard]] bool reaches(std::size_t head, std::size_t slot) const { return reached_[head][slot] != 0; }
  /// Heads that reach a parameter.
  [[nodiscard]] std::size_t count(std::size_t slot) const { return count_[slot]; }
  /// The first of them.
  [[nodiscard]] std::size_t first(std::size_t slot) const { return first_[slot]; }
  /// Whether two heads reach one parameter.
  [[nodiscard]] bool shares() const {
    for (const std::size_t count : count_)
      if (count > 1) return true;
    return false;
  }

 private:
  std::vector<std::vector<std::uint8_t>> reached_;  ///< [head][parameter]
  std::vector<std::size_t> count_, first_;          ///< [parameter]
};

}  // namespace xstitch::inline XSTITCH_ISA
