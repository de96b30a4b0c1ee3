// The compiler would take every test for NaN as false: all_finite({1, NaN, 2}) would be true.
// wrong options: -ffast-math
// expect: error: .*xstitch: under -ffast-math tests for NaN are always false
#include <xstitch/core/finite.hpp>

bool all_are_finite(const float* values, std::size_t count) { return xstitch::all_finite({values, count}); }
