#pragma once
/// \file
/// What a reader may cost. The policy of every reader of a file in io and data:
///
///     memory  <=  64 MiB + max(32 n, min(1024 n, 1 GiB))        n: the file's bytes
///
/// 32 bytes for each of the file's are enough for what is stored as it is (a byte becomes a double, a name a string);
/// 1024 for what a file unpacks to (zlib packs at most 1032 to 1), but those only up to a ceiling of 1 GiB. 64 MiB are
/// for libraries, buffers and small files. A reader's work is linear in the bytes it reads and unpacks. Whatever it
/// refuses, and whatever memory does not hold, is an Error with the file's name: std::bad_alloc and std::length_error
/// never leave a reader. Only a regular file is opened (io/regular_file.hpp).
///
/// Not covered: HDF5 files (data/nyuv2_file.hpp), which are for trusted sources. Their library follows damaged files
/// into crashes.

#include <xstitch/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace limits {

inline constexpr std::uint64_t base = std::uint64_t{64} << 20, ceiling = std::uint64_t{1} << 30;
inline constexpr std::uint64_t per_byte = 32, unpacked_per_byte = 1024;

/// Bytes of memory that a reader of a file of so many bytes may take.
constexpr std::uint64_t memory_for(std::uint64_t file_bytes) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 50;  // no product below wraps
  const std::uint64_t n = std::min(file_bytes, largest);
  return base + std::max(per_byte * n, std::min(unpacked_per_byte * n, ceiling));
}

/// Counts what a reader of one file takes, before it takes it.
class Budget {
 public:
  Budget(std::string where, std::uint64_t file_bytes)
      : where_(std::move(where)), file_bytes_(file_bytes), left_(memory_for(file_bytes)) {}

  /// `count` elements of `bytes_each`; an Error if that is beyond the policy.
  void take(std::uint64_t count, std::uint64_t bytes_each = 1) {
    if (bytes_each != 0 && count > left_ / bytes_each)
      fail(where_, ": found ", file_bytes_, " bytes that ask for more than ", memory_for(file_bytes_),
           " bytes of memory, expected a file that unpacks to less");
    left_ -= count * bytes_each;
  }
  /// What was taken for a while.
  void give_back(std::uint64_t bytes) { left_ = std::min(left_ + bytes, memory_for(file_bytes_)); }
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

 private:
  std::string where_;
  std::uint64_t file_bytes_, left_;
};

/// The result of `read()`; an Error that begins with `name` where it runs out of memory.
template <class Read>
decltype(auto) guard(std::string_view name, const Read& read) {
  try {
    return read();
  } catch (const std::bad_alloc&) {  // what was read is gone by now: there is memory again for the message
  } catch (const std::length_error&) {
  }
  fail(name, ": found that memory does not hold what reading it takes, expected less");
}

/// The beginning of a text from a file, for messages.
inline std::string excerpt(std::string_view text, std::size_t most = 200) {
  return text.size() <= most ? std::string(text) : std::string(text.substr(0, most)) + "...";
}

}  // namespace limits
}  // namespace xstitch::inline XSTITCH_ISA
