#pragma once
/// \file
/// Runs one layer alone, outside a network: for tests, the gradient checker and small experiments.
///
///     RunLayer<MaxPool<2>, Dims{8, 8, 3}> run({.batch = 4});
///     std::ranges::copy(image, run.input().begin());
///     run.forward();   // run.output()
///     run.backward();  // run.output_gradient() -> run.input_gradient(), run.parameter_gradient(i)
///
/// A layer is an operation with one input and one output: see run_operation.hpp.

#include <xstitch/layers/run_operation.hpp>

namespace xstitch::inline XSTITCH_ISA {

template <Layer L, Dims In>
using RunLayer = RunOperation<L, Shapes<1>{TensorShape(In)}>;

}  // namespace xstitch::inline XSTITCH_ISA
