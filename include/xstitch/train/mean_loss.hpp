#pragma once
/// \file
/// The mean loss of a head over several batches, over what had labels:
///
///     mean = sum of the batches' sums / sum of their normalisers
///
/// which is what evaluate says of the same samples. A mean of the batches' means would count a batch without labels as
/// a loss of 0, and a batch with few of them like a full one.

#include <xstitch/losses/loss.hpp>

#include <cstddef>
#include <limits>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// NaN where no sample had a label: there is no mean. (The log says null, progress "-".)
inline double mean_loss(const LossSum& loss) {
  return loss.normaliser > 0.0 ? loss.value() : std::numeric_limits<double>::quiet_NaN();
}

inline void add(std::vector<LossSum>& to, const std::vector<LossSum>& losses) {
  for (std::size_t h = 0; h < to.size(); ++h) {
    to[h].sum += losses[h].sum;
    to[h].normaliser += losses[h].normaliser;
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
