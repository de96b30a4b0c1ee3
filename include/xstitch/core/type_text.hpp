#pragma once
/// \file
/// The text of a type, from the compiler: type_name<Conv<"c", 8, 3>>() is "Conv", type_text the whole.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

namespace detail {

// g++: "... function_text() [with T = X; std::string_view = ...]", clang: "... function_text() [T = X]"
template <class T>
constexpr std::string_view function_text() {
  return __PRETTY_FUNCTION__;
}
/// What comes before and after X is the same for every type, and looked for once.
inline constexpr std::size_t text_before = function_text<int>().find("T = ") + 4;
inline constexpr std::size_t text_after = function_text<int>().size() - text_before - 3;

}  // namespace detail

/// As the compiler writes it, namespaces and arguments included; differs between compilers.
template <class T>
constexpr std::string_view type_text() {
  const std::string_view text = detail::function_text<T>();
  return text.substr(detail::text_before, text.size() - detail::text_before - detail::text_after);
}

/// Without arguments and namespaces.
template <class T>
constexpr std::string_view type_name() {
  std::string_view text = type_text<T>();
  if (const std::size_t end = text.find('<'); end != std::string_view::npos) text = text.substr(0, end);
  const std::size_t colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

}  // namespace xstitch::inline XSTITCH_ISA
