#pragma once
/// \file
/// Reading files, and writing them so that a crash at any moment leaves either the old file or the new one.
///
/// A new file is written under a temporary name in the same folder ("NAME.PID-RANDOM.xstitch-partial"), flushed to the
/// disk, renamed over the old one, and the folder is flushed. Errors name the path and the system's reason.
///
/// While it is written its writer holds an advisory lock (flock) on it, which ends with the process however that ends.
/// So a leftover of a killed process is told from a file that somebody, in another container too, is writing.

#include <xstitch/core/descriptor.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/io/folder.hpp>  // IWYU pragma: export

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace xstitch::inline XSTITCH_ISA {

namespace file {

constexpr std::string_view partial_suffix = ".xstitch-partial";

/// ".PID-RANDOM.xstitch-partial". The process id is for people; the 64 random bits make the name our own.
inline std::string partial_ending() {
  std::random_device random;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), ".%ld-%08x%08x", static_cast<long>(::getpid()), random(), random());
  return text.data() + std::string(partial_suffix);
}

/// Whether a name ends as partial_ending() makes it.
XSTITCH_INLINE bool is_partial_name(std::string_view name) {
  if (!name.ends_with(partial_suffix)) return false;
  name.remove_suffix(partial_suffix.size());
  const auto all_of = [](std::string_view text, std::string_view characters) {
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
  };
  const std::size_t dash = name.rfind('-'), dot = dash == std::string_view::npos ? dash : name.rfind('.', dash);
  if (dot == std::string_view::npos || dot == 0) return false;
  return name.size() - dash - 1 == 16 && all_of(name.substr(dash + 1), "0123456789abcdef") &&
         all_of(name.substr(dot + 1, dash - dot - 1), "0123456789");
}

/// Takes the lock of an open file; false if somebody holds it. Some file systems have no locks: also false.
inline bool lock(const Descriptor& descriptor, bool wait) {
  while (::flock(descriptor.number(), LOCK_EX | (wait ? 0 : LOCK_NB)) != 0)
    if (errno != EINTR) return false;
  return true;
}

/// Writes all of it, where the last byte ended or at the end (O_APPEND). A system that writes nothing and gives no
/// reason is not asked for ever.
inline void write_all(const Descriptor& descriptor, const std::filesystem::path& path,
                      std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = retry([&] { return ::write(descriptor.number(), bytes.data(), bytes.size()); });
    if (put <= 0) fail_with_reason("write", path, put < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

/// What was written is on the disk afterwards. What has none (a pipe, a terminal) is no error.
inline void flush(const Descriptor& descriptor, const std::filesystem::path& path) {
  const int error = sync(descriptor);
  if (error != 0 && error != EINVAL && error != ENOTSUP && error != EROFS) fail_with_reason("flush", path, error);
}

}  // namespace file

/// A regular file open for reading at any position.
class InputFile {
 public:
  /// Opens a file to read; an Error says why it cannot be.
  XSTITCH_INLINE explicit InputFile(std::filesystem::path path) : path_(std::move(path)) {
    descriptor_ = file::open(path_.c_str(), O_RDONLY | O_NONBLOCK);  // a pipe is refused, not waited for
    if (descriptor_.number() < 0) file::fail_with_reason("open", path_, errno);
    struct stat status {};
    if (file::retry([&] { return ::fstat(descriptor_.number(), &status); }) != 0)
      file::fail_with_reason("read", path_, errno);
    if (!S_ISREG(status.st_mode)) fail("cannot read ", path_.string(), ": it is not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  /// As it was opened.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Bytes.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// Fills `bytes` from `offset` on; an error if the file ends before.
  XSTITCH_INLINE void read(std::uint64_t offset, std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t got = ::pread(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) file::fail_with_reason("read", path_, errno);
      if (got == 0)
        fail(path_.string(), ": the file ends at byte ", offset, ", expected ", bytes.size(), " bytes more");
      offset += static_cast<std::uint64_t>(got);
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }

 private:
  std::filesystem::path path_;
  file::Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

/// A whole file as text.
inline std::string read_file(const std::filesystem::path& path) {
  const InputFile input(path);
  std::string text(static_cast<std::size_t>(input.size()), '\0');
  input.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

/// A file that takes the place of `path` at commit(), or never. Of a symbolic link: of the file that it points to.
class AtomicFile {
 public:
  /// Begins a temporary file beside `path`, which stays as it is until commit().
  XSTITCH_INLINE explicit AtomicFile(const std::filesystem::path& path) : path_(file::follow(path)) {
    if (const mode_t mode = file::mode_of(path_); mode != 0 && !S_ISREG(mode))  // a device would become a file
      fail("cannot write ", path_.string(), ": it is ", S_ISDIR(mode) ? "a directory" : "not a regular file");
    for (;;) {
      partial_ = path_;
      partial_ += file::partial_ending();
      descriptor_ = file::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL);
      if (descriptor_.number() < 0 && errno == EEXIST) continue;
      if (descriptor_.number() < 0) discard("write", errno);  // it is there, if numbers ran out above 2
      (void)file::lock(descriptor_, true);
      // Whoever clears the folder may have come between open and lock, and taken the file for a leftover.
      struct stat status {};
      if (::fstat(descriptor_.number(), &status) != 0 || status.st_nlink > 0) break;
    }
    holder_ = file::duplicate(descriptor_);
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!committed_ && descriptor_.number() >= 0) ::unlink(partial_.c_str());
  }

  /// Appends bytes.
  void write(std::span<const std::byte> bytes) { file::write_all(descriptor_, path_, bytes); }
  /// Appends text.
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Syncs the temporary file and puts it in the place of `path`.
  XSTITCH_INLINE void commit() {
    if (const int error = file::sync(descriptor_); error != 0) file::fail_with_reason("write", path_, error);
    if (const int error = descriptor_.close(); error != 0) discard("write", error);
    if (file::retry([&] { return ::rename(partial_.c_str(), path_.c_str()); }) != 0) discard("replace", errno);
    committed_ = true;
    flush_folder(file::folder_of(path_));  // the new name is on the disk only then
  }

 private:
  [[noreturn]] void discard(std::string_view doing, int error) {
    ::unlink(partial_.c_str());
    file::fail_with_reason(doing, path_, error);
  }

  std::filesystem::path path_, partial_;
  file::Descriptor descriptor_;
  file::Descriptor holder_;  ///< keeps the lock between close and rename
  bool committed_ = false;
};

/// Writes all of a file or nothing: a reader sees the old one or the new one.
inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile output(path);
  output.write(text);
  output.commit();
}

/// Removes what a killed process left of files that were never committed, in the folder and where symbolic links in it
/// lead to. Files of other names stay, and so do those that are being written.
XSTITCH_INLINE void remove_partial_files(const std::filesystem::path& folder) {
  const auto clear = [](const std::filesystem::path& path) {
    const file::Descriptor leftover = file::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    struct stat status {};
    if (leftover.number() < 0 || ::fstat(leftover.number(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (file::lock(leftover, false)) ::unlink(path.c_str());
  };
  for (const std::string& name : file::names_in(folder)) {
    if (file::is_partial_name(name)) {
      clear(folder / name);
      continue;
    }
    std::filesystem::path target = folder / name;
    try {
      target = file::follow(target);
    } catch (const Error&) {  // a link that leads to itself has no leftovers
    }
    if (target == folder / name) continue;
    const std::string start = target.filename().string() + ".";
    for (const std::string& other : file::names_in(file::folder_of(target)))
      if (other.starts_with(start) && file::is_partial_name(other)) clear(file::folder_of(target) / other);
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
