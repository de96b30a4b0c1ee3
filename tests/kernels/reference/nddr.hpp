#pragma once
/// \file
/// The NDDR unit written as its formula, in double: the oracle of the fast kernels. Tensors are [tower][row][channel],
/// one after the other, weights {T, T, C, C}.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels::reference {

struct NddrSizes {
  std::size_t towers, rows, channels;
  [[nodiscard]] std::size_t at(std::size_t tower, std::size_t row, std::size_t channel) const {
    return (tower * rows + row) * channels + channel;
  }
  [[nodiscard]] std::size_t weight(std::size_t t, std::size_t s, std::size_t i, std::size_t o) const {
    return ((t * towers + s) * channels + i) * channels + o;
  }
};

struct NddrGradients {
  std::vector<double> input, weight;
};

/// Calls f(index of x, index of y, index of W) for each product of the formula.
template <class Function>
void for_each_nddr_product(const NddrSizes& n, Function&& f) {
  for (std::size_t t = 0; t < n.towers; ++t)
    for (std::size_t s = 0; s < n.towers; ++s)
      for (std::size_t p = 0; p < n.rows; ++p)
        for (std::size_t i = 0; i < n.channels; ++i)
          for (std::size_t o = 0; o < n.channels; ++o) f(n.at(s, p, i), n.at(t, p, o), n.weight(t, s, i, o));
}

inline std::vector<double> nddr_forward(const NddrSizes& n, const std::vector<float>& x, const std::vector<float>& w) {
  std::vector<double> y(x.size());
  for_each_nddr_product(n, [&](std::size_t in, std::size_t out, std::size_t weight) {
    y[out] += static_cast<double>(x[in]) * static_cast<double>(w[weight]);
  });
  return y;
}

inline NddrGradients nddr_backward(const NddrSizes& n, const std::vector<float>& x, const std::vector<float>& w,
                                   const std::vector<float>& dy) {
  NddrGradients g{std::vector<double>(x.size()), std::vector<double>(w.size())};
  for_each_nddr_product(n, [&](std::size_t in, std::size_t out, std::size_t weight) {
    g.input[in] += static_cast<double>(dy[out]) * static_cast<double>(w[weight]);
    g.weight[weight] += static_cast<double>(dy[out]) * static_cast<double>(x[in]);
  });
  return g;
}

}  // namespace kernels::reference
}  // namespace xstitch::inline XSTITCH_ISA
