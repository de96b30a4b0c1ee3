#pragma once
/// \file
/// Gradients as they are sent: as they are, or rounded to bf16 (half the bytes; sums are added in fp32), and the memory
/// that they are sent from and received in.

#include <xstitch/core/precision.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Wire {
 public:
  explicit Wire(bool bf16) : bf16_(bf16) {}

  /// Bytes of an element.
  [[nodiscard]] std::size_t width() const noexcept { return bf16_ ? sizeof(std::uint16_t) : sizeof(float); }
  [[nodiscard]] std::size_t bytes() const noexcept { return out_.size() + in_.size(); }
  /// Memory for so many elements, valid until the next call.
  std::span<std::byte> out(std::size_t elements) { return room(out_, elements); }
  std::span<std::byte> in(std::size_t elements) { return room(in_, elements); }

  void pack(std::span<const float> from, std::byte* to) const {
    if (from.empty()) return;  // memcpy takes no null pointer, even for no bytes
    if (!bf16_) return (void)std::memcpy(to, from.data(), from.size_bytes());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::uint16_t rounded = round(from[i]);
      std::memcpy(to + i * sizeof rounded, &rounded, sizeof rounded);
    }
  }
  void unpack(const std::byte* from, std::span<float> to) const {
    if (to.empty()) return;
    if (!bf16_) return (void)std::memcpy(to.data(), from, to.size_bytes());
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = value(from, i);
  }
  /// to += from, or to = from.
  void add(const std::byte* from, std::span<float> to, bool first) const {
    if (first) return unpack(from, to);
    if (bf16_) {
      for (std::size_t i = 0; i < to.size(); ++i) to[i] += value(from, i);
      return;
    }
    const auto* values = reinterpret_cast<const float*>(from);
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += values[i];
  }

 private:
  std::span<std::byte> room(std::vector<std::byte>& memory, std::size_t elements) const {
    if (memory.size() < elements * width()) memory.resize(elements * width());
    return {memory.data(), elements * width()};
  }
  /// To the nearest, ties to even; what is not finite stays so.
  static std::uint16_t round(float value) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7f800000U) == 0x7f800000U)
      return static_cast<std::uint16_t>((bits >> 16U) | ((bits & 0xffffU) != 0 ? 0x40U : 0U));
    return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
  }
  static float value(const std::byte* from, std::size_t i) noexcept {
    std::uint16_t half = 0;
    std::memcpy(&half, from + i * sizeof half, sizeof half);
    return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16U);
  }

  bool bf16_;
  std::vector<std::byte> out_, in_;
};

}  // namespace xstitch::inline XSTITCH_ISA
