#pragma once
/// \file
/// A block of memory between two fences, filled with bytes of 0xFF (a NaN for floats, -1 for integers): tests see what
/// a call did not write, and what it wrote beyond the ends.

#include <xstitch/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

class FencedBlock {
 public:
  FencedBlock() = default;
  explicit FencedBlock(std::size_t bytes) : memory_(align_up(bytes) + 2 * fence), bytes_(bytes) {
    std::memset(memory_.data(), 0xFF, memory_.bytes());
  }
  [[nodiscard]] std::byte* data() const noexcept {
    return memory_.data() == nullptr ? nullptr : memory_.data() + fence;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  template <class T>
  [[nodiscard]] std::span<T> as() const noexcept {
    return {reinterpret_cast<T*>(data()), bytes_ / sizeof(T)};
  }
  [[nodiscard]] std::span<float> floats() const noexcept { return as<float>(); }
  void poison() const noexcept {
    if (bytes_ != 0) std::memset(data(), 0xFF, bytes_);
  }
  [[nodiscard]] bool intact() const noexcept {
    if (memory_.data() == nullptr) return true;
    const auto untouched = [](std::byte b) { return b == std::byte{0xFF}; };
    return std::all_of(memory_.data(), memory_.data() + fence, untouched) &&
           std::all_of(memory_.data() + fence + bytes_, memory_.data() + memory_.bytes(), untouched);
  }

 private:
  static constexpr std::size_t fence = 64;
  Memory memory_;
  std::size_t bytes_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
