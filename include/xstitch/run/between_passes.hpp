#pragma once
/// \file
/// What comes between forward and backward of a batch, for what weighs its losses (run/balancing.hpp).

#include <xstitch/run/slices.hpp>

#include <cstddef>
#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

class BetweenPasses {
 public:
  enum class Next : std::uint8_t { backward, done, refused };

  BetweenPasses() = default;
  BetweenPasses(const BetweenPasses&) = delete;
  BetweenPasses& operator=(const BetweenPasses&) = delete;
  virtual ~BetweenPasses() = default;

  /// Whether backward runs more than once a slice, so that forward has to keep everything.
  [[nodiscard]] virtual bool keeps() const = 0;
  /// The normalisers are known. `slices`: how many there will be.
  virtual void begin(const Batch& batch, std::size_t slices, ThreadPool& threads) = 0;
  /// After the forward pass of a slice whose losses are finite. Next::done: its backward passes have been run.
  [[nodiscard]] virtual Next forward_done(const Slice& slice, std::size_t number, bool last, ThreadPool& threads) = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
