#pragma once
/// \file
/// What an operation is besides its shapes and parameters: a name and integers, a ratio, a text or a yes. Said once;
/// the description of a network, the signature that a resume compares, exports and messages derive from it.
///
///     Attribute::integers("stride", 4, 4)   Attribute::ratio("slope", Ratio{1, 100})   Attribute::flag("ceil", true)

#include <xstitch/core/ratio.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

struct Attribute {
  /// What kind of value it is: up to four integers, a ratio, a text, or yes and no.
  enum class Kind : std::uint8_t { integers, ratio, text, flag };
  static constexpr std::size_t most_integers = 4;  ///< how many integers an attribute holds at most

  std::string_view name;                          ///< as in Conv's "stride"
  Kind kind = Kind::integers;                     ///< which of the members below holds the value
  std::array<long long, most_integers> values{};  ///< integers; {numerator, denominator}; {0 or 1}
  std::size_t count = 0;                          ///< how many of `values` there are
  std::string_view words;                         ///< the value of a text

  /// One to four integers, such as the height and width of a kernel.
  template <class... Integers>
  static constexpr Attribute integers(std::string_view name, Integers... all) {
    static_assert(sizeof...(all) <= most_integers, "xstitch: an attribute holds at most 4 integers");
    return {name, Kind::integers, {static_cast<long long>(all)...}, sizeof...(all), {}};
  }
  /// A ratio in lowest terms: 2/4 and 1/2 are one setting.
  static constexpr Attribute ratio(std::string_view name, Ratio r) {
    const Ratio lowest = reduced(r);  // 1/2 and 2/4 are one setting
    return {name, Kind::ratio, {lowest.numerator, lowest.denominator}, 2, {}};
  }
  /// A word, or the name of a rule.
  static constexpr Attribute text(std::string_view name, std::string_view words) {
    return {name, Kind::text, {}, 0, words};
  }
  /// Yes or no.
  static constexpr Attribute flag(std::string_view name, bool value) {
    return {name, Kind::flag, {value ? 1 : 0}, 1, {}};
  }
};

/// "stride 4 4", "slope 1/100", "ceil yes".
XSTITCH_INLINE std::string to_string(const Attribute& attribute) {
  std::string text(attribute.name);
  switch (attribute.kind) {
    case Attribute::Kind::integers:
      for (std::size_t i = 0; i < attribute.count; ++i) text += " " + std::to_string(attribute.values[i]);
      break;
    case Attribute::Kind::ratio:
      text += " " + std::to_string(attribute.values[0]) + "/" + std::to_string(attribute.values[1]);
      break;
    case Attribute::Kind::text:
      text += " " + std::string(attribute.words);
      break;
    case Attribute::Kind::flag:
      text += attribute.values[0] != 0 ? " yes" : " no";
      break;
  }
  return text;
}

}  // namespace xstitch::inline XSTITCH_ISA
