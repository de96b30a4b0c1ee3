#pragma once
/// \file
/// The text of a type, from the compiler: type_name<Conv<"c", 8, 3>>() is "Conv", type_text the whole.

#include <xstitch/core/isa.hpp>

#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// As the compiler writes it, namespaces and arguments included; differs between compilers.
template <class T>
constexpr std::string_view type_text() {
  // g++: "... type_text() [with T = X; std::string_view = ...]", clang: "... type_text() [T = X]"
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ';' || c == ']')) return text.substr(0, i);
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
  }
  return text;
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
