#pragma once
/// \file
/// Initial values of parameters, from their descriptions:
///
///     constant   value                         gaussian  normal(0, value)
///     xavier     uniform +-sqrt(3 / fan_in)    he        normal(0, sqrt(2 / fan_in))
///     pytorch    uniform +-1 / sqrt(fan_in)    stitch    {T, T, C}: value on the diagonal, other elsewhere
///     bilinear   {height, width, ...}: w(y) w(x) with w(i) = 1 - |i - centre| / factor, factor = ceil(size / 2),
///                centre = (size - 1) / 2. The kernel of FCN's upsampling; equal to Caffe's filler at the sizes that
///                one is made for, 2 factor - factor % 2, and symmetric at all others too (Caffe's is not)
///
/// Element i of a parameter depends on the key, the parameter's name and i alone.
/// Throws Error where an initializer needs something that the description lacks (fan_in, a rank).

#include <xstitch/core/error.hpp>
#include <xstitch/core/parameter.hpp>
#include <xstitch/core/random.hpp>

#include <cmath>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

inline void fill_uniform(float* values, std::size_t count, float limit, RandomKey key) {
  for (std::size_t i = 0; i < count; ++i) values[i] = key.uniform(i, -limit, limit);
}
XSTITCH_INLINE void fill_normal(float* values, std::size_t count, float standard_deviation, RandomKey key) {
  for (std::size_t i = 0; i < count; ++i) values[i] = standard_deviation * key.normal(i);
}

/// Weight of tap i of a one-dimensional bilinear kernel.
inline double bilinear_weight(int i, int size) {
  const int factor = (size + 1) / 2;
  const double centre = (size - 1) / 2.0;
  return 1.0 - std::abs(i - centre) / factor;
}

XSTITCH_INLINE void fill_bilinear(const ParameterSpec& spec, float* values) {
  if (spec.extents.rank < 2) fail("parameter '", spec.name, "': bilinear initializer needs {height, width, ...}");
  const int height = spec.extents.size[0], width = spec.extents.size[1];
  const std::size_t inner = spec.extents.count() / (static_cast<std::size_t>(height) * static_cast<std::size_t>(width));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto weight = static_cast<float>(bilinear_weight(y, height) * bilinear_weight(x, width));
      for (std::size_t c = 0; c < inner; ++c) *values++ = weight;
    }
}

inline void fill_stitch(const ParameterSpec& spec, float* values) {
  const Extents& e = spec.extents;
  if (e.rank != 3 || e.size[0] != e.size[1])
    fail("parameter '", spec.name, "': stitch initializer needs extents {towers, towers, channels}");
  for (int row = 0; row < e.size[0]; ++row)
    for (int column = 0; column < e.size[1]; ++column)
      for (int c = 0; c < e.size[2]; ++c) *values++ = row == column ? spec.initializer.value : spec.initializer.other;
}

}  // namespace detail

/// Writes the initial values of one parameter. `key` is that of its layer: the parameter's name is folded in here.
XSTITCH_INLINE void initialize_parameter(const ParameterSpec& spec, float* values, RandomKey layer_key) {
  const RandomKey key = layer_key.with(spec.name);
  const std::size_t count = spec.extents.count();
  const auto fan_in = [&] {
    if (spec.fan_in < 1) fail("parameter '", spec.name, "': its initializer needs a fan_in, found ", spec.fan_in);
    return static_cast<float>(spec.fan_in);
  };
  switch (spec.initializer.kind) {
    case InitializerKind::constant:
      for (std::size_t i = 0; i < count; ++i) values[i] = spec.initializer.value;
      return;
    case InitializerKind::gaussian:
      return detail::fill_normal(values, count, spec.initializer.value, key);
    case InitializerKind::xavier:
      return detail::fill_uniform(values, count, std::sqrt(3.0F / fan_in()), key);
    case InitializerKind::he:
      return detail::fill_normal(values, count, std::sqrt(2.0F / fan_in()), key);
    case InitializerKind::pytorch:
      return detail::fill_uniform(values, count, 1.0F / std::sqrt(fan_in()), key);
    case InitializerKind::bilinear:
      return detail::fill_bilinear(spec, values);
    case InitializerKind::stitch:
      return detail::fill_stitch(spec, values);
    case InitializerKind::custom:
      break;
  }
  fail("parameter '", spec.name, "': custom values come from the layer's own initialize()");
}

}  // namespace xstitch::inline XSTITCH_ISA
