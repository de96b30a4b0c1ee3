#pragma once
/// \file
/// Sorts a vector; what is equal stays in its order. By merging runs of 1, 2, 4 ... elements.
///
/// In place of std::stable_sort, whose memory in libstdc++ 12 comes from a function that C++17 deprecates: clang from
/// 19 on says so wherever a program of C++20 instantiates it, and -Werror makes an error of that.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Sorts `values` by `less`; what is equal stays in its order.
template <class T, class Less>
void sort_stably(std::vector<T>& values, const Less& less) {
  const std::size_t count = values.size();
  std::vector<T> merged;
  merged.reserve(count);
  for (std::size_t run = 1; run < count; run *= 2) {
    merged.clear();
    const auto at = [&](std::size_t place) {
      return std::make_move_iterator(values.begin() + static_cast<std::ptrdiff_t>(std::min(place, count)));
    };
    for (std::size_t begin = 0; begin < count; begin += 2 * run)
      std::merge(at(begin), at(begin + run), at(begin + run), at(begin + 2 * run), std::back_inserter(merged), less);
    values.swap(merged);
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
