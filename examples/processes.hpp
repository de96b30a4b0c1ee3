#pragma once
// The processes of `mpirun -np N EXAMPLE --distributed`. The first speaks and writes for all.
#include <xstitch/core/error.hpp>
#include <xstitch/run/ranks.hpp>

#ifdef XSTITCH_WITH_mpi
#include <xstitch/mpi/mpi.hpp>
#endif

#include <iostream>
#include <memory>
#include <optional>
#include <string>

class Processes {
 public:
  /// Of one process if several are not wanted.
  void start([[maybe_unused]] int& argc, [[maybe_unused]] char**& argv) {
#ifdef XSTITCH_WITH_mpi
    mpi_.emplace(argc, argv);
    ranks_ = mpi_->ranks();
    if (!leads()) std::cout.rdbuf(nullptr);
#else
    xstitch::fail(
        "--distributed: this program was built without MPI. Install libopenmpi-dev and openmpi-bin (or libmpich-dev "
        "and mpich), configure and build again, then start it with mpirun -np 2");
#endif
  }
  [[nodiscard]] const std::shared_ptr<xstitch::Ranks>& ranks() const noexcept { return ranks_; }
  [[nodiscard]] bool leads() const { return !ranks_ || ranks_->rank() == 0; }
  /// Says why the program ends, and ends the other processes, which may wait for this one.
  int fail(const std::string& why) {
    if (ranks_) ranks_->abort(why);
    std::cerr << why << '\n';
    return 1;
  }

 private:
#ifdef XSTITCH_WITH_mpi
  std::optional<xstitch::Mpi> mpi_;
#endif
  std::shared_ptr<xstitch::Ranks> ranks_;
};
