#pragma once
/// \file
/// The innermost step of every matrix kernel: the outer product of a few broadcast elements with a few vectors.

#include <xstitch/kernels/simd.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// acc[m][v] += element(m) * vector v of `vectors`, for M elements and V neighbouring vectors; element(m) is its
/// address. An arithmetic without an instruction of its own does this once for each number of an element.
template <class Arithmetic, int M, int V, class Address>
[[gnu::always_inline]] inline void add_outer_product(Vector (&acc)[M][V], const typename Arithmetic::Element* vectors,
                                                     const Address& element) noexcept {
  if constexpr (requires { typename Arithmetic::Second; }) {
    add_outer_product<typename Arithmetic::Second>(acc, vectors, element);
    asm volatile("" ::: "memory");  // read again: keeping what was read would take more registers than there are
    add_outer_product<typename Arithmetic::First>(acc, vectors, element);
  } else if constexpr (vector_registers == 16 && M < V) {  // keep the fewer ones in registers
    typename Arithmetic::Operand x[M];
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) x[m] = Arithmetic::broadcast(element(m));
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) {
      const auto w = Arithmetic::load(vectors + v * lanes);
      XSTITCH_UNROLL
      for (int m = 0; m < M; ++m) acc[m][v] = Arithmetic::multiply_add(x[m], w, acc[m][v]);
    }
  } else {
    typename Arithmetic::Operand w[V];
    XSTITCH_UNROLL
    for (int v = 0; v < V; ++v) w[v] = Arithmetic::load(vectors + v * lanes);
    XSTITCH_UNROLL
    for (int m = 0; m < M; ++m) {
      const auto x = Arithmetic::broadcast(element(m));
      XSTITCH_UNROLL
      for (int v = 0; v < V; ++v) acc[m][v] = Arithmetic::multiply_add(x, w[v], acc[m][v]);
    }
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
