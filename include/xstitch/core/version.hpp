#pragma once
/// \file
/// The version of the library, by https://semver.org: before 1.0 a new minor version may break what uses it.
///
///     static_assert(xs::library_version >= xs::Version{0, 1, 0});
///     std::cout << xs::library_version.text();                     // 0.1.0

#include <xstitch/core/isa.hpp>

#include <compare>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

struct Version {
  /// What breaks programs when it changes.
  int major_number = 0;  // not `major`, a macro of <sys/sysmacros.h>
  int minor_number = 0;  ///< what adds to the library; before 1.0 it may break programs, too
  int patch_number = 0;  ///< what repairs

  /// An order from older to newer.
  constexpr auto operator<=>(const Version&) const noexcept = default;

  /// "0.1.0"
  [[nodiscard]] XSTITCH_INLINE std::string text() const {
    return std::to_string(major_number) + "." + std::to_string(minor_number) + "." + std::to_string(patch_number);
  }
};

/// Of these headers. The one place where it is written: CMake, packages and scripts/release_check read this line.
inline constexpr Version library_version{0, 1, 0};

}  // namespace xstitch::inline XSTITCH_ISA
