#pragma once
/// \file
/// How elements are multiplied: in fp32, or rounded to bf16.

#include <xstitch/core/isa.hpp>

#include <cstdint>

namespace xstitch::inline XSTITCH_ISA {

/// How elements are multiplied. Sums, master weights and activations are fp32 in both.
enum class Precision : std::uint8_t {
  fp32,
  bf16,  ///< operands rounded to bfloat16 (8 bits of mantissa), products summed in fp32
};

}  // namespace xstitch::inline XSTITCH_ISA
