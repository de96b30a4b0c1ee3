#pragma once
/// \file
/// Reads JSON text. Include <xstitch/io/json.hpp>.

#include <xstitch/io/json.hpp>
#include <xstitch/io/utf8.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace json {

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Json document() {
    Json value = read(0);
    skip_space();
    if (at_ != text_.size()) refuse("text after the value");
    return value;
  }

 private:
  static constexpr int deepest = 128;

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
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r')) ++at_;
  }
  void expect(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) refuse(std::string("expected ") + std::string(word));
    at_ += word.size();
  }

  Json read(int level) {
    if (level > deepest) refuse("more than 128 levels of arrays and objects");
    skip_space();
    if (at_ == text_.size()) refuse("the text ends where a value is expected");
    switch (peek()) {
      case '{':
        return object(level);
      case '[':
        return array(level);
      case '"':
        return Json(string());
      case 't':
        expect("true");
        return Json(true);
      case 'f':
        expect("false");
        return Json(false);
      case 'n':
        expect("null");
        return Json(nullptr);
      default:
        return Json(number());
    }
  }

  Json object(int level) {
    Json::Object members;
    ++at_;
    skip_space();
    if (peek() == '}') {
      ++at_;
      return Json(std::move(members));
    }
    for (;;) {
      skip_space();
      if (peek() != '"') refuse("expected a key in quotes");
      std::string key = string();
      skip_space();
      expect(":");
      Json value = read(level + 1);
      members.emplace_back(std::move(key), std::move(value));
      skip_space();
      if (peek() == '}') break;
      if (peek() != ',') refuse("expected , or }");
      ++at_;
    }
    refuse_twins(members);
    ++at_;
    return Json(std::move(members));
  }

  /// A key twice: sorted, so that a file of a million keys takes no million squared comparisons.
  void refuse_twins(const Json::Object& members) const {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& [name, value] : members) keys.push_back(name);
    std::sort(keys.begin(), keys.end());
    const auto repeated = std::adjacent_find(keys.begin(), keys.end());
    if (repeated != keys.end())
      refuse("the key \"" + std::string(*repeated) + "\" comes twice in the object that ends here");
  }

  Json array(int level) {
    Json::Array items;
    ++at_;
    skip_space();
    if (peek() == ']') {
      ++at_;
      return Json(std::move(items));
    }
    for (;;) {
      items.push_back(read(level + 1));
      skip_space();
      if (peek() == ']') break;
      if (peek() != ',') refuse("expected , or ]");
      ++at_;
    }
    ++at_;
    return Json(std::move(items));
  }

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

  std::string string() {
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

  double number() {
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
    double value = 0.0;
    const auto [end, error] = std::from_chars(text_.data() + start, text_.data() + at_, value);
    if (error != std::errc{} || end != text_.data() + at_) {
      at_ = start;
      refuse("a number outside of the range of a double");
    }
    return value;
  }

  std::string_view text_, what_;
  std::size_t at_ = 0;
};

}  // namespace json

inline Json Json::parse(std::string_view text, std::string_view what) { return json::Parser(text, what).document(); }

}  // namespace xstitch::inline XSTITCH_ISA
