#pragma once
/// \file
/// Transposes, four by four: to[c][r] = from[r][c].

#include <xstitch/kernels/simd.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

inline void transpose_4x4(const float* from, Index from_row, float* to, Index to_row) noexcept {
  using Four = xsimd::make_sized_batch_t<float, 4>;
  const Four a = Four::load_unaligned(from), b = Four::load_unaligned(from + from_row),
             c = Four::load_unaligned(from + 2 * from_row), d = Four::load_unaligned(from + 3 * from_row);
  const Four ac = xsimd::zip_lo(a, c), bd = xsimd::zip_lo(b, d), ca = xsimd::zip_hi(a, c), db = xsimd::zip_hi(b, d);
  xsimd::zip_lo(ac, bd).store_unaligned(to);
  xsimd::zip_hi(ac, bd).store_unaligned(to + to_row);
  xsimd::zip_lo(ca, db).store_unaligned(to + 2 * to_row);
  xsimd::zip_hi(ca, db).store_unaligned(to + 3 * to_row);
}

/// Of `rows` rows of `columns` numbers; what is left beside the squares goes one by one.
inline void transpose(const float* from, Index from_row, Index rows, Index columns, float* to, Index to_row) noexcept {
  const Index whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
  for (Index c = 0; c < whole_columns; c += 4)
    for (Index r = 0; r < whole_rows; r += 4)
      transpose_4x4(from + r * from_row + c, from_row, to + c * to_row + r, to_row);
  for (Index r = 0; r < rows; ++r)
    for (Index c = r < whole_rows ? whole_columns : 0; c < columns; ++c) to[c * to_row + r] = from[r * from_row + c];
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
