#pragma once
/// \file
/// In which order an epoch goes through a data set: shuffled (Fisher and Yates), as the set itself chooses
/// (OrdersSamples), or, without shuffling, ascending. A function of the key, which is folded from seed, ensemble member
/// and epoch. Errors: a chosen sample that is not there.

#include <xstitch/data/data_set.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

XSTITCH_INLINE void make_epoch_order(const DataSetRef& data, RandomKey key, bool shuffle,
                                     std::vector<std::size_t>& order) {
  order.resize(data.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!shuffle) return;
  if (data.orders()) {
    data.order(std::span(order.data(), order.size()), key);
    for (const std::size_t i : order)
      if (i >= data.size()) fail("order of the data set: found sample ", i, ", expected one below ", data.size());
    return;
  }
  for (std::size_t i = data.size(); i-- > 1;) std::swap(order[i], order[static_cast<std::size_t>(key.below(i, i + 1))]);
}

}  // namespace xstitch::inline XSTITCH_ISA
