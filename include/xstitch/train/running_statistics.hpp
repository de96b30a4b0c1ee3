#pragma once
/// \file
/// Finds out whether a training step left running statistics where they were, because its batch had one row only:
/// a variance of one row is 0 and says nothing of the data, so it does not enter.

#include <xstitch/run/training.hpp>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class RunningStatistics {
 public:
  /// Remembers them, before a step.
  XSTITCH_INLINE explicit RunningStatistics(const AnyNet& net) : net_(net) {
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      if (net.parameters()[i].spec.group != ParameterGroup::buffer) continue;
      which_.push_back(i);
      before_.emplace_back(net.parameter(i).begin(), net.parameter(i).end());
    }
  }

  /// Name of the first whose bits are those of before, or empty.
  [[nodiscard]] XSTITCH_INLINE std::string find_unmoved() const {
    for (std::size_t k = 0; k < which_.size(); ++k) {
      const std::span<const float> now = net_.parameter(which_[k]);
      if (std::memcmp(now.data(), before_[k].data(), now.size_bytes()) == 0) return net_.parameters()[which_[k]].name;
    }
    return {};
  }

 private:
  const AnyNet& net_;
  std::vector<std::size_t> which_;
  std::vector<std::vector<float>> before_;
};

}  // namespace xstitch::inline XSTITCH_ISA
