#pragma once
/// \file
/// What is told of the algorithm that a pass of an operation takes, by `describe` and the benchmarks.

#include <xstitch/core/attribute.hpp>
#include <xstitch/core/precision.hpp>
#include <xstitch/core/shape.hpp>

#include <array>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct AlgorithmNote {
  std::string_view name, reason;  ///< which algorithm a pass takes, and why
  double products = 1.0;          ///< multiply-adds done, for each of the formula
};

/// Forward, the gradient to the input, the gradient of the weights, on this processor, from a layer's attributes: no
/// template, so that it costs the compilation of a network nothing.
using AlgorithmsFunction = std::array<AlgorithmNote, 3> (*)(std::span<const Attribute> attributes, Dims in,
                                                            Precision precision);

}  // namespace xstitch::inline XSTITCH_ISA
