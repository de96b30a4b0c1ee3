#pragma once
/// \file
/// Functions of one number, over arrays. Every element goes through the same vector instructions, whichever place it
/// has: the last, incomplete vector is computed on a padded copy.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/simd.hpp>

#include <algorithm>
#include <cstddef>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Floats of one task: 64 KiB, which outweighs the cost of starting it and leaves enough tasks for many threads.
inline constexpr std::size_t elementwise_chunk = 16384;

/// Calls f(begin, end) for runs of at most `chunk` elements that together cover [0, count).
template <class Function>
void for_chunks(ThreadPool& threads, std::size_t count, std::size_t chunk, const Function& f) {
  threads.parallel_for((count + chunk - 1) / chunk,
                       [&](std::size_t i) { f(i * chunk, std::min(count, (i + 1) * chunk)); });
}

/// Calls f(row) for each of `count` rows of `channels` elements.
template <class Function>
void for_rows(ThreadPool& threads, std::size_t count, std::size_t channels, const Function& f) {
  const std::size_t chunk = std::max<std::size_t>(1, elementwise_chunk / channels);
  for_chunks(threads, count, chunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) f(row);
  });
}

/// y[i] = op(x[i]) for Vector op(Vector); y may be x.
template <class Operation>
void transform(const float* x, float* y, std::size_t count, const Operation& op) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  std::size_t i = 0;
  for (; i + step <= count; i += step) store(y + i, op(load(x + i)));
  if (const auto rest = static_cast<int>(count - i); rest > 0) store_some(y + i, op(load_some(x + i, rest)), rest);
}

/// y[i] = op(a[i], b[i]); y may be a or b.
template <class Operation>
void transform(const float* a, const float* b, float* y, std::size_t count, const Operation& op) {
  constexpr auto step = static_cast<std::size_t>(lanes);
  std::size_t i = 0;
  for (; i + step <= count; i += step) store(y + i, op(load(a + i), load(b + i)));
  if (const auto rest = static_cast<int>(count - i); rest > 0)
    store_some(y + i, op(load_some(a + i, rest), load_some(b + i, rest)), rest);
}

/// The same, cut into tasks.
template <class Operation>
void transform(ThreadPool& threads, const float* x, float* y, std::size_t count, const Operation& op) {
  for_chunks(threads, count, elementwise_chunk,
             [&](std::size_t begin, std::size_t end) { transform(x + begin, y + begin, end - begin, op); });
}
template <class Operation>
void transform(ThreadPool& threads, const float* a, const float* b, float* y, std::size_t count, const Operation& op) {
  for_chunks(threads, count, elementwise_chunk,
             [&](std::size_t begin, std::size_t end) { transform(a + begin, b + begin, y + begin, end - begin, op); });
}

/// max(0, x), and its gradient from the output. In this form a NaN stays NaN.
struct ReluForward {
  Vector operator()(const Vector& x) const { return xsimd::select(x <= Vector(0.0F), Vector(0.0F), x); }
};
struct ReluBackward {
  Vector operator()(const Vector& y, const Vector& dy) const {
    return xsimd::select(y <= Vector(0.0F), Vector(0.0F), dy);
  }
};

/// max(0, x) + slope min(0, x); the output has the sign of the input, so the gradient needs no more.
struct LeakyReluForward {
  float slope;
  Vector operator()(const Vector& x) const { return xsimd::select(x <= Vector(0.0F), Vector(slope) * x, x); }
};
struct LeakyReluBackward {
  float slope;
  Vector operator()(const Vector& y, const Vector& dy) const {
    return xsimd::select(y <= Vector(0.0F), Vector(slope) * dy, dy);
  }
};

struct SigmoidForward {
  Vector operator()(const Vector& x) const { return Vector(1.0F) / (Vector(1.0F) + xsimd::exp(-x)); }
};
struct SigmoidBackward {
  Vector operator()(const Vector& y, const Vector& dy) const { return dy * y * (Vector(1.0F) - y); }
};

/// tanh(x) to 2e-7, without a branch (xsimd's has branches, in which g++ 12 sees variables without a value): near zero
/// Cephes' polynomial, else 1 - 2 / (exp(2 |x|) + 1).
inline Vector hyperbolic_tangent(const Vector& x) {
  const Vector size = xsimd::abs(x), square = x * x;
  Vector series = multiply_add(Vector(-5.70498872745e-3F), square, Vector(2.06390887954e-2F));
  series = multiply_add(series, square, Vector(-5.37397155531e-2F));
  series = multiply_add(series, square, Vector(1.33314422036e-1F));
  series = multiply_add(series, square, Vector(-3.33332819422e-1F));
  const Vector near = multiply_add(series * square, x, x);
  const Vector far = Vector(1.0F) - Vector(2.0F) / (xsimd::exp(size + size) + Vector(1.0F));
  return xsimd::select(size < Vector(0.625F), near, xsimd::select(x < Vector(0.0F), -far, far));
}

/// The standard normal distribution at x, to 1e-7, and exp(-x^2 / 2) on the way: Phi(-|x|) = p(t) exp(-x^2 / 2) / 2,
/// t = 1 / (1 + 0.3275911 |x| / sqrt(2)) (Abramowitz and Stegun, 7.1.26). No cancellation for negative x.
struct NormalDistribution {
  Vector bell, cumulative;
  explicit NormalDistribution(const Vector& x) : bell(xsimd::exp(Vector(-0.5F) * x * x)) {
    const Vector t = Vector(1.0F) / multiply_add(Vector(0.23164189F), xsimd::abs(x), Vector(1.0F));
    Vector p = multiply_add(Vector(1.061405429F), t, Vector(-1.453152027F));
    p = multiply_add(p, t, Vector(1.421413741F));
    p = multiply_add(p, t, Vector(-0.284496736F));
    p = multiply_add(p, t, Vector(0.254829592F));
    const Vector half = Vector(0.5F) * p * t;
    cumulative = xsimd::select(x > Vector(0.0F), negative_multiply_add(half, bell, Vector(1.0F)), half * bell);
  }
};

struct TanhForward {
  Vector operator()(const Vector& x) const { return hyperbolic_tangent(x); }
};
struct TanhBackward {
  Vector operator()(const Vector& y, const Vector& dy) const { return dy * negative_multiply_add(y, y, Vector(1.0F)); }
};

/// x Phi(x); the derivative is Phi(x) + x phi(x).
struct GeluForward {
  Vector operator()(const Vector& x) const { return x * NormalDistribution(x).cumulative; }
};
struct GeluBackward {
  Vector operator()(const Vector& x, const Vector& dy) const {
    const NormalDistribution normal(x);
    return dy * multiply_add(x * Vector(0.39894228F), normal.bell, normal.cumulative);
  }
};

/// x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanhForward {
  Vector operator()(const Vector& x) const {
    const Vector u = Vector(0.79788456F) * x * multiply_add(Vector(0.044715F), x * x, Vector(1.0F));
    return Vector(0.5F) * x * (Vector(1.0F) + hyperbolic_tangent(u));
  }
};
struct GeluTanhBackward {
  Vector operator()(const Vector& x, const Vector& dy) const {
    const Vector square = x * x;
    const Vector t =
        hyperbolic_tangent(Vector(0.79788456F) * x * multiply_add(Vector(0.044715F), square, Vector(1.0F)));
    const Vector slope = Vector(0.79788456F) * multiply_add(Vector(0.134145F), square, Vector(1.0F));
    const Vector rise = x * negative_multiply_add(t, t, Vector(1.0F));
    return dy * Vector(0.5F) * multiply_add(rise, slope, Vector(1.0F) + t);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
