#pragma once
/// \file
/// Reading files, and writing them so that a crash at any moment leaves either the old file or the new one.
///
/// A new file is written under a temporary name in the same folder ("NAME.PID-RANDOM.xstitch-partial"), flushed to the
/// disk, renamed over the old one, and the folder is flushed. Errors name the path and the system's reason.
///
/// While it is written its writer holds an advisory lock (flock) on it, which ends with the process however that ends.
/// So a leftover of a killed process is told from a file that somebody, in another container too, is writing.

#include <xstitch/core/error.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
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

[[noreturn]] inline void fail_with_reason(std::string_view doing, const std::filesystem::path& path, int error) {
  fail("cannot ", doing, " ", path.string(), ": ", std::strerror(error));
}

/// An open file descriptor, closed at the end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }
  /// Closes and returns 0 or the error: some file systems say only then that the disk is full.
  int close() noexcept {
    const int number = std::exchange(number_, -1);
    return number >= 0 && ::close(number) != 0 ? errno : 0;
  }

 private:
  int number_ = -1;
};

constexpr std::string_view partial_suffix = ".xstitch-partial";

/// ".PID-RANDOM.xstitch-partial". The process id is for people; the 64 random bits make the name our own.
inline std::string partial_ending() {
  std::random_device random;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), ".%ld-%08x%08x", static_cast<long>(::getpid()), random(), random());
  return text.data() + std::string(partial_suffix);
}

/// Whether a name ends as partial_ending() makes it.
inline bool is_partial_name(std::string_view name) {
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

}  // namespace file

/// A regular file open for reading at any position.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path) : path_(std::move(path)) {
    descriptor_ = file::Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor_.number() < 0) file::fail_with_reason("open", path_, errno);
    struct stat status {};
    if (::fstat(descriptor_.number(), &status) != 0) file::fail_with_reason("read", path_, errno);
    if (!S_ISREG(status.st_mode)) fail("cannot read ", path_.string(), ": it is not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// Fills `bytes` from `offset` on; an error if the file ends before.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const {
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

/// A file that takes the place of `path` at commit(), or never.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
    for (;;) {
      partial_ = path_;
      partial_ += file::partial_ending();
      descriptor_ = file::Descriptor(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (descriptor_.number() < 0 && errno == EEXIST) continue;
      if (descriptor_.number() < 0) file::fail_with_reason("write", path_, errno);
      (void)file::lock(descriptor_, true);
      // Whoever clears the folder may have come between open and lock, and taken the file for a leftover.
      struct stat status {};
      if (::fstat(descriptor_.number(), &status) != 0 || status.st_nlink > 0) break;
    }
    holder_ = file::Descriptor(::fcntl(descriptor_.number(), F_DUPFD_CLOEXEC, 0));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!committed_ && descriptor_.number() >= 0) ::unlink(partial_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(descriptor_.number(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) file::fail_with_reason("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  void commit() {
    if (::fsync(descriptor_.number()) != 0) file::fail_with_reason("write", path_, errno);
    if (const int error = descriptor_.close(); error != 0) discard("write", error);
    if (::rename(partial_.c_str(), path_.c_str()) != 0) discard("replace", errno);
    committed_ = true;
    // The new name is on the disk only once the folder is. Some file systems cannot flush a folder: no error then.
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
    const file::Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.number() >= 0) (void)::fsync(directory.number());
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

inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile output(path);
  output.write(text);
  output.commit();
}

/// Whether there is something under this name. Only "no such file" means that there is not: what cannot be looked at
/// (an unreachable network file system) is an Error.
inline bool file_exists(const std::filesystem::path& path) {
  struct stat status {};
  for (;;) {
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    if (errno != EINTR) file::fail_with_reason("look at", path, errno);
  }
}

/// Removes a file if it is there; true if it was. An Error if that fails, or if something else is there.
inline bool remove_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT && errno != ENOTDIR) file::fail_with_reason("remove", path, errno);
  return false;
}

/// Names that were made or removed in a folder are on the disk afterwards. Some file systems cannot flush a folder: no
/// error then.
inline void flush_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder.empty() ? std::filesystem::path(".") : folder;
  const file::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) file::fail_with_reason("open", path, errno);
  while (::fsync(directory.number()) != 0) {
    if (errno == EINVAL || errno == ENOTSUP || errno == EROFS) return;
    if (errno != EINTR) file::fail_with_reason("flush", path, errno);
  }
}

/// Makes a folder and those above it; an Error that names it if that fails.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("cannot make the folder ", folder.string(), ": ", error.message());
  if (!std::filesystem::is_directory(folder, error)) fail(folder.string(), " is in the way: expected a folder");
}

/// Removes what a killed process left of files that were never committed. Files of other names stay, and so do
/// those that are being written.
inline void remove_partial_files(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
    if (!file::is_partial_name(i->path().filename().string())) continue;
    const file::Descriptor leftover(::open(i->path().c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (leftover.number() < 0 || ::fstat(leftover.number(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (file::lock(leftover, false)) ::unlink(i->path().c_str());
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
