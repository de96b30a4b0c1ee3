#pragma once
/// \file
/// A small JSON value (RFC 8259): enough for headers, manifests and logs.
///
/// Reading refuses what is not JSON with line and column: text behind the value, a key twice, strings that are not
/// UTF-8, numbers outside of a double, more than 128 levels. Writing gives doubles with the fewest digits that read
/// back to the same bits, and refuses NaN and infinity, which JSON cannot say. Members keep their order.
/// Integers are exact up to 2^53; write larger ones (seeds) as strings.

#include <xstitch/core/error.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;
  Json(std::nullptr_t) {}                                 // NOLINT(google-explicit-constructor)
  Json(std::same_as<bool> auto value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  Json(double value) : value_(value) {}                   // NOLINT(google-explicit-constructor)
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Json(Integer value)
      : value_(static_cast<double>(value)) {}                   // NOLINT(google-explicit-constructor)
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT(google-explicit-constructor)
  Json(Array value) : value_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
  Json(Object value) : value_(std::move(value)) {}              // NOLINT(google-explicit-constructor)

  /// `what` names the text in messages: a file.
  static Json parse(std::string_view text, std::string_view what = "JSON");

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  [[nodiscard]] bool is_number() const { return std::holds_alternative<double>(value_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }

  [[nodiscard]] bool boolean() const { return get<bool>("true or false"); }
  [[nodiscard]] double number() const { return get<double>("a number"); }
  [[nodiscard]] const std::string& string() const { return get<std::string>("a string"); }
  [[nodiscard]] const Array& array() const { return get<Array>("an array"); }
  [[nodiscard]] const Object& object() const { return get<Object>("an object"); }
  /// A whole number in [0, 2^53].
  [[nodiscard]] std::uint64_t whole() const {
    const double v = number();
    if (!(v >= 0.0 && v <= 0x1p53 && v == std::floor(v))) fail("JSON: found ", v, ", expected a whole number");
    return static_cast<std::uint64_t>(v);
  }

  /// Member of an object, null if there is none.
  [[nodiscard]] const Json* find(std::string_view key) const {
    if (const Object* members = std::get_if<Object>(&value_))
      for (const auto& [name, value] : *members)
        if (name == key) return &value;
    return nullptr;
  }
  [[nodiscard]] const Json& at(std::string_view key) const {
    if (const Json* member = find(key)) return *member;
    fail("JSON: found ", kind(), " without a member \"", key, "\"");
  }
  /// Adds a member (or replaces it); makes null an object.
  Json& set(std::string_view key, Json value) {
    if (is_null()) value_ = Object{};
    Object& members = const_cast<Object&>(object());
    for (auto& [name, old] : members)
      if (name == key) {
        old = std::move(value);
        return *this;
      }
    members.emplace_back(std::string(key), std::move(value));
    return *this;
  }

  /// On one line; with indent > 0 spread over lines.
  [[nodiscard]] std::string text(int indent = 0) const {
    std::string out;
    write(out, indent, 0);
    return out;
  }
  [[nodiscard]] const char* kind() const {
    constexpr const char* kinds[] = {"null", "a boolean", "a number", "a string", "an array", "an object"};
    return kinds[value_.index()];
  }
  bool operator==(const Json&) const = default;

 private:
  template <class T>
  const T& get(const char* wanted) const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    fail("JSON: found ", kind(), ", expected ", wanted);
  }
  void write(std::string& out, int indent, int level) const;

  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

namespace json {

/// Bytes of the UTF-8 character at text[i], 0 if it is not one (overlong, surrogate, beyond U+10FFFF, cut off).
inline std::size_t character_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) -> unsigned {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
  };
  const auto follows = [&](std::size_t k) { return (byte(k) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80U) return 1;
  if (first >= 0xC2U && first <= 0xDFU) return follows(1) ? 2 : 0;
  if (first >= 0xE0U && first <= 0xEFU) {
    if (first == 0xE0U && second < 0xA0U) return 0;
    if (first == 0xEDU && second > 0x9FU) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0U && first <= 0xF4U) {
    if (first == 0xF0U && second < 0x90U) return 0;
    if (first == 0xF4U && second > 0x8FU) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

inline void write_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text, i);
    if (length == 0) {  // a byte of another encoding, say in a file name: the replacement character
      out += "\\ufffd";
      ++i;
      continue;
    }
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out.append(text, i, length);
    }
    i += length;
  }
  out += '"';
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  Json document() {
    Json value = read(0);
    skip_space();
    if (at_ != text_.size()) refuse("text behind the value");
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
    const auto twin = std::adjacent_find(keys.begin(), keys.end());
    if (twin != keys.end()) refuse("the key \"" + std::string(*twin) + "\" comes twice in the object that ends here");
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

  static void append_character(std::string& out, unsigned code) {
    const auto add = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (code < 0x80U) {
      add(code);
    } else if (code < 0x800U) {
      add(0xC0U | (code >> 6));
      add(0x80U | (code & 0x3FU));
    } else if (code < 0x10000U) {
      add(0xE0U | (code >> 12));
      add(0x80U | ((code >> 6) & 0x3FU));
      add(0x80U | (code & 0x3FU));
    } else {
      add(0xF0U | (code >> 18));
      add(0x80U | ((code >> 12) & 0x3FU));
      add(0x80U | ((code >> 6) & 0x3FU));
      add(0x80U | (code & 0x3FU));
    }
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
        const std::size_t length = character_length(text_, at_);
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
          append_character(out, code);
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
      if (digits() == 0) refuse("expected a digit behind the point");
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

inline void Json::write(std::string& out, int indent, int level) const {
  const auto new_line = [&](int depth) {
    if (indent <= 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(indent * depth), ' ');
  };
  if (is_null()) {
    out += "null";
  } else if (const bool* truth = std::get_if<bool>(&value_)) {
    out += *truth ? "true" : "false";
  } else if (const double* value = std::get_if<double>(&value_)) {
    if (!std::isfinite(*value)) fail("JSON: found ", *value, ", which JSON cannot write");
    char buffer[32];
    // Whole numbers without an exponent: to_chars prints 100000 as 1e+05, which other readers take for a float.
    const bool plain =
        *value == std::floor(*value) && std::abs(*value) <= 0x1p53 && !(*value == 0.0 && std::signbit(*value));
    const auto end = plain ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(*value)).ptr
                           : std::to_chars(buffer, buffer + sizeof buffer, *value).ptr;
    out.append(buffer, end);
  } else if (const std::string* string = std::get_if<std::string>(&value_)) {
    json::write_string(out, *string);
  } else if (const Array* items = std::get_if<Array>(&value_)) {
    out += '[';
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += indent > 0 ? "," : ", ";
      new_line(level + 1);
      (*items)[i].write(out, indent, level + 1);
    }
    if (!items->empty()) new_line(level);
    out += ']';
  } else {
    const Object& members = std::get<Object>(value_);
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += indent > 0 ? "," : ", ";
      new_line(level + 1);
      json::write_string(out, members[i].first);
      out += ": ";
      members[i].second.write(out, indent, level + 1);
    }
    if (!members.empty()) new_line(level);
    out += '}';
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
