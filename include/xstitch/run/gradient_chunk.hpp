#pragma once
/// \file
/// Into how large pieces a gradient is cut where it is worked off on several threads, or shared out over ranks.

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr std::size_t gradient_chunk = 16384;  // floats: weights, momentum and gradient stay in the L2 cache

}  // namespace xstitch::inline XSTITCH_ISA
