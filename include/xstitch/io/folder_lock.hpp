#pragma once
/// \file
/// One process at a time in a folder: a lock (flock) on the file ".xstitch-lock" in it, which holds the process id and
/// ends with the process, however that ends. The file stays.
///
/// Some file systems have no locks. That is said (note()), and the work goes on.

#include <xstitch/io/file.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

class FolderLock {
 public:
  FolderLock() = default;  ///< locks nothing
  /// Throws Error if another process, or another part of this one, holds the folder; the message names the process.
  XSTITCH_INLINE explicit FolderLock(const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / file_name;
    descriptor_ = file::open(path.c_str(), O_RDWR | O_CREAT);
    if (descriptor_.number() < 0) file::fail_with_reason("write", path, errno);
    int error = 0;
    while (::flock(descriptor_.number(), LOCK_EX | LOCK_NB) != 0)
      if ((error = errno) != EINTR) break;
    if (error == EWOULDBLOCK)
      fail(folder.string(), " is in use by process ", holder(), ": another training works in it (it holds ",
           path.string(), "); expected a folder of its own for each");
    if (error != 0 && error != EINTR) {
      note_ = folder.string() + " cannot be locked (" + std::strerror(error) +
              "): nothing keeps a second training out of it";
      return;
    }
    const std::string id = std::to_string(::getpid()) + "\n";
    if (file::retry([&] { return ::ftruncate(descriptor_.number(), 0); }) != 0)
      file::fail_with_reason("write", path, errno);
    file::write_all(descriptor_, path, std::as_bytes(std::span(id)));
  }

  /// Empty, or why the folder is not locked.
  [[nodiscard]] const std::string& note() const noexcept { return note_; }

  static constexpr std::string_view file_name = ".xstitch-lock";  ///< the file that is locked

 private:
  [[nodiscard]] std::string holder() const {
    std::array<char, 32> text{};
    const ssize_t got = ::pread(descriptor_.number(), text.data(), text.size(), 0);
    const std::string_view found(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const std::string_view id = found.substr(0, found.find('\n'));
    return id.empty() ? "(not known)" : std::string(id);
  }

  file::Descriptor descriptor_;
  std::string note_;
};

}  // namespace xstitch::inline XSTITCH_ISA
