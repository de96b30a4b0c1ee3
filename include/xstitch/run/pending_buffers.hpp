#pragma once
/// \file
/// New values of buffers (running statistics) until the step that made them is whole: operations that say
/// `updates_buffers` write here, slice after slice, and the step commits all of them or none.

#include <xstitch/core/finite.hpp>
#include <xstitch/run/parameters.hpp>
#include <xstitch/run/reduction.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class PendingBuffers {
 public:
  [[gnu::cold]] XSTITCH_INLINE explicit PendingBuffers(Parameters& parameters) : parameters_(parameters) {
    const Layout& layout = parameters.layout();
    std::size_t floats = 0;
    for_each([&](std::size_t slot, const OperationRecord&) { floats += room(slot); });
    memory_ = Memory(floats * sizeof(float));
    pointers_.assign(layout.slots().size(), nullptr);
    float* next = memory_.floats();
    for_each([&](std::size_t slot, const OperationRecord&) {
      pointers_[slot] = next;
      next += room(slot);
    });
  }

  /// Before the first slice of a step: they are those of now.
  void begin() {
    for (std::size_t s = 0; s < pointers_.size(); ++s)
      if (pointers_[s] != nullptr) std::copy_n(parameters_.values(s).data(), count(s), pointers_[s]);
  }
  /// Each rank moved them by its own slice: their mean is everybody's. Those of operations whose statistics are over
  /// all slices are equal on all ranks that have a slice: the first rank's.
  XSTITCH_INLINE void average(Reduction& ranks) {
    const std::span<float> all(memory_.floats(), memory_.bytes() / sizeof(float));
    own_.assign(all.begin(), all.end());
    given_.resize(ranks.ranks() * all.size());
    ranks.gather(own_, given_);
    for (std::size_t i = 0; i < all.size(); ++i) {
      double sum = given_[i];
      for (std::size_t r = 1; r < ranks.ranks(); ++r) sum += given_[r * all.size() + i];
      all[i] = static_cast<float>(sum / static_cast<double>(ranks.ranks()));
    }
    if (!ranks.batch_statistics()) return;
    for_each([&](std::size_t slot, const OperationRecord& record) {
      const auto begin = static_cast<std::size_t>(pointers_[slot] - memory_.floats());
      for (std::size_t i = begin; i < begin + count(slot) && record.joint_channels > 0; ++i)
        all[i] = static_cast<float>(given_[i]);
    });
  }
  /// They become the parameters'.
  void commit() {
    for (std::size_t s = 0; s < pointers_.size(); ++s)
      if (pointers_[s] != nullptr) std::copy_n(pointers_[s], count(s), parameters_.data(s));
  }
  /// The first that is not finite, or npos.
  [[nodiscard]] std::size_t find_non_finite() const {
    for (std::size_t s = 0; s < pointers_.size(); ++s)
      if (pointers_[s] != nullptr && !all_finite({pointers_[s], count(s)})) return s;
    return Layout::npos;
  }

  /// [parameter]; null where no operation updates it.
  [[nodiscard]] float* const* pointers() const noexcept { return pointers_.data(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.bytes(); }

 private:
  [[nodiscard]] std::size_t count(std::size_t slot) const { return parameters_.slots()[slot].count; }
  [[nodiscard]] std::size_t room(std::size_t slot) const {
    return align_up(count(slot) * sizeof(float)) / sizeof(float);
  }
  template <class Use>
  void for_each(const Use& use) const {
    const Layout& layout = parameters_.layout();
    for (std::size_t i = 0; i < layout.program().ops.size(); ++i) {
      if (!layout.program().ops[i].record->updates_buffers) continue;
      for (std::size_t p = 0; p < layout.parameter_count(i); ++p)
        if (layout.slots()[layout.first_parameter(i) + p].spec.group == ParameterGroup::buffer)
          use(layout.first_parameter(i) + p, *layout.program().ops[i].record);
    }
  }

  Parameters& parameters_;
  std::vector<float*> pointers_;
  Memory memory_;
  std::vector<double> own_, given_;  ///< given_: [rank]
};

}  // namespace xstitch::inline XSTITCH_ISA
