#pragma once
// Clocks around what a rank sends: where a step of several ranks spends its time. Before each call of the thread that
// sends, all ranks meet: what that takes is waiting for the slowest, and what follows is sending alone. Between two
// calls of that thread its processor time is copying and adding.

#include "support/machine.hpp"

#include <xstitch/mpi/mpi.hpp>

#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <time.h>

namespace bench {

inline double processor_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Seconds since restart().
struct SendingTimes {
  double waiting = 0.0;   ///< of the sending thread, for other ranks
  double sending = 0.0;   ///< of the sending thread, inside MPI
  double adding = 0.0;    ///< of the sending thread, from an exchange to the gathering of its sums
  double copying = 0.0;   ///< of the sending thread, between other calls
  double agreeing = 0.0;  ///< of the computing thread: losses, normalisers
  double bytes = 0.0;     ///< that this rank sent
};

class TimedRanks final : public xs::Ranks {
 public:
  /// `beside`: a thread of its own sends. `meet`: all ranks meet before each of its calls; without it waiting counts as
  /// sending. `nice`: priority of the thread that sends.
  TimedRanks(std::shared_ptr<xs::Ranks> ranks, bool beside, bool meet, int nice)
      : ranks_(std::move(ranks)), beside_(beside), meet_(meet), nice_(nice), main_(std::this_thread::get_id()) {
    MPI_Comm_dup(MPI_COMM_WORLD, &communicator_);
  }
  ~TimedRanks() override { MPI_Comm_free(&communicator_); }

  [[nodiscard]] std::size_t rank() const override { return ranks_->rank(); }
  [[nodiscard]] std::size_t ranks() const override { return ranks_->ranks(); }
  [[nodiscard]] std::string place() const override { return ranks_->place(); }
  [[nodiscard]] bool any_thread() const override { return ranks_->any_thread(); }
  void broadcast(std::size_t from, std::span<std::byte> bytes) override {
    timed(false, 0.0, [&] { ranks_->broadcast(from, bytes); });
  }
  void gather(std::span<const std::byte> own, std::span<std::byte> all, std::span<const std::size_t> counts) override {
    timed(false, static_cast<double>(own.size() * (ranks() - 1)), [&] { ranks_->gather(own, all, counts); });
  }
  void exchange(std::span<const std::byte> own, std::span<const std::size_t> sent, std::span<std::byte> all,
                std::span<const std::size_t> received) override {
    timed(true, static_cast<double>(own.size() - (own.empty() ? 0 : sent[rank()])),
          [&] { ranks_->exchange(own, sent, all, received); });
  }
  [[noreturn]] void abort(const std::string& why) override {
    ranks_->abort(why);
    std::abort();  // which it does not come to: the compiler knows that of the class alone
  }

  /// Of all threads; call it while nothing is sent.
  [[nodiscard]] const SendingTimes& times() const noexcept { return times_; }
  void restart() noexcept { times_ = {}; }

 private:
  template <class Call>
  void timed(bool exchange, double bytes, const Call& call) {
    times_.bytes += bytes;
    const double start = now();
    if (beside_ && std::this_thread::get_id() == main_) {
      call();
      times_.agreeing += now() - start;
      return;
    }
    if (nice_ != 0) setpriority(PRIO_PROCESS, 0, std::exchange(nice_, 0));  // in Linux, of the thread
    const double processor = processor_seconds();
    if (processor > last_) (after_exchange_ ? times_.adding : times_.copying) += processor - last_;
    if (meet_) MPI_Barrier(communicator_);
    const double met = now();
    times_.waiting += met - start;
    call();
    times_.sending += now() - met;
    after_exchange_ = exchange;
    last_ = processor_seconds();
  }

  std::shared_ptr<xs::Ranks> ranks_;
  bool beside_, meet_, after_exchange_ = false;
  int nice_;
  std::thread::id main_;
  MPI_Comm communicator_ = MPI_COMM_NULL;
  SendingTimes times_;
  double last_ = 1e300;  ///< processor time of the sending thread after its last call
};

}  // namespace bench
