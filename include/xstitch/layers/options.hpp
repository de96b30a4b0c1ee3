#pragma once
/// \file
/// Options of layers, in any order after the sizes: Conv<"conv2", 256, 5, Pad<2>, Groups<2>>.

#include <xstitch/core/ratio.hpp>
#include <xstitch/core/shape.hpp>
#include <xstitch/core/type_text.hpp>

#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

/// Pixels between two windows; 1 without it.
template <Size Value>
struct Stride {
  static constexpr Size value = Value;  ///< the number, or height and width
};
/// Empty pixels around the input; none without it.
template <Sides Value>
struct Pad {
  static constexpr Sides value = Value;  ///< of each side
};
/// Pixels between two taps of a kernel; 1 without it.
template <Size Value>
struct Dilation {
  static constexpr Size value = Value;  ///< the number, or height and width
};
/// Into how many groups the channels are divided; 1 without it (Krizhevsky et al. 2012).
template <int Value>
struct Groups {
  static constexpr int value = Value;  ///< the number
};
struct NoBias {};    ///< leave the bias out
struct CeilMode {};  ///< pooling: round the output size up (Caffe's rule) instead of down
/// Average pooling: divide by the whole window including padding (Caffe) instead of the covered elements.
struct IncludePadding {};
struct FrozenStatistics {};  ///< BatchNorm: training, too, normalises by the running statistics
/// How far the running statistics of BatchNorm move in a step.
template <Ratio Value>
struct Momentum {
  static constexpr Ratio value = Value;  ///< the number
};
/// What a normalisation adds to the variance.
template <Ratio Value>
struct Epsilon {
  static constexpr Ratio value = Value;  ///< the number
};
struct Frozen {};  ///< parameters keep their initial values
/// Standard deviation of Gaussian initial values: Gaussian<Ratio{1, 100}>.
template <Ratio Deviation>
struct Gaussian {
  static constexpr Ratio value = Deviation;  ///< standard deviation
};
struct Xavier {};
struct He {};
struct PyTorchInitializer {};  ///< uniform in +-1/sqrt(fan in), weights and bias
struct BilinearInitializer {};
struct ZeroInitializer {};
/// Initial value of the bias: InitialBias<Ratio{1}>.
template <Ratio Value>
struct InitialBias {
  static constexpr Ratio value = Value;  ///< the number
};

namespace options {

/// The wanted option of the pack if it is there, else the default type.
template <template <auto> class Wanted, class Default, class... Given>
struct FindValue {
  using type = Default;
};
template <template <auto> class Wanted, class Default, auto V, class... Rest>
struct FindValue<Wanted, Default, Wanted<V>, Rest...> {
  using type = Wanted<V>;
};
template <template <auto> class Wanted, class Default, class First, class... Rest>
struct FindValue<Wanted, Default, First, Rest...> : FindValue<Wanted, Default, Rest...> {};

template <class Wanted, class... Given>
constexpr bool has = (std::is_same_v<Wanted, Given> || ...);

/// Whether Option is one of the template Wanted: is<Pad, Pad<2>>.
template <template <auto> class Wanted, class Option>
constexpr bool is = false;
template <template <auto> class Wanted, auto Value>
constexpr bool is<Wanted, Wanted<Value>> = true;

/// The text of the first option that a layer does not know, or empty: unknown<Knows, Options...>() with
/// Knows::of<Option> a bool.
template <class Knows, class... Given>
constexpr std::string_view unknown() {
  std::string_view first;
  ((first = first.empty() && !Knows::template of<Given> ? type_text<Given>() : first), ...);
  return first;
}

}  // namespace options
}  // namespace xstitch::inline XSTITCH_ISA
