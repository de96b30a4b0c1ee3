// Usage: mpirun -np N PROGRAM MODE FOLDER (see training.cpp)
#include <xstitch/mpi/mpi.hpp>

#include "training.hpp"

int main(int argc, char** argv) {
  xstitch::Mpi mpi(argc, argv);
  return run_ranks(mpi.ranks(), {argv + 1, argv + argc});
}
