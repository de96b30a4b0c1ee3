#pragma once
/// \file
/// A small JSON value (RFC 8259): enough for headers, manifests and logs.
///
/// Reading refuses what is not JSON with line and column: text after the value, a key twice, strings that are not
/// UTF-8, numbers outside of a double, more than 128 levels, more values than io/limits.hpp allows. Writing gives
/// doubles with the fewest digits that read back to the same bits, and refuses NaN and infinity, which JSON cannot say.
/// Members keep their order. Integers are exact up to 2^53; write larger ones (seeds) as strings.

#include <xstitch/core/error.hpp>
#include <xstitch/io/utf8.hpp>

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
  /// Values in order.
  using Array = std::vector<Json>;
  /// Pairs of name and value, in the order in which they were written.
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;
  /// Copies what the value holds and then moves it in: a std::variant of libstdc++ 12 whose copy throws half way
  /// destroys what it does not hold yet.
  Json(const Json& other) {
    std::visit(
        [this](const auto& held) {
          auto copy = held;
          value_ = std::move(copy);
        },
        other.value_);
  }
  Json(Json&&) noexcept = default;
  /// A copy of the whole value.
  Json& operator=(const Json& other) {
    Json copy(other);
    value_ = std::move(copy.value_);
    return *this;
  }
  Json& operator=(Json&&) noexcept = default;
  ~Json() = default;
  /// Null.
  Json(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  /// True or false.
  Json(std::same_as<bool> auto value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  /// A number.
  Json(double value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  /// An integer, exact up to 2^53.
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Json(Integer value)
      : value_(static_cast<double>(value)) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Json(std::string value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  /// A text.
  Json(const char* value) : value_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  /// An array.
  Json(Array value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)
  /// An object.
  Json(Object value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  /// `what` names the text in messages: a file.
  static Json parse(std::string_view text, std::string_view what = "JSON");

  /// Whether it is null.
  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  /// Whether it is a text.
  [[nodiscard]] bool is_string() const { return std::holds_alternative<std::string>(value_); }
  /// Whether it is a number.
  [[nodiscard]] bool is_number() const { return std::holds_alternative<double>(value_); }
  /// Whether it is true or false.
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(value_); }
  /// Whether it is an array.
  [[nodiscard]] bool is_array() const { return std::holds_alternative<Array>(value_); }
  /// Whether it is an object.
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Object>(value_); }

  /// The value; an Error where it is no boolean.
  [[nodiscard]] bool boolean() const { return get<bool>("true or false"); }
  /// The value; an Error where it is no number.
  [[nodiscard]] double number() const { return get<double>("a number"); }
  /// The value; an Error where it is no text.
  [[nodiscard]] const std::string& string() const { return get<std::string>("a string"); }
  /// The values; an Error where it is no array.
  [[nodiscard]] const Array& array() const { return get<Array>("an array"); }
  /// The members; an Error where it is no object.
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
  /// The member of an object by its name; an Error if there is none.
  [[nodiscard]] const Json& at(std::string_view key) const {
    if (const Json* member = find(key)) return *member;
    fail("JSON: found ", kind(), " without a member \"", key, "\"");
  }
  /// Adds a member (or replaces it); makes null an object.
  XSTITCH_INLINE Json& set(std::string_view key, Json value) {
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
  /// What it is, for messages: "a number".
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

XSTITCH_INLINE void write_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8::character_length(text, i);
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

}  // namespace json

XSTITCH_INLINE void Json::write(std::string& out, int indent, int level) const {
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

// The definition of parse needs Json whole.
#include <xstitch/io/json_parser.hpp>  // IWYU pragma: export
