#pragma once
// Counts every allocation of the process from outside the library: the C library's functions are replaced by ones that
// count and pass on (operator new ends in malloc). Included by one translation unit of a program.
//
// glibc only: elsewhere `allocations_are_counted` is false and nothing is replaced.

#include <atomic>
#include <cerrno>
#include <cstddef>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define XSTITCH_BENCH_COUNTS_ALLOCATIONS
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#if defined(__SSE2__)
#include <mm_malloc.h>  // declares posix_memalign once more, which clang accepts in front of a definition only
#endif
#endif

namespace bench {

#if defined(XSTITCH_BENCH_COUNTS_ALLOCATIONS)
inline constexpr bool allocations_are_counted = true;
#else
inline constexpr bool allocations_are_counted = false;
#endif

/// Since the start of the program, on all threads.
inline std::atomic<std::size_t> allocation_count{0};

}  // namespace bench

#if defined(XSTITCH_BENCH_COUNTS_ALLOCATIONS)
extern "C" {

void* __libc_malloc(std::size_t);                 // NOLINT: glibc's own names
void* __libc_calloc(std::size_t, std::size_t);    // NOLINT
void* __libc_realloc(void*, std::size_t);         // NOLINT
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT

inline void xstitch_bench_count() { bench::allocation_count.fetch_add(1, std::memory_order_relaxed); }

[[gnu::used]] void* malloc(std::size_t size) noexcept {
  xstitch_bench_count();
  return __libc_malloc(size);
}
[[gnu::used]] void* calloc(std::size_t count, std::size_t size) noexcept {
  xstitch_bench_count();
  return __libc_calloc(count, size);
}
[[gnu::used]] void* realloc(void* block, std::size_t size) noexcept {
  xstitch_bench_count();
  return __libc_realloc(block, size);
}
[[gnu::used]] void* memalign(std::size_t alignment, std::size_t size) noexcept {
  xstitch_bench_count();
  return __libc_memalign(alignment, size);
}
[[gnu::used]] void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  xstitch_bench_count();
  return __libc_memalign(alignment, size);
}
[[gnu::used]] int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  xstitch_bench_count();
  void* const found = __libc_memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}
[[gnu::used]] void* mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
  xstitch_bench_count();
  // syscall() sets errno and returns -1, which is MAP_FAILED.
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

}  // extern "C"
#endif
