// Usage: mpirun -np N PROGRAM MODE FOLDER (see training.cpp), or MODE "refused": prints what is refused
#include <xstitch/mpi/mpi.hpp>

#include <array>
#include <cstddef>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include "training.hpp"

namespace {

/// The errors of calls that are wrong; no call reads the bytes.
int print_refusals(int argc, char** argv, xstitch::Ranks& ranks) {
  std::array<std::byte, 8> few{};
  const std::span<std::byte> many(few.data(), std::size_t{1} << 31);
  const std::vector<std::size_t> none(ranks.ranks(), 0), negative(ranks.ranks(), ~std::size_t{0});
  const auto print = [](const auto& call) {
    try {
      call();
    } catch (const xstitch::Error& error) {
      std::cout << error.what() << std::endl;
    }
  };
  print([&] { const xstitch::Mpi second(argc, argv); });
  print([&] { ranks.broadcast(ranks.ranks(), few); });
  print([&] { ranks.await(0, many); });
  print([&] { ranks.exchange(many, none, few, none); });
  print([&] { ranks.exchange(few, negative, few, negative); });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  xstitch::Mpi mpi(argc, argv);
  if (std::string_view(argv[1]) == "refused") return print_refusals(argc, argv, *mpi.ranks());
  return run_ranks(mpi.ranks(), {argv + 1, argv + argc});
}
