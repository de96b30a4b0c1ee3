#pragma once
/// \file
/// Names with a number in them: Block<numbered<3>, ...> is Block<"3", ...>, Seam<numbered_name<"pool", 3>> is
/// Seam<"pool3">. Models whose blocks are counted name them so.

#include <xstitch/core/fixed_string.hpp>

#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace models {
namespace detail {

constexpr std::size_t digits(int number) { return number < 10 ? 1 : 1 + digits(number / 10); }

template <FixedString Name, int Number>
constexpr auto with_number() {
  static_assert(Number >= 0, "xstitch: a name is made from a number that is not negative");
  constexpr std::size_t letters = Name.view().size(), length = letters + digits(Number);
  char text[length + 1]{};
  for (std::size_t i = 0; i < letters; ++i) text[i] = Name.view()[i];
  int rest = Number;
  for (std::size_t i = length; i-- > letters; rest /= 10) text[i] = static_cast<char>('0' + rest % 10);
  return FixedString<length + 1>(text);
}

}  // namespace detail

template <FixedString Name, int Number>
inline constexpr auto numbered_name = detail::with_number<Name, Number>();
template <int Number>
inline constexpr auto numbered = detail::with_number<"", Number>();

}  // namespace models
}  // namespace xstitch::inline XSTITCH_ISA
