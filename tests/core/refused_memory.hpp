#pragma once
// A system that refuses memory: this program's operator new. Included by one source file of a test.
#include <atomic>
#include <cstdlib>
#include <new>

/// How many more allocations succeed; negative: any number. At 0 one is refused, or, if `for_good`, all from then on.
inline std::atomic<long> allocations_left{-1};
inline std::atomic<bool> refused_for_good{false};
inline std::atomic<long> allocations_made{0};
inline std::atomic<long> allocations_refused{0};

inline void* allocate_or_refuse(std::size_t bytes, std::size_t alignment) {
  allocations_made.fetch_add(1, std::memory_order_relaxed);
  if (allocations_left.load(std::memory_order_relaxed) >= 0) {
    const long left = allocations_left.fetch_sub(1);
    if (left == 0 || (left < 0 && refused_for_good)) {
      if (refused_for_good) allocations_left.store(0);
      allocations_refused.fetch_add(1);
      throw std::bad_alloc();
    }
  }
  void* memory = alignment == 0 ? std::malloc(bytes == 0 ? 1 : bytes)
                                : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// (Not inlined: g++ would take the malloc inside for a mismatch with the delete outside.)
[[gnu::noinline]] void* operator new(std::size_t bytes) { return allocate_or_refuse(bytes, 0); }
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_refuse(bytes, static_cast<std::size_t>(alignment));
}
// Those that return null, for address sanitizers: theirs would not come here.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return allocate_or_refuse(bytes, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  try {
    return allocate_or_refuse(bytes, static_cast<std::size_t>(alignment));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
