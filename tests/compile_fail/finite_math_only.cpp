// The part of -ffast-math that does the harm, alone.
// wrong options: -O1 -ffinite-math-only
// expect: error: .*xstitch: under -ffast-math tests for NaN are always false
#include <xstitch/core/finite.hpp>

bool all_are_finite(const float* values, std::size_t count) { return xstitch::all_finite({values, count}); }
