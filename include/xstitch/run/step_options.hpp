#pragma once
/// \file
/// What a caller chooses for one step of a training, or for one computation of gradients.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// What to do about a loss or a gradient that is not finite.
enum class NotFinite : std::uint8_t {
  stop,  ///< the fastest way: a bad gradient may leave the parameters torn
  skip,  ///< gradients are stored and checked before the first write: a bad step changes nothing
};

struct StepOptions {
  std::uint64_t step = 0;                  ///< of the training, from 0
  float learning_rate_factor = 1.0F;       ///< of the schedule
  float clip_norm = 0.0F;                  ///< largest norm of the whole gradient; 0: off
  bool store_gradients = false;            ///< keep them for gradient() (clipping and accumulating store them, too)
  std::size_t accumulate = 1;              ///< slices in which the batch is worked off: less memory, the same gradient
  NotFinite not_finite = NotFinite::stop;  ///< what to do about such a loss or gradient
};

/// How gradients are made without an update.
struct GradientOptions {
  std::uint64_t step = 0;                ///< of the training, from 0
  std::size_t accumulate = 1;            ///< slices
  std::span<const std::size_t> heads{};  ///< backward from these alone; empty: from all
};

}  // namespace xstitch::inline XSTITCH_ISA
