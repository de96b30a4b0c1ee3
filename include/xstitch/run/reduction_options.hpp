#pragma once
/// \file
/// What ranks exchange: how gradients are added (run/ordered_reduction.hpp), who updates what, whose statistics a
/// BatchNorm uses.

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

struct ReductionOptions {
  bool factors = true;  ///< of fully connected layers send x and dy, where they are smaller than the gradient
  bool bf16 = false;    ///< send gradients rounded to bf16: half the traffic, and other bits
  std::size_t first_bucket = std::size_t{1} << 20;  ///< bytes, so that sending starts early
  std::size_t bucket = std::size_t{32} << 20;       ///< bytes of the others
  bool thread = true;                               ///< send beside backward, where the ranks allow it
  /// Each rank keeps the optimizer's state of its share of the parameters alone, updates this, and gets the other
  /// ranks' weights (run/state_share.hpp). Bits and checkpoints are those without.
  bool share_state = false;
  /// Statistics of BatchNorm are those of the whole batch, over all slices of all ranks, in place of each slice's. A
  /// rank then holds all its slices at once; nothing is sent as factors. Not with a rule that weighs the losses.
  bool batch_statistics = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
