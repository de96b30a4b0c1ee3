// A system that fails: a library that is preloaded, whose file calls, pthread_create and malloc come before the C
// library's. The environment says what happens to the ATTACK_AT-th call of those in ATTACK_CALLS ("open,write", or all
// of files) on a path that begins with ATTACK_FOLDER:
//
//     ATTACK_WHAT = fail      it fails with the error number ATTACK_ERROR, once
//                   for_good  so do all of them after it
//                   short     read and write do half of it
//                   nothing   they say that they did nothing, without an error
//                   before, after, inside   the process is killed there (inside: after half a write)
//
// ATTACK_LOG is a file for what was hit, and at the end for how many calls there were; ATTACK_TRACE one for everything
// that the calls did, which tests/attack/attack replays.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum class Fate { well, fails, dies_after, is_short, does_nothing, dies_inside };

struct Plan {
  const char* folder = nullptr;
  const char* calls = nullptr;
  const char* what = "";
  long at = 0;
  int error = EIO;
  int log = -1, trace = -1;
};
Plan plan;
bool begun = false;
std::atomic<long> counted{0};

long raw(long number, auto... arguments) { return ::syscall(number, arguments...); }

int output_file(const char* variable) {
  const char* path = std::getenv(variable);
  if (path == nullptr) return -1;
  const long opened = raw(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
  const long high = raw(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 900);  // out of the way of the program's numbers
  raw(SYS_close, opened);
  return static_cast<int>(high);
}

[[gnu::constructor]] void begin() {
  plan.folder = std::getenv("ATTACK_FOLDER");
  plan.calls = std::getenv("ATTACK_CALLS");
  if (const char* what = std::getenv("ATTACK_WHAT")) plan.what = what;
  if (const char* at = std::getenv("ATTACK_AT")) plan.at = std::atol(at);
  if (const char* error = std::getenv("ATTACK_ERROR")) plan.error = std::atoi(error);
  plan.log = output_file("ATTACK_LOG");
  plan.trace = output_file("ATTACK_TRACE");
  begun = true;
}
[[gnu::destructor]] void end() {
  char text[64];
  const int length = std::snprintf(text, sizeof text, "counted %ld\n", counted.load());
  if (plan.log >= 0) raw(SYS_write, plan.log, text, length);
}

[[noreturn]] void die() {
  raw(SYS_kill, raw(SYS_getpid), SIGKILL);
  for (;;) raw(SYS_pause);
}

bool is_attacked(const char* call) {
  if (plan.calls == nullptr) return true;
  const std::size_t length = std::strlen(call);
  for (const char* at = plan.calls; (at = std::strstr(at, call)) != nullptr; at += length)
    if ((at == plan.calls || at[-1] == ',') && (at[length] == '\0' || at[length] == ',')) return true;
  return false;
}

/// Counts a call; what becomes of it.
Fate meet(const char* call, const char* path) {
  const long number = counted.fetch_add(1) + 1;
  const bool for_good = std::strcmp(plan.what, "for_good") == 0;
  if (plan.at <= 0 || number < plan.at || (number > plan.at && !for_good)) return Fate::well;
  if (plan.log >= 0 && number == plan.at) {
    char text[PATH_MAX + 64];
    const int length = std::snprintf(text, sizeof text, "hit %s %s\n", call, path);
    raw(SYS_write, plan.log, text, length);
  }
  if (std::strcmp(plan.what, "before") == 0) die();
  if (std::strcmp(plan.what, "after") == 0) return Fate::dies_after;
  if (std::strcmp(plan.what, "inside") == 0) return Fate::dies_inside;
  if (std::strcmp(plan.what, "short") == 0) return Fate::is_short;
  if (std::strcmp(plan.what, "nothing") == 0) return Fate::does_nothing;
  errno = plan.error;
  return Fate::fails;
}
bool is_inside(const char* path) {
  return begun && plan.folder != nullptr && path != nullptr &&
         std::strncmp(path, plan.folder, std::strlen(plan.folder)) == 0;
}
Fate fate(const char* call, const char* path) {
  return is_inside(path) && is_attacked(call) ? meet(call, path) : Fate::well;
}

/// The path of an open file.
struct PathOf {
  char text[PATH_MAX] = "";
  explicit PathOf(int file) {
    char link[64];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const int error = errno;
    const long length = raw(SYS_readlinkat, AT_FDCWD, link, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    errno = error;
  }
};

/// One line of what a call did: call, inode, offset, number of bytes that follow, path, other path.
void trace(const char* call, int file, long offset, const char* path, const char* other = "", const void* bytes = "",
           long size = 0) {
  if (plan.trace < 0 || !is_inside(path)) return;
  struct stat status {};
  if (file >= 0) raw(SYS_fstat, file, &status);
  static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
  char head[2 * PATH_MAX + 128];
  const int length = std::snprintf(head, sizeof head, "%s\t%lu\t%ld\t%ld\t%s\t%s\n", call,
                                   static_cast<unsigned long>(status.st_ino), offset, size, path, other);
  pthread_mutex_lock(&one_at_a_time);
  raw(SYS_write, plan.trace, head, length);
  if (size > 0) raw(SYS_write, plan.trace, bytes, size);
  pthread_mutex_unlock(&one_at_a_time);
}

/// A call that has been made, or not.
template <class Call>
auto attacked(const char* name, const char* path, Call&& call) -> decltype(call()) {
  const Fate what = fate(name, path);
  if (what == Fate::fails) return -1;
  const auto result = call();
  const int error = errno;
  if (what == Fate::dies_after || what == Fate::dies_inside) die();
  errno = error;
  return result;
}

/// One that moves bytes: the call gets how many.
template <class Call>
ssize_t attacked_bytes(const char* name, const char* path, std::size_t size, Call&& call) {
  const Fate what = fate(name, path);
  if (what == Fate::fails) return -1;
  if (what == Fate::does_nothing) return 0;
  const bool half = (what == Fate::is_short || what == Fate::dies_inside) && size > 1;
  const ssize_t result = call(half ? size / 2 : size);
  const int error = errno;
  if (what == Fate::dies_after || what == Fate::dies_inside) die();
  errno = error;
  return result;
}

int open_path(const char* path, int flags, mode_t mode) {
  return attacked("open", path, [&] {
    const int file = static_cast<int>(raw(SYS_openat, AT_FDCWD, path, flags, mode));
    if (file >= 0 && (flags & (O_WRONLY | O_RDWR)) != 0)
      trace("open", file, 0, path, (flags & O_TRUNC) != 0 ? "truncate" : "");
    return file;
  });
}

template <class Function>
Function* library(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_path(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_path(path, flags, mode);
}
ssize_t write(int file, const void* bytes, size_t size) {
  const PathOf path(file);
  return attacked_bytes("write", path.text, size, [&](size_t part) {
    const long offset = is_inside(path.text) ? raw(SYS_lseek, file, 0, SEEK_END) : 0;  // the library only appends
    const long put = raw(SYS_write, file, bytes, part);
    if (put > 0) trace("write", file, offset, path.text, "", bytes, put);
    return put;
  });
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  const PathOf path(file);
  return attacked_bytes("write", path.text, size, [&](size_t part) {
    const long put = raw(SYS_pwrite64, file, bytes, part, offset);
    if (put > 0) trace("write", file, offset, path.text, "", bytes, put);
    return put;
  });
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off_t offset) { return pwrite(file, bytes, size, offset); }
int ftruncate(int file, off_t size) noexcept {
  const PathOf path(file);
  return attacked("ftruncate", path.text, [&] {
    const int result = static_cast<int>(raw(SYS_ftruncate, file, size));
    if (result == 0) trace("truncate", file, size, path.text);
    return result;
  });
}
int ftruncate64(int file, off_t size) noexcept { return ftruncate(file, size); }
ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  return attacked_bytes("read", PathOf(file).text, size,
                        [&](size_t part) { return raw(SYS_pread64, file, bytes, part, offset); });
}
ssize_t pread64(int file, void* bytes, size_t size, off_t offset) { return pread(file, bytes, size, offset); }
int fsync(int file) {
  const PathOf path(file);
  return attacked("fsync", path.text, [&] {
    const int result = static_cast<int>(raw(SYS_fsync, file));
    if (result == 0) trace("fsync", file, 0, path.text);
    return result;
  });
}
int close(int file) {
  const PathOf path(file);
  const Fate what = fate("close", path.text);
  const int error = errno, result = static_cast<int>(raw(SYS_close, file));  // it is closed all the same
  if (what == Fate::dies_after || what == Fate::dies_inside) die();
  if (what != Fate::fails) return result;
  errno = error;
  return -1;
}
int rename(const char* from, const char* to) noexcept {
  return attacked("rename", to, [&] {
    const int result = static_cast<int>(raw(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
    if (result == 0) trace("rename", -1, 0, from, to);
    return result;
  });
}
int unlink(const char* path) noexcept {
  return attacked("unlink", path, [&] {
    const int result = static_cast<int>(raw(SYS_unlinkat, AT_FDCWD, path, 0));
    if (result == 0) trace("unlink", -1, 0, path);
    return result;
  });
}
int mkdir(const char* path, mode_t mode) noexcept {
  return attacked("mkdir", path, [&] {
    const int result = static_cast<int>(raw(SYS_mkdirat, AT_FDCWD, path, mode));
    if (result == 0) trace("mkdir", -1, 0, path);
    return result;
  });
}
int stat(const char* path, struct stat* status) noexcept {
  return attacked("stat", path, [&] { return static_cast<int>(raw(SYS_newfstatat, AT_FDCWD, path, status, 0)); });
}
int lstat(const char* path, struct stat* status) noexcept {
  return attacked("stat", path,
                  [&] { return static_cast<int>(raw(SYS_newfstatat, AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW)); });
}
int fstat(int file, struct stat* status) noexcept {
  return attacked("fstat", PathOf(file).text, [&] { return static_cast<int>(raw(SYS_fstat, file, status)); });
}
int flock(int file, int operation) noexcept {
  return attacked("flock", PathOf(file).text, [&] { return static_cast<int>(raw(SYS_flock, file, operation)); });
}
int fcntl(int file, int command, ...) {
  va_list list;
  va_start(list, command);
  void* const argument = va_arg(list, void*);
  va_end(list);
  return attacked("fcntl", PathOf(file).text,
                  [&] { return static_cast<int>(raw(SYS_fcntl, file, command, argument)); });
}
int fcntl64(int file, int command, ...) {
  va_list list;
  va_start(list, command);
  void* const argument = va_arg(list, void*);
  va_end(list);
  return fcntl(file, command, argument);
}
DIR* fdopendir(int file) {
  const Fate what = fate("readdir", PathOf(file).text);
  return what == Fate::fails ? nullptr : library<DIR*(int)>("fdopendir")(file);
}
dirent* readdir(DIR* entries) {
  const Fate what = fate("readdir", PathOf(::dirfd(entries)).text);
  return what == Fate::fails ? nullptr : library<dirent*(DIR*)>("readdir")(entries);
}
dirent64* readdir64(DIR* entries) { return reinterpret_cast<dirent64*>(readdir(entries)); }

// Not about paths.
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  if (begun && plan.calls != nullptr && is_attacked("thread") && meet("thread", "") == Fate::fails) return EAGAIN;
  return library<Create>("pthread_create")(thread, attributes, start, argument);
}
void* __libc_malloc(size_t);
void* __libc_memalign(size_t, size_t);
static bool memory_fails() {
  if (!begun || plan.calls == nullptr || std::strcmp(plan.calls, "malloc") != 0) return false;
  if (meet("malloc", "") != Fate::fails) return false;
  errno = ENOMEM;
  return true;
}
void* malloc(size_t size) { return memory_fails() ? nullptr : __libc_malloc(size); }
void* aligned_alloc(size_t alignment, size_t size) {
  return memory_fails() ? nullptr : __libc_memalign(alignment, size);
}

}  // extern "C"
