#pragma once
/// \file
/// Normalisation of each row of a [rows, length] matrix, with a weight and a bias for each column:
///
///     mean, variance of a row;  i = 1 / sqrt(variance + epsilon);  y = (x - mean) i weight + bias
///     dweight = sum over rows of i dy (x - mean);  dbias = sum over rows of dy;  g = dy weight;
///     dx = i (g - sum g / length - (x - mean) i^2 sum g (x - mean) / length)
///
/// A row's moments are taken about its first element: runs of 32 vectors in floats, the runs in double. Sums over rows
/// are cut into chunks by the sizes, a chunk adds runs of 32 rows in floats, and chunks are added in double, in order.

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Rows that one task adds up.
constexpr std::size_t layer_norm_chunk(std::size_t length) { return std::clamp<std::size_t>(16384 / length, 32, 1024); }
/// Bytes of the partial sums of a batch whose samples have `rows` rows.
constexpr Extent layer_norm_workspace(std::size_t rows, std::size_t length) {
  const std::size_t one = 2 * length * sizeof(double), chunk = layer_norm_chunk(length);
  return {(rows * one + chunk - 1) / chunk, one};
}

namespace detail {

/// Calls f(j, lanes used) for each vector of a row.
template <class Function>
void for_row_vectors(std::size_t begin, std::size_t end, const Function& f) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  for (std::size_t j = begin; j < end; j += step) f(j, static_cast<int>(std::min(step, end - j)));
}
inline Vector get(const float* p, int count) { return count == lanes ? load(p) : load_some(p, count); }
inline void put(float* p, const Vector& v, int count) {
  if (count == lanes)
    store(p, v);
  else
    store_some(p, v, count);
}

/// The sums over a row of both vectors that terms(j, lanes used) gives; lanes beyond the row must be zero.
template <class Terms>
std::array<double, 2> row_sums(std::size_t length, const Terms& terms) {
  constexpr std::size_t run = 32 * static_cast<std::size_t>(lanes);
  std::array<double, 2> totals{};
  for (std::size_t begin = 0; begin < length; begin += run) {
    Vector a(0.0F), b(0.0F);
    for_row_vectors(begin, std::min(length, begin + run), [&](std::size_t j, int count) {
      const std::array<Vector, 2> both = terms(j, count);
      a += both[0];
      b += both[1];
    });
    totals[0] += static_cast<double>(sum(a));
    totals[1] += static_cast<double>(sum(b));
  }
  return totals;
}

/// The first `count` floats, the other lanes `rest`.
inline Vector load_or(const float* p, int count, float rest) {
  if (count == lanes) return load(p);
  alignas(64) float buffer[lanes];
  std::fill_n(buffer, lanes, rest);
  std::memcpy(buffer, p, static_cast<std::size_t>(count) * sizeof(float));
  return Vector::load_aligned(buffer);
}

/// Calls f(row), each task some rows.
template <class Function>
void for_norm_rows(ThreadPool& threads, std::size_t rows, std::size_t length, const Function& f) {
  const std::size_t each = std::max<std::size_t>(1, 16384 / length);
  threads.parallel_for((rows + each - 1) / each, [&](std::size_t task) {
    for (std::size_t r = task * each; r < std::min(rows, (task + 1) * each); ++r) f(r);
  });
}

}  // namespace detail

/// saved: null, or mean and i of each row, [rows][2].
inline void layer_norm(ThreadPool& threads, std::size_t rows, std::size_t length, const float* x, const float* weight,
                       const float* bias, double epsilon, float* y, float* saved) {
  detail::for_norm_rows(threads, rows, length, [&](std::size_t r) {
    const float *from = x + r * length, origin = from[0];
    const std::array<double, 2> sums = detail::row_sums(length, [&](std::size_t j, int count) {
      const Vector d = detail::load_or(from + j, count, origin) - Vector(origin);
      return std::array{d, d * d};
    });
    const auto m = static_cast<double>(length);
    const double squares = sums[1] - sums[0] * sums[0] / m;  // rounding can leave a tiny negative number; a NaN stays
    const auto mean = static_cast<float>(static_cast<double>(origin) + sums[0] / m);
    const auto inverse = static_cast<float>(1.0 / std::sqrt((squares < 0.0 ? 0.0 : squares) / m + epsilon));
    if (saved != nullptr) {
      saved[2 * r] = mean;
      saved[2 * r + 1] = inverse;
    }
    detail::for_row_vectors(0, length, [&](std::size_t j, int count) {
      const Vector normal = (detail::get(from + j, count) - Vector(mean)) * Vector(inverse);
      detail::put(y + r * length + j,
                  multiply_add(normal, detail::get(weight + j, count), detail::get(bias + j, count)), count);
    });
  });
}

/// saved: what layer_norm wrote. dx may be null.
inline void layer_norm_gradient(ThreadPool& threads, std::size_t rows, std::size_t length, const float* x,
                                const float* weight, const float* dy, const float* saved, float* dx,
                                float* weight_gradient, float* bias_gradient, std::byte* workspace) {
  constexpr std::size_t columns = 1024, run = 32;
  const std::size_t chunk = layer_norm_chunk(length), chunks = (rows + chunk - 1) / chunk;
  const std::size_t blocks = (length + columns - 1) / columns;
  auto* partial = reinterpret_cast<double*>(workspace);  // [chunk][weight, bias][column]
  threads.parallel_for(chunks * blocks, [&](std::size_t task) {
    const std::size_t i = task / blocks, first = task % blocks * columns, end = std::min(rows, (i + 1) * chunk);
    detail::for_row_vectors(first, std::min(length, first + columns), [&](std::size_t j, int count) {
      Vector scaled(0.0F), plain(0.0F);
      for (std::size_t begin = i * chunk; begin < end; begin += run) {
        Vector a(0.0F), b(0.0F);
        for (std::size_t r = begin; r < std::min(end, begin + run); ++r) {
          const Vector g = detail::get(dy + r * length + j, count);
          const Vector normal =
              (detail::get(x + r * length + j, count) - Vector(saved[2 * r])) * Vector(saved[2 * r + 1]);
          a = multiply_add(g, normal, a);
          b += g;
        }
        scaled += a;
        plain += b;
      }
      alignas(64) float values[2][lanes];
      scaled.store_aligned(values[0]);
      plain.store_aligned(values[1]);
      for (std::size_t k = 0; k < 2; ++k)
        for (int l = 0; l < count; ++l)
          partial[(2 * i + k) * length + j + static_cast<std::size_t>(l)] = static_cast<double>(values[k][l]);
    });
  });
  threads.parallel_for(blocks, [&](std::size_t block) {
    for (std::size_t j = block * columns; j < std::min(length, (block + 1) * columns); ++j) {
      double scaled = 0.0, plain = 0.0;
      for (std::size_t i = 0; i < chunks; ++i) {
        scaled += partial[2 * i * length + j];
        plain += partial[(2 * i + 1) * length + j];
      }
      weight_gradient[j] = static_cast<float>(scaled);
      bias_gradient[j] = static_cast<float>(plain);
    }
  });
  if (dx == nullptr) return;
  detail::for_norm_rows(threads, rows, length, [&](std::size_t r) {
    const float *from = x + r * length, *given = dy + r * length;
    const Vector mean(saved[2 * r]), inverse(saved[2 * r + 1]);
    const std::array<double, 2> sums = detail::row_sums(length, [&](std::size_t j, int count) {
      const Vector g = detail::get(given + j, count) * detail::get(weight + j, count);
      return std::array{g, g * ((detail::get(from + j, count) - mean) * inverse)};
    });
    const auto m = static_cast<double>(length);
    const Vector average(static_cast<float>(sums[0] / m)), along(static_cast<float>(sums[1] / m));
    detail::for_row_vectors(0, length, [&](std::size_t j, int count) {
      const Vector g = detail::get(given + j, count) * detail::get(weight + j, count) - average;
      const Vector normal = (detail::get(from + j, count) - mean) * inverse;
      detail::put(dx + r * length + j, inverse * negative_multiply_add(normal, along, g), count);
    });
  });
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
