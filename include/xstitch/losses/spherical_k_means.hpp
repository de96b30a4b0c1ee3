#pragma once
/// \file
/// k-means of directions: codewords w_k on the unit sphere that maximise the sum over normals of max_k n . w_k.
///
/// The first codewords are drawn by k-means++ (a normal is taken with a probability in proportion to 1 - n . w of its
/// nearest codeword so far), then codewords become the normalised mean of their normals until no normal changes its
/// codeword. The same normals and key give the same codewords. Cost: normals x codewords x iterations; a sample of some
/// ten thousand normals is plenty.

#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/kernels/multiply_add.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// `normals` is [count, 3] of any length (normals of length 0 are skipped), `codewords` [codewords, 3] is written.
inline void spherical_k_means(std::span<const float> normals, std::span<float> codewords, RandomKey key,
                              int iterations = 100) {
  if (normals.size() % 3 != 0 || codewords.size() % 3 != 0)
    fail("spherical k-means: ", normals.size(), " and ", codewords.size(), " numbers, expected multiples of 3");
  std::vector<double> unit;
  unit.reserve(normals.size());
  for (std::size_t i = 0; i < normals.size(); i += 3) {
    double n[3], square = 0.0;
    for (std::size_t k = 0; k < 3; ++k) {
      n[k] = static_cast<double>(normals[i + k]);
      square = kernels::multiply_add(n[k], n[k], square);
    }
    if (!std::isfinite(square)) fail("spherical k-means: normal ", i / 3, " is not finite");
    if (square < 1e-12) continue;
    for (const double x : n) unit.push_back(x / std::sqrt(square));
  }
  const std::size_t count = unit.size() / 3, clusters = codewords.size() / 3;
  if (count < clusters)
    fail("spherical k-means: ", count, " normals, expected at least ", clusters, ", one a codeword");

  std::vector<double> center(3 * clusters), nearest(count, -1.0);
  std::vector<std::size_t> codeword(count, clusters);
  const auto cosine = [&](std::size_t i, std::size_t w) {
    const double *n = unit.data() + 3 * i, *c = center.data() + 3 * w;
    return kernels::dot(n[0], c[0], n[1], c[1], n[2], c[2]);
  };
  const auto place = [&](std::size_t w, std::size_t i) {
    for (std::size_t k = 0; k < 3; ++k) center[3 * w + k] = unit[3 * i + k];
  };
  place(0, key.below(0, count));
  for (std::size_t w = 1; w < clusters; ++w) {
    double total = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      nearest[i] = std::max(nearest[i], cosine(i, w - 1));
      total += std::max(0.0, 1.0 - nearest[i]);
    }
    double left = static_cast<double>(key.uniform(w)) * total;
    std::size_t chosen = 0;
    for (; chosen + 1 < count; ++chosen)
      if ((left -= std::max(0.0, 1.0 - nearest[chosen])) < 0.0) break;
    place(w, chosen);
  }

  for (int iteration = 0; iteration < iterations; ++iteration) {
    bool changed = false;
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t best = 0;
      for (std::size_t w = 1; w < clusters; ++w)
        if (cosine(i, w) > cosine(i, best)) best = w;
      nearest[i] = cosine(i, best);
      changed = changed || codeword[i] != best;
      codeword[i] = best;
    }
    if (!changed) break;
    std::fill(center.begin(), center.end(), 0.0);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < 3; ++k) center[3 * codeword[i] + k] += unit[3 * i + k];
    for (std::size_t w = 0; w < clusters; ++w) {
      const double* c = center.data() + 3 * w;
      const double size = std::sqrt(kernels::dot(c[0], c[0], c[1], c[1], c[2], c[2]));
      if (size > 1e-9) {
        for (std::size_t k = 0; k < 3; ++k) center[3 * w + k] /= size;
      } else {  // no normal (or opposite ones): start again at the worst covered normal
        const auto worst = std::min_element(nearest.begin(), nearest.end());
        place(w, static_cast<std::size_t>(worst - nearest.begin()));
        *worst = 1.0;
      }
    }
  }
  for (std::size_t i = 0; i < codewords.size(); ++i) codewords[i] = static_cast<float>(center[i]);
}

}  // namespace xstitch::inline XSTITCH_ISA
