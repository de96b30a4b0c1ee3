#pragma once
/// \file
/// xsimd, versions 8 to 14, and the two functions of it that were renamed on the way:
///
///     sum_of_lanes(v)       xsimd::hadd before 9.0, xsimd::reduce_add since
///     bits_as<Integers>(v)  xsimd::bitwise_cast, which is asked for the batch before 11.0, for its elements since
///
/// Everything that needs vectors includes this file, so that another version is a matter of this file alone. Where
/// xsimd has no vectors at all (a processor other than x86 and ARM) it says so here, rather than inside xsimd.

#include <xstitch/core/isa.hpp>

#include <xsimd/xsimd.hpp>

#if !defined(XSIMD_VERSION_MAJOR) || XSIMD_VERSION_MAJOR < 8
#error "xstitch: xsimd is too old: found a version before 8.0, expected 8 to 14; see docs/building.md"
#endif

#if defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
#error "xstitch: xsimd has no vectors for this processor: networks need x86-64 or 64-bit ARM; see docs/building.md"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Sum of the lanes.
template <class T, class Arch>
T sum_of_lanes(const xsimd::batch<T, Arch>& v) noexcept {
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::reduce_add(v);
#else
  return xsimd::hadd(v);
#endif
}

/// The bits of `v` as a batch of another type of the same size.
template <class To, class T, class Arch>
To bits_as(const xsimd::batch<T, Arch>& v) noexcept {
#if XSIMD_VERSION_MAJOR >= 11
  return xsimd::bitwise_cast<typename To::value_type>(v);
#else
  return xsimd::bitwise_cast<To>(v);
#endif
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
