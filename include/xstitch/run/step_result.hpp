#pragma once
/// \file
/// What a step or an evaluation of one batch gives.

#include <xstitch/layers/operation.hpp>

#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct StepResult {
  std::vector<LossSum> losses;  ///< [head slot]
  double total = 0.0;           ///< sum of weight * loss over heads
  /// Whether losses and gradients were finite. If not, nothing was changed (unless `torn`).
  bool finite = true;
  bool torn = false;  ///< some parameters had been changed before: see Parameters::check_whole
  /// Where the first value that is not finite appeared, e.g. "layer 'conv3' of tower 'upper'"; empty if finite.
  std::string location;
};

}  // namespace xstitch::inline XSTITCH_ISA
