#pragma once
/// \file
/// Open files. open() is the one place of the library that opens any: a file never gets the numbers 0 to 2, which are
/// those of standard input, output and error even where a program was started without them. Else what the program
/// prints would go into a checkpoint.
///
/// A signal that interrupts a call (EINTR) is no failure: the call is made again.

#include <xstitch/core/isa.hpp>

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace xstitch::inline XSTITCH_ISA {
namespace file {

/// The result of a system call that no signal interrupted.
template <class Call>
auto retry(const Call& call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
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
  /// Closes and returns 0 or the error: some file systems say only then that the disk is full. (Interrupted, it is
  /// closed all the same.)
  int close() noexcept {
    const int number = std::exchange(number_, -1);
    return number >= 0 && ::close(number) != 0 && errno != EINTR ? errno : 0;
  }

 private:
  int number_ = -1;
};

/// The same open file under another number above 2; below 0, with errno, if the system has none.
inline Descriptor duplicate(const Descriptor& descriptor) noexcept {
  return Descriptor(retry([&] { return ::fcntl(descriptor.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1); }));
}

/// Opens a file, which programs started by this one do not inherit. Below 0, with errno, if that fails.
inline Descriptor open(const char* path, int flags, mode_t mode = 0666) noexcept {
  Descriptor opened(retry([&] { return ::open(path, flags | O_CLOEXEC, mode); }));
  if (opened.number() < 0 || opened.number() > STDERR_FILENO) return opened;
  Descriptor higher = duplicate(opened);
  const int error = errno;
  opened.close();
  errno = error;
  return higher;
}

/// Flushes a file to the disk; 0 or the error.
inline int sync(const Descriptor& descriptor) noexcept {
  return retry([&] { return ::fsync(descriptor.number()); }) == 0 ? 0 : errno;
}

/// For files that another library opens: while it lives, the numbers 0 to 2 are in use.
class StandardNumbersTaken {
 public:
  StandardNumbersTaken() noexcept {
    for (Descriptor& place : places_) {
      place = Descriptor(retry([] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }));
      if (place.number() < 0 || place.number() > STDERR_FILENO) break;
    }
  }

 private:
  Descriptor places_[3];
};

}  // namespace file
}  // namespace xstitch::inline XSTITCH_ISA
