#pragma once
/// \file
/// The tokens of JSON text (RFC 8259): strings, numbers, true, false, null and the signs between them, with the line
/// and column of what is wrong. json_parser.hpp makes values of them.

#include <xstitch/core/error.hpp>
#include <xstitch/core/text_number.hpp>
#include <xstitch/io/utf8.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace json {

class Scanner {
 public:
  Scanner(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  [[noreturn]] void refuse(std::string_view problem) const {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        column = 1;
      } else {
        ++column;
      }
    }
    fail(what_, ", line ", line, ", column ", column, ": ", problem);
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  /// The next character; 0 at the end.
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r')) ++at_;
  }
  /// Passes one character.
  void skip() { ++at_; }
  /// Passes `word`, which must come next.
  void expect(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) refuse(std::string("expected ") + std::string(word));
    at_ += word.size();
  }

  /// A string, of which the opening quote comes next.
  XSTITCH_INLINE std::string string() {
    std::string out;
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) refuse("the text ends inside a string");
      const char c = peek();
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) refuse("a control character inside a string");
      if (c != '\\') {
        const std::size_t length = utf8::character_length(text_, at_);
        if (length == 0) refuse("a string that is not UTF-8");
        out.append(text_, at_, length);
        at_ += length;
        continue;
      }
      ++at_;
      const char escape = peek();
      ++at_;
      switch (escape) {
        case '"':
          out += '"';
          break;
        case '\\':
          out += '\\';
          break;
        case '/':
          out += '/';
          break;
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'u': {
          unsigned code = hexadecimal();
          if (code >= 0xDC00U && code <= 0xDFFFU) refuse("half of a surrogate pair");
          if (code >= 0xD800U && code <= 0xDBFFU) {
            if (text_.substr(at_, 2) != "\\u") refuse("half of a surrogate pair");
            at_ += 2;
            const unsigned low = hexadecimal();
            if (low < 0xDC00U || low > 0xDFFFU) refuse("half of a surrogate pair");
            code = 0x10000U + ((code - 0xD800U) << 10) + (low - 0xDC00U);
          }
          utf8::append_character(out, code);
          break;
        }
        default:
          --at_;
          refuse("an unknown escape inside a string");
      }
    }
    ++at_;
    return out;
  }

  XSTITCH_INLINE double number() {
    const std::size_t start = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      return at_ - first;
    };
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const std::size_t whole = digits();
    if (whole == 0) {
      at_ = start;
      refuse("expected a value");
    }
    if (zero && whole > 1) refuse("a number with a leading zero");
    if (peek() == '.') {
      ++at_;
      if (digits() == 0) refuse("expected a digit after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (digits() == 0) refuse("expected a digit in the exponent");
    }
    const std::optional<double> value = number_of_text(text_.substr(start, at_ - start));
    if (!value) {
      at_ = start;
      refuse("a number outside of the range of a double");
    }
    return *value;
  }

 private:
  unsigned hexadecimal() {
    unsigned value = 0;
    for (int k = 0; k < 4; ++k, ++at_) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("expected four hexadecimal digits");
      value = value * 16U + static_cast<unsigned>(digit);
    }
    return value;
  }

  std::string_view text_, what_;
  std::size_t at_ = 0;
};

}  // namespace json
}  // namespace xstitch::inline XSTITCH_ISA
