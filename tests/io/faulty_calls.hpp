#pragma once
// A system whose calls fail: this program's open, write, fsync, ftruncate, close, stat and lstat come before the C
// library's. Included by one
// source file of a test.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

/// How often a call fails with an error before it works again.
struct Fault {
  int times = 0, error = EINTR;
  int met = 0;  ///< failures so far
  bool meets() {
    if (times == 0) return false;
    --times;
    ++met;
    errno = error;
    return true;
  }
};
inline Fault open_fault, close_fault, stat_fault, link_fault, write_fault, truncate_fault, file_flush_fault,
    folder_flush_fault;
/// How many writes say that they wrote nothing, without an error.
inline int writes_of_nothing = 0;
/// Each of them.
inline void no_faults() {
  for (Fault* fault : {&open_fault, &close_fault, &stat_fault, &link_fault, &write_fault, &truncate_fault,
                       &file_flush_fault, &folder_flush_fault})
    *fault = {};
  writes_of_nothing = 0;
}
inline int folders_flushed = 0, files_flushed = 0;

template <class Call>
Call* in_library(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

extern "C" int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if (open_fault.meets()) return -1;
  return ::openat(AT_FDCWD, path, flags, mode);
}

extern "C" int fsync(int number) {
  static const auto call = in_library<int(int)>("fsync");
  struct stat status {};
  const bool folder = ::fstat(number, &status) == 0 && S_ISDIR(status.st_mode);
  if ((folder ? folder_flush_fault : file_flush_fault).meets()) return -1;
  ++(folder ? folders_flushed : files_flushed);
  return call(number);
}

extern "C" int close(int number) {
  static const auto call = in_library<int(int)>("close");
  const int result = call(number);  // interrupted, Linux has closed it all the same
  return close_fault.meets() ? -1 : result;
}

extern "C" int stat(const char* path, struct stat* status) noexcept {
  static const auto call = in_library<int(const char*, struct stat*)>("stat");
  return stat_fault.meets() ? -1 : call(path, status);
}

extern "C" int lstat(const char* path, struct stat* status) noexcept {
  static const auto call = in_library<int(const char*, struct stat*)>("lstat");
  return link_fault.meets() ? -1 : call(path, status);
}

extern "C" int ftruncate(int number, off_t size) noexcept {
  static const auto call = in_library<int(int, off_t)>("ftruncate");
  return truncate_fault.meets() ? -1 : call(number, size);
}

extern "C" ssize_t write(int number, const void* bytes, size_t size) {
  static const auto call = in_library<ssize_t(int, const void*, size_t)>("write");
  if (write_fault.meets()) return -1;
  if (writes_of_nothing == 0) return call(number, bytes, size);
  --writes_of_nothing;
  return 0;
}
