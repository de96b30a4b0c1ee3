#pragma once
/// \file
/// Ranks over MPI 3 (xstitch::mpi): a program that is started with `mpirun -np 4` trains with four processes.
///
///     int main(int argc, char** argv) {
///       xs::Mpi mpi(argc, argv);
///       ...
///       xs::train(net, data, sgd, {.epochs = 5, .distributed = {mpi.ranks()}});
///     }
///
/// MPI errors are xs::Error with MPI's text. Sums are never left to MPI, whose order of additions is its own. An
/// exception that leaves the scope of Mpi ends all ranks, because the others may wait for this one.

#include <xstitch/core/error.hpp>
#include <xstitch/run/ranks.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

// The C++ bindings that MPI 3 no longer has.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

namespace xstitch::inline XSTITCH_ISA {
namespace mpi {

/// All processes of the program, by a communicator of their own.
class World : public Ranks {
 public:
  explicit World(bool any_thread) : any_thread_(any_thread) {
    check(MPI_Comm_dup(MPI_COMM_WORLD, &communicator_), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    int rank = 0, ranks = 0;
    check(MPI_Comm_rank(communicator_, &rank), "MPI_Comm_rank");
    check(MPI_Comm_size(communicator_, &ranks), "MPI_Comm_size");
    rank_ = static_cast<std::size_t>(rank);
    ranks_ = static_cast<std::size_t>(ranks);
  }

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t ranks() const override { return ranks_; }
  [[nodiscard]] std::string place() const override {
    char name[MPI_MAX_PROCESSOR_NAME + 1] = {};
    int length = 0;
    if (MPI_Get_processor_name(name, &length) != MPI_SUCCESS) length = 0;
    return "process " + std::to_string(::getpid()) + " on " + std::string(name, static_cast<std::size_t>(length));
  }
  [[nodiscard]] bool any_thread() const override { return any_thread_; }

  void broadcast(std::size_t from, std::span<std::byte> bytes) override {
    if (from >= ranks_) fail("MPI: broadcast from rank ", from, " of ", ranks_);
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), most);
      check(MPI_Bcast(bytes.data(), static_cast<int>(count), MPI_BYTE, static_cast<int>(from), communicator_),
            "MPI_Bcast");
      bytes = bytes.subspan(count);
    }
  }
  void await(std::size_t from, std::span<std::byte> bytes) override {
    if (from >= ranks_ || bytes.size() > most)
      fail("MPI: await of ", bytes.size(), " bytes from rank ", from, " of ", ranks_);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibcast(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, static_cast<int>(from), communicator_,
                     &request),
          "MPI_Ibcast");
    for (int done = 0;;) {
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
      if (done != 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void gather(std::span<const std::byte> own, std::span<std::byte> all, std::span<const std::size_t> counts) override {
    std::size_t begin = 0;
    for (std::size_t r = 0; r < rank_; ++r) begin += counts[r];
    const bool in_place = !own.empty() && own.data() == all.data() + begin;
    if (all.size() > most) return gather_one_by_one(own, all, counts, in_place);
    place_parts(counts, counts_, begins_);
    check(MPI_Allgatherv(in_place ? MPI_IN_PLACE : not_null(own.data()), in_place ? 0 : static_cast<int>(own.size()),
                         MPI_BYTE, not_null(all.data()), counts_.data(), begins_.data(), MPI_BYTE, communicator_),
          "MPI_Allgatherv");
  }
  void exchange(std::span<const std::byte> own, std::span<const std::size_t> sent, std::span<std::byte> all,
                std::span<const std::size_t> received) override {
    if (own.size() > most || all.size() > most)
      fail("MPI: found ", std::max(own.size(), all.size()), " bytes to exchange at once, expected at most ", most,
           "; choose a smaller bucket");
    place_parts(sent, counts_, begins_);
    place_parts(received, other_counts_, other_begins_);
    check(MPI_Alltoallv(not_null(own.data()), counts_.data(), begins_.data(), MPI_BYTE, not_null(all.data()),
                        other_counts_.data(), other_begins_.data(), MPI_BYTE, communicator_),
          "MPI_Alltoallv");
  }
  [[noreturn]] void abort(const std::string& why) override {
    std::cerr << "rank " << rank_ << " of " << ranks_ << " (" << place() << ") ends all ranks: " << why << std::endl;
    // The thread that sends may be inside MPI, which then may not come back: mpirun ends the others all the same.
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(10);
    MPI_Abort(communicator_, 1);
    std::_Exit(1);
  }

 private:
  /// Counts and displacements of MPI 3 are int.
  static constexpr std::size_t most = std::numeric_limits<int>::max();

  void check(int code, const char* call) const {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING + 1] = {};
    int length = 0;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
    fail("MPI: rank ", rank_, " of ", ranks_, ": ", call, ": ", std::string(text, static_cast<std::size_t>(length)));
  }
  void gather_one_by_one(std::span<const std::byte> own, std::span<std::byte> all, std::span<const std::size_t> counts,
                         bool in_place) {
    for (std::size_t r = 0; r < ranks_; ++r) {
      const std::span<std::byte> part = all.first(counts[r]);
      if (r == rank_ && !in_place) std::copy(own.begin(), own.end(), part.begin());
      broadcast(r, part);
      all = all.subspan(counts[r]);
    }
  }
  static void place_parts(std::span<const std::size_t> parts, std::vector<int>& counts, std::vector<int>& begins) {
    counts.clear();
    begins.clear();
    std::size_t at = 0;
    for (const std::size_t part : parts) {
      counts.push_back(static_cast<int>(part));
      begins.push_back(static_cast<int>(at));
      at += part;
    }
  }
  /// Some implementations refuse a null buffer, though it is empty.
  static const void* not_null(const std::byte* bytes) noexcept { return bytes != nullptr ? bytes : &nothing; }
  static void* not_null(std::byte* bytes) noexcept { return bytes != nullptr ? bytes : &nothing; }
  static inline std::byte nothing{};

  MPI_Comm communicator_ = MPI_COMM_NULL;
  bool any_thread_;
  std::size_t rank_ = 0, ranks_ = 1;
  std::vector<int> counts_, begins_, other_counts_, other_begins_;  ///< [rank]
};

}  // namespace mpi

/// MPI from here to the end of the scope. One a program.
class Mpi {
 public:
  /// Starts MPI; it ends with this object.
  Mpi(int& argc, char**& argv) {
    int before = 0, provided = MPI_THREAD_SINGLE;
    MPI_Initialized(&before);
    if (before != 0) fail("Mpi: MPI is initialised already; a program has one Mpi");
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS)
      fail("Mpi: MPI_Init_thread failed");
    world_ = std::make_shared<mpi::World>(provided >= MPI_THREAD_SERIALIZED);
  }
  ~Mpi() {
    if (std::uncaught_exceptions() > exceptions_) {
      std::cerr << "rank " << world_->rank() << " of " << world_->ranks() << ": an exception ends all ranks"
                << std::endl;
      MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Finalize();
  }
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;

  /// All processes, for Distributed.
  [[nodiscard]] std::shared_ptr<Ranks> ranks() const noexcept { return world_; }

 private:
  int exceptions_ = std::uncaught_exceptions();
  std::shared_ptr<Ranks> world_;
};

}  // namespace xstitch::inline XSTITCH_ISA
