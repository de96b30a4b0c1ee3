#pragma once
/// \file
/// Ctrl-C as a wish: while an Interrupt lives, SIGINT and SIGTERM set a flag and a training that was given the flag
/// ends after its step with a checkpoint. A second signal ends the program at once.
///
///     xs::Interrupt interrupt;
///     xs::train(net, data, sgd, {.epochs = 10, .stop = &interrupt.flag()});

#include <xstitch/core/error.hpp>

#include <atomic>
#include <csignal>

namespace xstitch::inline XSTITCH_ISA {

class Interrupt {
 public:
  Interrupt() {
    if (alive().exchange(true)) fail("Interrupt: there is one already; signals have one handler");
    raised().store(false);
    old_interrupt_ = std::signal(SIGINT, handle);
    old_terminate_ = std::signal(SIGTERM, handle);
  }
  ~Interrupt() {
    std::signal(SIGINT, old_interrupt_ == SIG_ERR ? SIG_DFL : old_interrupt_);
    std::signal(SIGTERM, old_terminate_ == SIG_ERR ? SIG_DFL : old_terminate_);
    alive().store(false);
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Whether a signal has come.
  [[nodiscard]] const std::atomic<bool>& flag() const noexcept { return raised(); }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free, "xstitch: a signal handler may only touch lock-free atomics");
  static std::atomic<bool>& raised() noexcept {
    static constinit std::atomic<bool> flag{false};
    return flag;
  }
  static std::atomic<bool>& alive() noexcept {
    static constinit std::atomic<bool> flag{false};
    return flag;
  }
  static void handle(int signal) {
    if (raised().exchange(true)) {
      std::signal(signal, SIG_DFL);
      std::raise(signal);
    }
  }

  void (*old_interrupt_)(int) = nullptr;
  void (*old_terminate_)(int) = nullptr;
};

}  // namespace xstitch::inline XSTITCH_ISA
