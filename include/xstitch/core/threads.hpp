#pragma once
/// \file
/// Fork and join over a fixed set of threads.
///
/// `parallel_for(n, f)` calls f(0) .. f(n - 1), each once, on the caller and the workers, and returns when all are
/// done. Work is cut by the problem, never by the number of threads, and each call writes its own results, so that
/// results have the same bits on any number of threads. Nothing is allocated in a call. An exception of a call
/// reaches the caller (the first one; the calls not yet started are skipped). Denormal numbers are flushed to zero
/// inside, on every thread, and the caller's floating-point mode is restored.
///
/// A call that finds the pool at work, from inside f or from another thread, does all of its own work on the thread
/// that made it: nothing is lost, and neither waits for the other, so that no cycle of pools can lock up.
///
/// Why not Eigen::ThreadPool: it allocates a closure for each task and calls std::abort on an exception in one.

#include <xstitch/core/error.hpp>
#include <xstitch/core/lock.hpp>
#include <xstitch/core/processors.hpp>

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace xstitch::inline XSTITCH_ISA {

/// Flushes denormals to zero (inputs and results) on this thread for its lifetime, then restores the mode.
class FlushDenormals {
 public:
  FlushDenormals() noexcept {
#if defined(__SSE2__)
    before_ = _mm_getcsr();
    _mm_setcsr(before_ | 0x8040U);
#elif defined(__aarch64__)
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" : : "r"(before_ | (std::uint64_t{1} << 24)));
#endif
  }
  ~FlushDenormals() {
#if defined(__SSE2__)
    _mm_setcsr(before_);
#elif defined(__aarch64__)
    asm volatile("msr fpcr, %0" : : "r"(before_));
#endif
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  unsigned before_ = 0;
#else
  std::uint64_t before_ = 0;
#endif
};

/// Most threads of one pool or loader: more than any machine has, and few enough for every machine to start them.
inline constexpr std::size_t max_threads = 4096;

/// Throws Error unless `threads` is at most max_threads; `what` says whose they are.
inline void check_threads(std::string_view what, std::size_t threads) {
  if (threads > max_threads) fail(what, ": found ", threads, " threads, expected at most ", max_threads);
}

/// A fixed set of threads that share the iterations of loops.
class ThreadPool {
 public:
  /// `threads` counts the caller: 1 runs everything on the caller, 0 takes as many as the process may use processors
  /// (core/processors.hpp). Throws Error if there are too many of them, or if the system refuses one.
  XSTITCH_INLINE explicit ThreadPool(std::size_t threads = 0) {
    const processors::Allowed allowed = processors::allowed();
    if (threads == 0) threads = allowed.count < max_threads ? allowed.count : max_threads;
    check_threads("thread pool", threads);
    // With more threads than processors a spinning thread only keeps the processor from one that has work, and with a
    // quota it spends what that one needs.
    if (threads > allowed.whole) spin_limit_ = 0;
    workers_.reserve(threads - 1);
    while (workers_.size() < threads - 1) start(threads - 1);
  }
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Threads that work on a loop, the caller's included.
  [[nodiscard]] std::size_t size() const noexcept { return workers_.size() + 1; }

  /// Calls f(i) for i in [0, count). On this thread alone if the pool is at work, see above.
  template <class Function>
  void parallel_for(std::size_t count, Function&& f) {
    using Plain = std::remove_reference_t<Function>;
    run(count, const_cast<void*>(static_cast<const void*>(std::addressof(f))),
        [](void* g, std::size_t i) { (*static_cast<Plain*>(g))(i); });
  }

 private:
  using Call = void (*)(void* function, std::size_t i);

  /// Apart from parallel_for: a program has hundreds of functions that are called in parallel.
  XSTITCH_INLINE void run(std::size_t count, void* function, Call call) {
    if (count == 0) return;
    const FlushDenormals flush;
    if (workers_.empty() || count == 1 || busy_.exchange(true, std::memory_order_acquire)) {
      for (std::size_t i = 0; i < count; ++i) call(function, i);
      return;
    }
    // We hold the pool, the gate is closed and nobody is inside, so what the workers read may be written.
    function_ = function;
    call_ = call;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    const std::uint64_t next_round = (gate_.load(std::memory_order_relaxed) & ~round_mask) + one_round;
    {
      const Lock lock(mutex_);  // so that a worker about to sleep sees it
      gate_.store(next_round | open, std::memory_order_release);
    }
    wake_.notify_all();
    drain();
    // Only workers that came in are waited for: one that the system has not woken yet has nothing of ours.
    gate_.fetch_and(~open, std::memory_order_acq_rel);
    for (int spin = 0; inside() != 0; ++spin) {
      if (spin < spin_limit_) {
        pause();
      } else {
        Lock lock(mutex_);
        while (inside() != 0) done_.wait(lock);
      }
    }
    const std::exception_ptr error = std::exchange(error_, nullptr);
    busy_.store(false, std::memory_order_release);
    if (error) std::rethrow_exception(error);
  }

  XSTITCH_INLINE void start(std::size_t wanted) {
    pthread_t worker{};
    const auto enter = [](void* pool) -> void* {
      static_cast<ThreadPool*>(pool)->work();
      return nullptr;
    };
    if (const int error = pthread_create(&worker, nullptr, enter, this); error != 0) {
      stop();
      fail("thread pool: thread ", workers_.size() + 1, " of ", wanted, " could not be started (",
           std::generic_category().message(error), ")");
    }
    workers_.push_back(worker);
  }
  /// Ends all threads.
  void stop() {
    {
      const Lock lock(mutex_);
      stopping_.store(true, std::memory_order_release);
    }
    wake_.notify_all();
    for (const pthread_t worker : workers_) pthread_join(worker, nullptr);
  }

  static void pause() noexcept {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  void drain() noexcept {
    for (;;) {
      const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
      if (i >= count_) return;
      try {
        call_(function_, i);
      } catch (...) {
        const Lock lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_.store(count_, std::memory_order_relaxed);
      }
    }
  }

  /// Workers inside the gate.
  [[nodiscard]] std::uint64_t inside() const noexcept { return gate_.load(std::memory_order_acquire) & (open - 1); }
  /// Whether there is a round that this worker has not taken part in and that still lets workers in.
  [[nodiscard]] bool has_work(std::uint64_t seen) const noexcept {
    const std::uint64_t gate = gate_.load(std::memory_order_acquire);
    return (gate & open) != 0 && (gate & ~round_mask) != seen;
  }

  XSTITCH_INLINE void work() {
    const FlushDenormals flush;
    std::uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < spin_limit_ && !has_work(seen); ++spin) pause();
      if (!has_work(seen)) {
        Lock lock(mutex_);
        while (!stopping_.load(std::memory_order_acquire) && !has_work(seen)) wake_.wait(lock);
      }
      if (stopping_.load(std::memory_order_acquire)) return;
      std::uint64_t gate = gate_.load(std::memory_order_acquire);
      if ((gate & open) == 0 || (gate & ~round_mask) == seen) continue;
      if (!gate_.compare_exchange_strong(gate, gate + 1, std::memory_order_acq_rel)) continue;
      seen = gate & ~round_mask;
      drain();
      const std::uint64_t left = gate_.fetch_sub(1, std::memory_order_acq_rel) - 1;
      if ((left & round_mask) == 0) {  // the last one out of a closed gate
        const Lock lock(mutex_);
        done_.notify_one();
      }
    }
  }

  // The gate in one word: the number of the round, whether workers may come in, how many are inside.
  static constexpr std::uint64_t open = std::uint64_t{1} << 15;
  static constexpr std::uint64_t one_round = std::uint64_t{1} << 16;
  static constexpr std::uint64_t round_mask = one_round - 1;

  int spin_limit_ = 20000;  // written before the first worker starts
  std::vector<pthread_t> workers_;
  Mutex mutex_;
  Condition wake_, done_;
  std::atomic<std::uint64_t> gate_{0};
  std::atomic<std::size_t> next_{0};
  void* function_ = nullptr;
  void (*call_)(void*, std::size_t) = nullptr;
  std::size_t count_ = 0;
  std::exception_ptr error_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> busy_{false};  ///< a parallel_for has the workers
};

}  // namespace xstitch::inline XSTITCH_ISA
