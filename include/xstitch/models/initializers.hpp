#pragma once
/// \file
/// Initial values of a model's weights, as a type: what the paper's nets were published with, or what trains from
/// nothing.

#include <xstitch/layers/options.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace models {

/// As Caffe's bvlc_reference_caffenet: Gaussian weights of the standard deviation published for each layer, biases of 0
/// or 1.
struct CaffeInitializers {
  /// Of weights.
  template <Ratio Deviation>
  using weights = Gaussian<Deviation>;
  /// Of biases.
  template <Ratio Value>
  using bias = InitialBias<Value>;
};

/// Gaussian of standard deviation sqrt(2 / fan in), biases 0 (He et al., 2015): small data sets and no pretraining.
struct HeInitializers {
  /// Of weights.
  template <Ratio>
  using weights = He;
  /// Of biases.
  template <Ratio>
  using bias = InitialBias<Ratio{0}>;
};

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
