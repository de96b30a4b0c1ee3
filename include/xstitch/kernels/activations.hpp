#pragma once
/// \file
/// Activations as functions of one vector: f(x), and df(v, dy) = dy f'(x) with v = y where `of_output`, else v = x. A
/// NaN stays a NaN. `fusible`: the same bits in vectors of every width, so that a producer may apply f while it writes.
///
///     struct Square { static Vector f(const Vector& x) { return x * x; }
///                     static Vector df(const Vector& x, const Vector& dy) { return dy * (x + x); } };

#include <xstitch/core/ratio.hpp>
#include <xstitch/kernels/simd.hpp>

// g++ 12 takes the undefined operand of its own AVX-512 intrinsics for a variable used without a value (GCC 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

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

/// 1 / (1 + exp(-x))
inline Vector logistic(const Vector& x) { return Vector(1.0F) / (Vector(1.0F) + xsimd::exp(-x)); }

/// exp(x) - 1 for x <= 0, relative to 2e-7: near zero its series, which does not cancel.
inline Vector exponential_less_one(const Vector& x) {
  Vector series = multiply_add(Vector(1.0F / 5040), x, Vector(1.0F / 720));
  for (const float term : {1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F}) series = multiply_add(series, x, Vector(term));
  return xsimd::select(x > Vector(-0.5F), series * x, xsimd::exp(x) - Vector(1.0F));
}

/// log(1 + u) for u in [0, 1], relative to 2e-7: 2 artanh(z), z = u / (2 + u) <= 1/3, by its series.
inline Vector logarithm_of_one_more(const Vector& u) {
  const Vector z = u / (u + Vector(2.0F)), square = z * z;
  Vector series = multiply_add(Vector(2.0F / 13), square, Vector(2.0F / 11));
  for (const float term : {2.0F / 9, 2.0F / 7, 2.0F / 5, 2.0F / 3, 2.0F})
    series = multiply_add(series, square, Vector(term));
  return series * z;
}

namespace activations {

/// max(0, x)
struct Relu {
  static constexpr bool of_output = true, fusible = true;
  template <class V>
  static V f(const V& x) {
    return xsimd::select(x <= V(0.0F), V(0.0F), x);
  }
  static Vector df(const Vector& y, const Vector& dy) { return xsimd::select(y <= Vector(0.0F), Vector(0.0F), dy); }
};

/// min(max(0, x), 6)
struct Relu6 {
  static constexpr bool of_output = true, fusible = true;
  template <class V>
  static V f(const V& x) {
    return xsimd::select(x <= V(0.0F), V(0.0F), xsimd::select(x >= V(6.0F), V(6.0F), x));
  }
  static Vector df(const Vector& y, const Vector& dy) {
    return xsimd::select((y <= Vector(0.0F)) | (y >= Vector(6.0F)), Vector(0.0F), dy);
  }
};

/// max(0, x) + slope min(0, x); the output has the sign of the input, so the gradient needs no more.
template <Ratio Slope>
struct LeakyRelu {
  static constexpr bool of_output = true, fusible = true;
  template <class V>
  static V f(const V& x) {
    return xsimd::select(x <= V(0.0F), V(Slope.value()) * x, x);
  }
  static Vector df(const Vector& y, const Vector& dy) {
    return xsimd::select(y <= Vector(0.0F), Vector(Slope.value()) * dy, dy);
  }
};

/// x where x > 0, else alpha (exp(x) - 1); the slope of the latter is y + alpha.
template <Ratio Alpha>
struct Elu {
  static constexpr bool of_output = true;
  static Vector f(const Vector& x) {
    return xsimd::select(x > Vector(0.0F), x, Vector(Alpha.value()) * exponential_less_one(x));
  }
  static Vector df(const Vector& y, const Vector& dy) {
    return xsimd::select(y > Vector(0.0F), dy, dy * (y + Vector(Alpha.value())));
  }
};

struct Sigmoid {
  static constexpr bool of_output = true;
  static Vector f(const Vector& x) { return logistic(x); }
  static Vector df(const Vector& y, const Vector& dy) { return dy * y * (Vector(1.0F) - y); }
};

struct Tanh {
  static constexpr bool of_output = true;
  static Vector f(const Vector& x) { return hyperbolic_tangent(x); }
  static Vector df(const Vector& y, const Vector& dy) { return dy * negative_multiply_add(y, y, Vector(1.0F)); }
};

/// log(1 + exp(x)) = max(0, x) + log(1 + exp(-|x|)); the slope is 1 - exp(-y).
struct Softplus {
  static constexpr bool of_output = true;
  static Vector f(const Vector& x) { return Relu::f(x) + logarithm_of_one_more(xsimd::exp(-xsimd::abs(x))); }
  static Vector df(const Vector& y, const Vector& dy) { return -dy * exponential_less_one(-y); }
};

/// min(max(0, x + 3), 6) / 6
struct HardSigmoid {
  static constexpr bool of_output = true;
  static Vector f(const Vector& x) {
    const Vector line = multiply_add(x, Vector(1.0F / 6), Vector(0.5F));
    return xsimd::select(x <= Vector(-3.0F), Vector(0.0F), xsimd::select(x >= Vector(3.0F), Vector(1.0F), line));
  }
  static Vector df(const Vector& y, const Vector& dy) {
    return xsimd::select((y <= Vector(0.0F)) | (y >= Vector(1.0F)), Vector(0.0F), dy * Vector(1.0F / 6));
  }
};

/// x / (1 + exp(-x)) = x s; the derivative is s + x s (1 - s). Both shares come from exp(-|x|): 1 - s would cancel, and
/// x is a factor.
struct Swish {
  static Vector f(const Vector& x) { return x * logistic(x); }
  static Vector df(const Vector& x, const Vector& dy) {
    const Vector e = xsimd::exp(-xsimd::abs(x)), large = Vector(1.0F) / (Vector(1.0F) + e), small = e * large;
    const Vector s = xsimd::select(x < Vector(0.0F), small, large);
    return dy * multiply_add(x * large, small, s);
  }
};

/// x min(max(0, x + 3), 6) / 6; the derivative in between is x / 3 + 1/2.
struct HardSwish {
  static Vector f(const Vector& x) { return xsimd::select(x <= Vector(-3.0F), Vector(0.0F), x * HardSigmoid::f(x)); }
  static Vector df(const Vector& x, const Vector& dy) {
    const Vector slope = multiply_add(x, Vector(1.0F / 3), Vector(0.5F));
    return xsimd::select(x <= Vector(-3.0F), Vector(0.0F), xsimd::select(x >= Vector(3.0F), dy, dy * slope));
  }
};

/// x Phi(x); the derivative is Phi(x) + x phi(x).
struct Gelu {
  static Vector f(const Vector& x) { return x * NormalDistribution(x).cumulative; }
  static Vector df(const Vector& x, const Vector& dy) {
    const NormalDistribution normal(x);
    return dy * multiply_add(x * Vector(0.39894228F), normal.bell, normal.cumulative);
  }
};

/// x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
struct GeluTanh {
  static Vector f(const Vector& x) {
    const Vector u = Vector(0.79788456F) * x * multiply_add(Vector(0.044715F), x * x, Vector(1.0F));
    return Vector(0.5F) * x * (Vector(1.0F) + hyperbolic_tangent(u));
  }
  static Vector df(const Vector& x, const Vector& dy) {
    const Vector square = x * x;
    const Vector t =
        hyperbolic_tangent(Vector(0.79788456F) * x * multiply_add(Vector(0.044715F), square, Vector(1.0F)));
    const Vector slope = Vector(0.79788456F) * multiply_add(Vector(0.134145F), square, Vector(1.0F));
    const Vector rise = x * negative_multiply_add(t, t, Vector(1.0F));
    return dy * Vector(0.5F) * multiply_add(rise, slope, Vector(1.0F) + t);
  }
};

}  // namespace activations
}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
