#pragma once
/// \file
/// Fetching memory into the second-level cache while something else is computed, a few lines at a time: a burst would
/// fill the queue of misses and stop the loads of the computation.

#include <xstitch/kernels/simd.hpp>

#include <algorithm>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Fetches `rows` rows of `count` floats into the second-level cache, a share with each of `calls` calls of some().
class GradualFetch {
 public:
  GradualFetch(const float* from, Index row, Index rows, Index count, Index calls) noexcept
      : from_(from), row_(row), lines_(divide_up(count, line)), left_(rows * lines_), share_(divide_up(left_, calls)) {}
  void some() noexcept {
    for (Index i = std::min(share_, left_); i > 0; --i, --left_) {
      __builtin_prefetch(from_ + at_ * line, 0, 2);
      if (++at_ == lines_) {
        at_ = 0;
        from_ += row_;
      }
    }
  }

 private:
  static constexpr Index line = 16;
  const float* from_;
  Index row_, lines_, left_, share_, at_ = 0;
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
