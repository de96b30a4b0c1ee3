#pragma once
/// \file
/// Files that readers take: regular ones. A folder, a pipe, a device (/dev/zero has no end) or a socket is refused by
/// its kind before it is opened, because opening a pipe waits for a writer.

#include <xstitch/core/error.hpp>
#include <xstitch/io/file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA {
namespace file {

/// The size of a regular file. `expected` is for the message: "a PNG".
XSTITCH_INLINE std::uint64_t regular_size(const std::filesystem::path& path, std::string_view expected) {
  struct stat status {};
  if (retry([&] { return ::stat(path.c_str(), &status); }) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) fail("file ", path.native(), ": found no such file, expected ", expected);
    fail("file ", path.native(), ": found that it cannot be read (", std::strerror(error), "), expected ", expected);
  }
  if (!S_ISREG(status.st_mode))
    fail("file ", path.native(), ": found ",
         S_ISDIR(status.st_mode)    ? "a folder"
         : S_ISFIFO(status.st_mode) ? "a pipe"
         : S_ISSOCK(status.st_mode) ? "a socket"
                                    : "a device",
         ", not a regular file, expected ", expected);
  return static_cast<std::uint64_t>(status.st_size);
}

/// Opens a regular file.
inline InputFile open_regular(const std::filesystem::path& path, std::string_view expected) {
  (void)regular_size(path, expected);
  return InputFile(path);
}

/// All bytes of a regular file.
XSTITCH_INLINE std::vector<std::uint8_t> read_regular(const std::filesystem::path& path, std::string_view expected) {
  const InputFile input = open_regular(path, expected);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(input.size()));
  input.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace file
}  // namespace xstitch::inline XSTITCH_ISA
