#pragma once
/// \file
/// Checks an operation against the contract of operation.hpp, its gradients against numeric ones above all:
///
///     const xs::GradientReport report = xs::check_gradients<MyLayer, xs::Shape<5, 7, 3>>();
///     const auto report = xs::check_operation_gradients<Product, xs::Shapes{xs::Dims{2, 3, 4}, xs::Dims{2, 3, 4}}>();
///     if (!report.ok) std::cerr << report.text();
///
/// The loss is <r, y> for random weights r over all outputs that have a gradient, summed in double. Each gradient is
/// compared with the central difference of fourth order, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, over points that
/// floats hold exactly.
///
/// Beyond the numbers: backward overwrites every gradient (they are NaN before) and reads no input, output, saved or
/// scratch memory that the operation says it does not use; nothing outside the given blocks is written; parameters and
/// saved memory stay as they are, and what buffers are to become is written whole. The same bits come out in place, on
/// three threads, without input gradients, without each parameter's gradient, with gradients emitted in chunks, and
/// with buffers updated in place. (After the idea of dlib's test_layer.)

#include <xstitch/layers/gradient_checker.hpp>
#include <xstitch/layers/run_layer.hpp>

namespace xstitch::inline XSTITCH_ISA {

/// In is a Shape<height, width, channels>.
template <Layer L, class In>
GradientReport check_gradients(const GradientCheckOptions& options = {}) {
  return detail::GradientChecker<L, Shapes<1>{TensorShape(In::dims)}>(options).check();
}

/// In is a Shapes<n>. Inputs of integers come from options.fill_integers.
template <class Operation, auto In>
GradientReport check_operation_gradients(const GradientCheckOptions& options = {}) {
  return detail::GradientChecker<Operation, In>(options).check();
}

}  // namespace xstitch::inline XSTITCH_ISA
