#pragma once
// A system that refuses threads: this program's pthread_create comes before the C library's. Included by one source
// file of a test.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

/// How many more threads the system starts; negative: any number.
inline std::atomic<int> threads_left{-1};
/// Threads that were started through this.
inline std::atomic<int> threads_started{0};

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                              void* argument) noexcept {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  const int left = threads_left.load();
  if (left == 0) return EAGAIN;
  if (left > 0) threads_left.store(left - 1);
  threads_started.fetch_add(1);
  return create(thread, attributes, start, argument);
}
