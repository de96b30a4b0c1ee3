/// \file
/// Checks files of parameters and checkpoints against their checksums.
///
///     verify FILE...      a line each; ends with 1 if one is damaged, or is no such file

#include <xstitch/io/verify.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace xs = xstitch;

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::cerr << "Usage: verify FILE...\n";
    return EXIT_FAILURE;
  }
  bool good = true;
  for (int i = 1; i < argument_count; ++i) {
    try {
      const xs::Verified file = xs::verify(arguments[i]);
      std::cout << arguments[i] << ": " << file.tensors << " tensors, " << file.bytes << " bytes, "
                << (file.has_checksums ? "every checksum is right" : "no checksums: only its form was checked") << '\n';
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      good = false;
    }
  }
  std::cout.flush();
  return good && std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}
