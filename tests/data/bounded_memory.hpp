#pragma once
/// \file
/// What a call does in a process of its own that may take only so much more memory; and the bytes of hostile files.

#include <xstitch/core/error.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef XSTITCH_COVERAGE  // what a process that ends by _exit has taken is written only if it is asked for
extern "C" void __gcov_dump();
#endif

namespace xstitch_test {

// A sanitizer's own memory is beyond any limit: there only what is thrown is checked.
// (GCC says so by macros, clang by features; xtl defines __has_feature for GCC.)
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_limited = false;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
constexpr bool memory_is_limited = false;
#else
constexpr bool memory_is_limited = true;
#endif
#else
constexpr bool memory_is_limited = true;
#endif

/// "read", "xs::Error: TEXT", "exception: TEXT" or "signal N" of read() with `bytes` more address space than now.
template <class Read>
std::string outcome_within(std::uint64_t bytes, const Read& read) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    if (memory_is_limited) {
      std::uint64_t pages = 0;
      std::ifstream("/proc/self/statm") >> pages;
      const rlim_t most = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes;
      const rlimit limit{most, most};
      ::setrlimit(RLIMIT_AS, &limit);
    }
    std::string text = "read";
    try {
      read();
    } catch (const xstitch::Error& error) {
      text = std::string("xs::Error: ") + error.what();
    } catch (const std::exception& error) {
      text = std::string("exception: ") + error.what();
    }
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t put = ::write(ends[1], text.data() + done, text.size() - done);
      if (put <= 0) break;
      done += static_cast<std::size_t>(put);
    }
#ifdef XSTITCH_COVERAGE
    const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_AS, &unlimited);
    __gcov_dump();
#endif
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) : text;
}

/// `times` times the same text.
inline std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace xstitch_test
