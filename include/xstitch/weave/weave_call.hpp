#pragma once
/// \file
/// What a weave unit is: the computation at a seam across the towers that have it.
///
///     struct MyUnit {
///       static constexpr auto parameters(int towers, Dims at);     // std::array<ParameterSpec, n>, group stitch
///       static void forward(const WeaveForward& call);
///       static void backward(const WeaveBackward& call);           // may write dx over dy of the same tower
///       static constexpr Extent workspace(int towers, Dims at);    // [none]
///     };
///
/// The shape is a run-time value here: a unit is bound by memory, and one body serves every seam.

#include <xstitch/core/parameter.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

/// The largest number of towers at one seam (and of branches at one Concat).
inline constexpr std::size_t max_towers = 8;

struct WeaveForward {
  std::size_t towers = 0;
  std::size_t pixels = 0;  ///< of the whole batch: batch x height x width
  std::size_t channels = 0;
  std::array<const float*, max_towers> inputs{};
  std::array<float*, max_towers> outputs{};
  /// Towers in the order of their names: summing in this order makes the result independent of the order in which
  /// the towers are written.
  std::array<std::size_t, max_towers> order{};
  float* const* parameters = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
};

struct WeaveBackward {
  std::size_t towers = 0;
  std::size_t pixels = 0;
  std::size_t channels = 0;
  std::array<const float*, max_towers> inputs{};
  std::array<const float*, max_towers> output_gradients{};
  std::array<float*, max_towers> input_gradients{};  ///< may be null; may equal output_gradients of the same tower
  std::array<std::size_t, max_towers> order{};
  float* const* parameters = nullptr;
  float* const* parameter_gradients = nullptr;
  std::byte* workspace = nullptr;
  ThreadPool& threads;
};

/// A unit as the engine sees it.
struct UnitRecord {
  std::string_view kind;
  void (*forward)(const WeaveForward&) = nullptr;
  void (*backward)(const WeaveBackward&) = nullptr;
  Extent (*workspace)(int, Dims) = nullptr;
  std::array<ParameterSpec, 2> (*parameters)(int, Dims) = nullptr;
  std::size_t parameter_count = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
