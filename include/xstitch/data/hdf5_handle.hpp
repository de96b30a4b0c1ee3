#pragma once
/// \file
/// What keeps calls of the HDF5 C library in order: Hdf5Guard holds the lock of the whole program (the library is not
/// thread-safe) and keeps HDF5 from printing; Hdf5Id closes an identifier at the end of its scope.

#include <xstitch/core/isa.hpp>

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace xstitch {
/// Not in the namespace of an instruction set: a program has one HDF5 library, however its parts were compiled.
inline std::mutex hdf5_mutex;
}  // namespace xstitch

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

/// Takes the lock and keeps HDF5 from printing its errors, for its lifetime.
class Hdf5Guard {
 public:
  Hdf5Guard() : lock_(hdf5_mutex) {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Hdf5Guard() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Hdf5Guard(const Hdf5Guard&) = delete;
  Hdf5Guard& operator=(const Hdf5Guard&) = delete;

  /// What HDF5 has to say about the last failure: its innermost message.
  [[nodiscard]] static std::string message() {
    std::string text;
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
          if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
          return 0;
        },
        &text);
    return text.empty() ? "no message of HDF5" : "HDF5: " + text;
  }

 private:
  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Owns an HDF5 identifier. Made and destroyed under the guard.
class Hdf5Id {
 public:
  Hdf5Id() = default;
  Hdf5Id(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Hdf5Id(Hdf5Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Id& operator=(Hdf5Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Id() { reset(); }
  void reset() {
    if (id_ >= 0) close_(id_);
    id_ = -1;
  }
  [[nodiscard]] hid_t get() const noexcept { return id_; }
  [[nodiscard]] bool valid() const noexcept { return id_ >= 0; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

/// Bytes of a chunk of a data set of that rank, 0 if it has none. The library unpacks a chunk as a whole, whatever is
/// read of it. The largest number if they are beyond 2^40.
inline std::uint64_t hdf5_chunk_bytes(hid_t data_set, std::size_t rank) {
  const Hdf5Id create(H5Dget_create_plist(data_set), H5Pclose), type(H5Dget_type(data_set), H5Tclose);
  std::vector<hsize_t> chunk(rank);
  if (!create.valid() || !type.valid() || H5Pget_layout(create.get()) != H5D_CHUNKED ||
      H5Pget_chunk(create.get(), static_cast<int>(rank), chunk.data()) < 0)
    return 0;
  std::uint64_t bytes = H5Tget_size(type.get());
  for (const hsize_t extent : chunk) {
    if (extent != 0 && bytes > (std::uint64_t{1} << 40) / extent) return std::numeric_limits<std::uint64_t>::max();
    bytes *= extent;
  }
  return bytes;
}

}  // namespace detail

}  // namespace xstitch::inline XSTITCH_ISA::data
