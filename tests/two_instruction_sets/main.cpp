// Usage: main LOWER-NAME UPPER-NAME. Fails unless each translation unit kept the kernels it was compiled with.
#include "kernels.hpp"

#include <cmath>
#include <cstdio>
#include <cstring>

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const double lower = lower_result(), upper = upper_result();
  std::printf("lower: %s, %d-byte vectors, %.6f; upper: %s, %d-byte vectors, %.6f\n", lower_simd_name(),
              lower_vector_bytes(), lower, upper_simd_name(), upper_vector_bytes(), upper);
  const bool names =
      std::strcmp(lower_simd_name(), arguments[1]) == 0 && std::strcmp(upper_simd_name(), arguments[2]) == 0;
  const bool results = std::abs(lower - upper) < 1e-3 * (1 + std::abs(lower));  // the same up to rounding
  if (!names) std::printf("wanted %s and %s\n", arguments[1], arguments[2]);
  if (!results) std::printf("the results differ\n");
  return names && results ? 0 : 1;
}
