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

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<Matrix>;
using ConstMatrixView = Eigen::Map<const Matrix>;
using VectorView = Eigen::Map<Eigen::VectorXf>;
using ConstVectorView = Eigen::Map<const Eigen::VectorXf>;

inline MatrixView matrix_view(float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
inline ConstMatrixView matrix_view(const float* data, std::size_t rows, std::size_t columns) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}
inline VectorView vector_view(float* data, std::size_t size) { return {data, static_cast<Eigen::Index>(size)}; }
inline ConstVectorView vector_view(const float* data, std::size_t size) {
  return {data, static_cast<Eigen::Index>(size)};
}

}  // namespace xstitch::inline XSTITCH_ISA
