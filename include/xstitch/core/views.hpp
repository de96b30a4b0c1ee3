#pragma once
/// \file
/// Raw memory as what people already use: a matrix of Eigen (core/matrix_view.hpp), a tensor of xtensor. Nothing is
/// copied; the memory must outlive the view. Both are row-major, as everything here.
///
///     auto m = xs::matrix_view(pointer, rows, columns);            // Eigen::Map, m * v, m.row(0), ...
///     auto t = xs::tensor_view(pointer, {n, height, width, channels});   // xt::adapt, t(0, y, x, c)
///
/// xtensor 0.24 under C++20 gives temporaries of xt::xarray a wrong fixed rank (g++). So: only views of fixed rank, and
/// xt::xtensor<float, N> for what owns its memory; never xt::xarray or `auto` for a lazy expression that is returned.

#include <xstitch/core/matrix_view.hpp>
#include <xstitch/core/xtensor.hpp>
#include <xstitch/core/xtensor_adapt.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

/// A view of rank N of `data`, which may be float* or const float* (or of another element type).
template <class T, std::size_t N>
auto tensor_view(T* data, const std::size_t (&extents)[N]) {
  std::array<std::size_t, N> shape{};
  std::size_t count = 1;
  for (std::size_t i = 0; i < N; ++i) count *= shape[i] = extents[i];
  return xt::adapt(std::move(data), count, xt::no_ownership(), shape);
}
/// A row-major view as an xtensor of fixed rank; nothing is copied, and the memory must outlive it.
template <class T, std::size_t N>
auto tensor_view(T* data, const std::array<std::size_t, N>& shape) {
  std::size_t count = 1;
  for (const std::size_t extent : shape) count *= extent;
  return xt::adapt(std::move(data), count, xt::no_ownership(), shape);
}

}  // namespace xstitch::inline XSTITCH_ISA
