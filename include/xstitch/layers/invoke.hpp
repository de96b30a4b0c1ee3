#pragma once
/// \file
/// Calls an operation in whichever form it is written: a layer on Dims or an operation on Shapes<n>; forward and
/// backward as templates on the shapes, on shapes and precision, or as ordinary functions.
///
///     invoke::outputs<Relu>(Shapes{Dims{8, 8, 3}})     invoke::forward<Product, Shapes{a, b}>(call)

#include <xstitch/core/error.hpp>
#include <xstitch/core/initializer.hpp>
#include <xstitch/layers/forms.hpp>
#include <xstitch/layers/traits.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace invoke {

/// What its members are asked with: Dims for a layer, the shapes themselves otherwise.
template <class Op, std::size_t N>
constexpr auto argument(const Shapes<N>& in) {
  if constexpr (Layer<Op>) {
    static_assert(N == 1, "xstitch: a layer has one input");
    return in[0].dims;
  } else {
    return in;
  }
}
template <class Op, std::size_t N>
constexpr auto outputs(const Shapes<N>& in) {
  if constexpr (Layer<Op>)
    return Shapes<1>{TensorShape(Op::output_shape(in[0].dims), in[0].rows)};
  else
    return Op::outputs(in);
}
/// What call.batch counts: rows for a layer, samples otherwise.
template <class Op, std::size_t N>
constexpr std::size_t batch(const Shapes<N>& in, std::size_t samples) {
  return Layer<Op> ? samples * static_cast<std::size_t>(in[0].rows) : samples;
}

/// The same as a constant. (clang 16 does not take a local constant inside a requirement.)
template <class Op, auto In>
inline constexpr auto given = argument<Op>(In);

template <class Op, auto In, Precision P = Precision::fp32>
void forward(const ForwardCall& call) {
  forms::forward<Op, given<Op, In>, P>()(call);
}
template <class Op, auto In, Precision P = Precision::fp32>
void backward(const BackwardCall& call) {
  forms::backward<Op, given<Op, In>, P>()(call);
}

/// Gives a parameter its initial values, by its description or by the operation's own initialize().
template <class Op, class In>
void initialize(const In& in, std::size_t index, float* values, RandomKey key) {
  const auto specs = traits::parameters<Op>(in);
  if (specs[index].initializer.kind != InitializerKind::custom) return initialize_parameter(specs[index], values, key);
  if constexpr (requires { Op::initialize(in, index, values, key); })
    Op::initialize(in, index, values, key);
  else
    fail("layer '", traits::name<Op>(), "' has a parameter with a custom initializer, but no function initialize()");
}

}  // namespace invoke
}  // namespace xstitch::inline XSTITCH_ISA
