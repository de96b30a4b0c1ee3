#pragma once
/// \file
/// Text as a number, in the C locale whatever the program's is: the other way of core/number_text.hpp.
///
///     number_of_text("-0.25")  -0.25       number_of_text("1e9 ")  none       number_of_text("1,5")  none
///
/// The whole text must be one finite decimal number: [-] digits [. digits] [e|E [+|-] digits].
/// std::from_chars reads it; libc++ before version 20 has none for floating-point numbers, and there strtod_l does.

#include <xstitch/core/isa.hpp>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <locale.h>  // newlocale is POSIX's
#if __has_include(<xlocale.h>)
#include <xlocale.h>
#endif

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

template <class Number>
concept ReadByFromChars = requires(const char* p, Number& value) {
  std::from_chars(p, p, value);
};

/// Whether the text is made as the grammar above says, which is narrower than strtod's.
constexpr bool is_decimal_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  const auto takes = [&](std::string_view any_of) {
    const bool found = at < text.size() && any_of.find(text[at]) != std::string_view::npos;
    at += found ? 1 : 0;
    return found;
  };
  takes("-");
  std::size_t count = digits();
  if (takes(".")) count += digits();
  if (count == 0) return false;
  if (takes("eE")) {
    takes("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

inline std::optional<double> number_by_strtod(std::string_view text) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", locale_t{});
  if (!is_decimal_number(text)) return std::nullopt;
  return strtod_l(std::string(text).c_str(), nullptr, c_locale);
}

template <class Number>
std::optional<Number> number_of_text(std::string_view text) {
  if constexpr (ReadByFromChars<Number>) {
    Number value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  } else {
    return number_by_strtod(text);
  }
}

}  // namespace detail

inline std::optional<double> number_of_text(std::string_view text) {
  const std::optional<double> value = detail::number_of_text<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace xstitch::inline XSTITCH_ISA
