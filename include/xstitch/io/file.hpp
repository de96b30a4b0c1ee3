#pragma once
/// \file
/// Reading files, and writing them so that a crash at any moment leaves either the old file or the new one.
///
/// A new file is written under a temporary name in the same folder ("NAME.PID-COUNT.partial"), flushed to the disk,
/// renamed over the old one, and the folder is flushed. Errors name the path and the system's reason.

#include <xstitch/core/error.hpp>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
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
    static std::atomic<unsigned> counter{0};
    partial_ = path_;
    partial_ += "." + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1)) + ".partial";
    descriptor_ = file::Descriptor(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (descriptor_.number() < 0) file::fail_with_reason("write", path_, errno);
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
  bool committed_ = false;
};

inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile output(path);
  output.write(text);
  output.commit();
}

/// Makes a folder and those above it; an Error that names it if that fails.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail("cannot make the folder ", folder.string(), ": ", error.message());
  if (!std::filesystem::is_directory(folder, error)) fail(folder.string(), " is in the way: expected a folder");
}

/// Removes what a killed process left behind of files that were never committed.
inline void remove_partial_files(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator i(folder, error), end; !error && i != end; i.increment(error))
    if (i->path().extension() == ".partial") {
      std::error_code ignored;
      std::filesystem::remove(i->path(), ignored);
    }
}

}  // namespace xstitch::inline XSTITCH_ISA
