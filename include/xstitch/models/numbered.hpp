#pragma once
/// \file
/// A number as a name: Block<numbered<3>, ...> is Block<"3", ...>. Models whose blocks are counted name them so.

#include <xstitch/core/fixed_string.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace models {
namespace detail {

constexpr std::size_t digits(int number) { return number < 10 ? 1 : 1 + digits(number / 10); }

template <int Number>
constexpr FixedString<digits(Number) + 1> decimal() {
  static_assert(Number >= 0, "xstitch: a name is made from a number that is not negative");
  char text[digits(Number) + 1]{};
  int rest = Number;
  for (std::size_t i = digits(Number); i-- > 0; rest /= 10) text[i] = static_cast<char>('0' + rest % 10);
  return FixedString<digits(Number) + 1>(text);
}

}  // namespace detail

template <int Number>
inline constexpr auto numbered = detail::decimal<Number>();

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
