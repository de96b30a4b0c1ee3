#pragma once
/// \file
/// A block of memory for tensors: aligned to 64 bytes, zero-filled, on huge pages where the system grants them.

#include <xstitch/core/error.hpp>
#include <xstitch/core/shape.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <sys/sysinfo.h>
#endif

namespace xstitch::inline XSTITCH_ISA {

/// Throws Error if this machine can never hold `bytes`. Where it overcommits it would grant them, and end the program
/// when they are written.
inline void check_memory(std::size_t bytes) {
#if defined(__linux__)
  if (bytes < std::size_t{1} << 30) return;
  struct sysinfo machine {};
  if (sysinfo(&machine) != 0) return;
  const std::size_t all = (static_cast<std::size_t>(machine.totalram) + machine.totalswap) * machine.mem_unit;
  if (bytes > all) fail("memory: ", bytes, " bytes are wanted, this machine has ", all);
#else
  (void)bytes;
#endif
}

/// Owns raw bytes; throws Error where there are not as many. Large blocks are aligned to 2 MiB and marked for huge
/// pages: streaming through hundreds of megabytes of weights otherwise spends its time in TLB misses.
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    check_memory(bytes);
    constexpr std::size_t huge = std::size_t{2} << 20;
    const std::size_t alignment = bytes >= huge ? huge : 64;
    data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, align_up(bytes, alignment)));
    if (data_ == nullptr) fail("memory: the system refuses ", bytes, " bytes");
#if defined(__linux__)
    if (alignment == huge) (void)madvise(data_, align_up(bytes, alignment), MADV_HUGEPAGE);
#endif
    std::memset(data_, 0, bytes);
  }
  Memory(Memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { std::free(data_); }

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] float* floats() const noexcept { return reinterpret_cast<float*>(data_); }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Allocates on 64-byte boundaries, so that kernels may load whole vectors from the start of a std::vector.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) fail("memory: ", n, " elements are wanted");
    check_memory(n * sizeof(T));
    void* memory = ::operator new (n * sizeof(T), std::align_val_t{64}, std::nothrow);
    if (memory == nullptr) fail("memory: the system refuses ", n * sizeof(T), " bytes");
    return static_cast<T*>(memory);
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete (p, std::align_val_t{64}); }
  template <class U>
  bool operator==(const AlignedAllocator<U>&) const noexcept {
    return true;
  }
};
using AlignedVector = std::vector<float, AlignedAllocator<float>>;

}  // namespace xstitch::inline XSTITCH_ISA
