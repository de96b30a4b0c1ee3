#pragma once
/// \file
/// Raw memory as a matrix of Eigen. Nothing is copied; the memory must outlive the view. Row-major, as everything here.
///
///     auto m = xs::matrix_view(pointer, rows, columns);            // Eigen::Map, m * v, m.row(0), ...
///
/// Apart from core/views.hpp, which has tensors of xtensor, too: its headers cost a second in each translation unit.

#include <xstitch/core/eigen.hpp>
#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// A matrix of its own, row-major: [samples, features].
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<Matrix>;
/// The same, to read.
using ConstMatrixView = Eigen::Map<const Matrix>;
/// A view of a vector.
using VectorView = Eigen::Map<Eigen::VectorXf>;
/// The same, to read.
using ConstVectorView = Eigen::Map<const Eigen::VectorXf>;

/// A row-major view of rows x columns floats; nothing is copied.
inline MatrixView matrix_view(float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
/// The same, to read.
inline ConstMatrixView matrix_view(const float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
/// A view of `size` floats; nothing is copied.
inline VectorView vector_view(float* data, std::size_t size) { return {data, static_cast<Eigen::Index>(size)}; }
/// The same, to read.
inline ConstVectorView vector_view(const float* data, std::size_t size) {
  return {data, static_cast<Eigen::Index>(size)};
}

}  // namespace xstitch::inline XSTITCH_ISA
