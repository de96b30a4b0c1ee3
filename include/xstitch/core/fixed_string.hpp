#pragma once
/// \file
/// A string that can be a template argument: Conv<"conv1", 96, 11>.

#include <xstitch/core/isa.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

/// The length is part of the type: both g++ and clang then print the text in error messages (a fixed capacity
/// prints as a list of numbers in clang).
template <std::size_t N>
struct FixedString {
  char text[N]{};  ///< the characters and a zero

  // NOLINTNEXTLINE(google-explicit-constructor): a literal must convert where a template argument is expected.
  /// From a literal: FixedString{"conv1"}.
  constexpr FixedString(const char (&literal)[N]) noexcept {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  /// The text without its zero.
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }

  /// Whether two texts are equal, of whatever lengths.
  template <std::size_t M>
  constexpr bool operator==(const FixedString<M>& other) const noexcept {
    return view() == other.view();
  }
};

/// The length follows from the literal.
template <std::size_t N>
FixedString(const char (&)[N]) -> FixedString<N>;

/// Names as a value, for static_assert(Net::seams == xs::names("pool1", "pool2")).
template <std::size_t N>
struct Names {
  std::array<std::string_view, N> items{};  ///< in the order in which they were given

  /// Whether the same names stand in the same order.
  template <std::size_t M>
  constexpr bool operator==(const Names<M>& other) const noexcept {
    if (N != M) return false;
    for (std::size_t i = 0; i < N && i < M; ++i)
      if (items[i] != other.items[i]) return false;
    return true;
  }
  /// How many there are.
  [[nodiscard]] static constexpr std::size_t size() noexcept { return N; }
  /// Name i.
  constexpr std::string_view operator[](std::size_t i) const noexcept { return items[i]; }
};

/// Names of literals: names("pool1", "pool2").
template <std::size_t... Lengths>
constexpr Names<sizeof...(Lengths)> names(const char (&... literals)[Lengths]) noexcept {
  return {{std::string_view{literals, Lengths - 1}...}};
}

}  // namespace xstitch::inline XSTITCH_ISA
