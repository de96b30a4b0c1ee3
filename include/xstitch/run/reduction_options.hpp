#pragma once
/// \file
/// How gradients are added over ranks (run/ordered_reduction.hpp).

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

struct ReductionOptions {
  bool factors = true;  ///< of fully connected layers send x and dy, where they are smaller than the gradient
  bool bf16 = false;    ///< send gradients rounded to bf16: half the traffic, and other bits
  std::size_t first_bucket = std::size_t{1} << 20;  ///< bytes, so that sending starts early
  std::size_t bucket = std::size_t{32} << 20;       ///< bytes of the others
  bool thread = true;                               ///< send beside backward, where the ranks allow it
};

}  // namespace xstitch::inline XSTITCH_ISA
