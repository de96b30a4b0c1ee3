#pragma once
/// \file
/// Whether this processor's matrix unit for bf16 (AMX: eight tiles of 16 rows of 64 bytes) may be used.
///
/// Asked once, at the first use: the processor announces it, the system saves its state, Linux grants it to this
/// process (its state is large, so a process has to ask), its tiles have the sizes that the kernels are written for,
/// and one product comes out right (some virtual machines announce the unit and raise an illegal instruction). With
/// XSTITCH_MATRIX_UNIT=off in the environment it is never used: results are then those of a processor without it.
///
/// The instructions are inline assembly, which needs no compiler option: one program runs with the unit and without.

#include <xstitch/core/isa.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace matrix_unit {

/// Rows and bytes of a row that each of the eight tiles has: what the instruction ldtilecfg reads.
struct alignas(64) TileConfig {
  static constexpr int tiles = 8, most_rows = 16, most_row_bytes = 64;
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  /// All tiles of full size.
  constexpr TileConfig() noexcept {
    for (int t = 0; t < tiles; ++t) set(t, most_rows, most_row_bytes);
  }
  constexpr void set(int tile, int row_count, int bytes) noexcept {
    rows[tile] = static_cast<std::uint8_t>(row_count);
    row_bytes[tile] = static_cast<std::uint16_t>(bytes);
  }
};

#if defined(__x86_64__) && defined(__linux__)
namespace detail {

/// CPUID: the unit with bf16, its state enabled by the system, and its palette 1 of eight tiles of 1024 bytes.
inline bool announced() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned bf16 = 1U << 22, tile = 1U << 24, system_saves_state = 1U << 27;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & bf16) == 0 || (d & tile) == 0) return false;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & system_saves_state) == 0) return false;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low >> 17 & 3U) != 3U) return false;
  if (__get_cpuid_count(0x1D, 0, &a, &b, &c, &d) == 0 || a < 1) return false;
  if (__get_cpuid_count(0x1D, 1, &a, &b, &c, &d) == 0) return false;
  return a >> 16 == 1024 && (b & 0xFFFFU) == 64 && b >> 16 >= 8 && (c & 0xFFFFU) == 16;
}

inline bool granted() noexcept {
  constexpr long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

inline thread_local sigjmp_buf after_illegal_instruction;

/// One product of tiles of ones.
XSTITCH_INLINE bool product_is_right() noexcept {
  struct sigaction jump {
  }, before{};
  jump.sa_handler = [](int) { siglongjmp(after_illegal_instruction, 1); };
  if (sigaction(SIGILL, &jump, &before) != 0) return false;
  static std::uint16_t ones[16][32];
  static float sums[16][16];
  for (auto& row : ones)
    for (auto& one : row) one = 0x3F80;
  static constexpr TileConfig config;
  volatile bool right = false;
  if (sigsetjmp(after_illegal_instruction, 1) == 0) {
    asm volatile(
        "ldtilecfg %0\n\ttilezero %%tmm0\n\ttileloadd (%1,%3,1), %%tmm1\n\ttileloadd (%1,%3,1), %%tmm2\n\t"
        "tdpbf16ps %%tmm2, %%tmm1, %%tmm0\n\ttilestored %%tmm0, (%2,%3,1)\n\ttilerelease"
        :
        : "m"(config), "r"(&ones[0][0]), "r"(&sums[0][0]), "r"(64L)
        : "memory");
    right = true;
    for (const auto& row : sums)
      for (const float sum : row) right = right && sum == 32.0F;
  }
  sigaction(SIGILL, &before, nullptr);
  return right;
}

}  // namespace detail
#endif

/// Why the unit is not used, or null: it is.
inline const char* reason_against() noexcept {
  static const char* const reason = []() noexcept -> const char* {
#if defined(__x86_64__) && defined(__linux__)
    const char* wish = std::getenv("XSTITCH_MATRIX_UNIT");
    if (wish != nullptr && std::string_view(wish) == "off") return "turned off by XSTITCH_MATRIX_UNIT";
    if (!detail::announced()) return "the processor has none";
    if (!detail::granted()) return "the system does not grant it";
    if (!detail::product_is_right()) return "its product is wrong or an illegal instruction";
    return nullptr;
#else
    return "the processor has none";
#endif
  }();
  return reason;
}
inline bool available() noexcept { return reason_against() == nullptr; }

}  // namespace matrix_unit
}  // namespace xstitch::inline XSTITCH_ISA
