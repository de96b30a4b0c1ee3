#pragma once
/// \file
/// A thread that works off jobs in their order, beside the one that computes. A job that throws is the last one: its
/// exception reaches the caller of wait().

#include <xstitch/core/start_threads.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Sender {
 public:
  /// Without a thread of its own a job runs in add().
  XSTITCH_INLINE explicit Sender(bool thread) {
    if (thread)
      start_threads(
          "communication", threads_, 1, [this](std::size_t) { work(); }, [this] { stop(); });
  }
  XSTITCH_INLINE ~Sender() {
    stop();
    for (std::thread& thread : threads_) thread.join();
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void add(std::function<void()> job) {
    if (threads_.empty()) return job();
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      ++added_;
    }
    wake_.notify_one();
  }
  /// Jobs added so far: wait(count) is for them.
  [[nodiscard]] std::size_t added() const noexcept { return added_; }
  void wait() { wait(added_); }
  void wait(std::size_t count) {
    if (threads_.empty()) return;
    std::unique_lock lock(mutex_);
    done_changed_.wait(lock, [&] { return done_ >= count || error_; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
  }
  XSTITCH_INLINE void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      if (error_) continue;
      lock.unlock();
      std::exception_ptr error;
      try {
        job();
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      ++done_;
      error_ = error;
      done_changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t added_ = 0, done_ = 0;
  std::exception_ptr error_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace xstitch::inline XSTITCH_ISA
