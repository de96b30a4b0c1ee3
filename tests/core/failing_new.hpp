#pragma once
/// \file
/// Replaces operator new of the one program that includes this: it counts what lives, and fails at a chosen call.

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace xstitch_test {

inline std::size_t living = 0;   ///< allocations that were not freed
inline std::size_t fail_at = 0;  ///< this many calls from now fails, once; 0: none does

/// A program of one thread only.
inline void* counted(std::size_t size, std::size_t alignment) {
  if (fail_at != 0 && --fail_at == 0) throw std::bad_alloc();
  void* memory = alignment == 0 ? std::malloc(size == 0 ? 1 : size)
                                : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  ++living;
  return memory;
}
inline void freed(void* memory) noexcept {
  if (memory != nullptr) --living;
  std::free(memory);
}

/// Calls work() with each allocation failing in turn, until it ends: after(whether it ended) each time.
template <class Work, class After>
std::size_t each_failure(const Work& work, const After& after) {
  for (std::size_t k = 1;; ++k) {
    const std::size_t before = living;
    bool ended = false;
    fail_at = k;
    try {
      work();
      ended = true;
    } catch (const std::bad_alloc&) {
    }
    fail_at = 0;
    const std::size_t left = living - before;
    CAPTURE(k);
    CHECK(left == 0);
    after(ended);
    if (ended) return k;
  }
}

}  // namespace xstitch_test

// The sanitizers bring allocators of their own, which cannot be replaced.
// (GCC says so by macros, clang by features; xtl defines __has_feature for GCC.)
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define XSTITCH_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define XSTITCH_TEST_SANITIZED 1
#endif
#endif

#ifdef XSTITCH_TEST_SANITIZED
constexpr bool new_can_fail = false;
#else
constexpr bool new_can_fail = true;

[[gnu::noinline]] void* operator new(std::size_t size) { return xstitch_test::counted(size, 0); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return xstitch_test::counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { xstitch_test::freed(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { xstitch_test::freed(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { xstitch_test::freed(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  xstitch_test::freed(memory);
}
#endif
