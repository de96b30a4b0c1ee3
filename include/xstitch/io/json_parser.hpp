#pragma once
/// \file
/// Reads JSON text. Include <xstitch/io/json.hpp>.

#include <xstitch/io/json.hpp>
#include <xstitch/io/json_scanner.hpp>
#include <xstitch/io/limits.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace json {

class Parser {
 public:
  /// The values may take `most` bytes (strings apart, which are no longer than the text).
  Parser(std::string_view text, std::string_view what, std::uint64_t most)
      : scanner_(text, what), most_(most), left_(most) {}

  [[gnu::cold]] Json document() {
    Json value = read(0);
    scanner_.skip_space();
    if (!scanner_.at_end()) scanner_.refuse("text after the value");
    return value;
  }

  /// A text that is one object: visit(key, value) for each member, of which only one is in memory at a time and each
  /// may take `most` bytes. A key twice is for the visitor to find.
  template <class Visit>
  void members(const Visit& visit) {
    scanner_.skip_space();
    if (scanner_.peek() != '{') scanner_.refuse("expected {");
    each_member(0, [&](const std::string& key, const Json& value) {
      visit(key, value);
      left_ = most_;
    });
    scanner_.skip();
    scanner_.skip_space();
    if (!scanner_.at_end()) scanner_.refuse("text after the value");
  }

 private:
  static constexpr int deepest = 128;

  /// An element of an array or object that grows: while it does, there are its old memory and twice that.
  void take(std::uint64_t bytes) {
    if (3 * bytes > left_) scanner_.refuse("values that take more than " + std::to_string(most_) + " bytes of memory");
    left_ -= 3 * bytes;
  }

  [[gnu::cold]] Json read(int level) {
    if (level > deepest) scanner_.refuse("more than 128 levels of arrays and objects");
    scanner_.skip_space();
    if (scanner_.at_end()) scanner_.refuse("the text ends where a value is expected");
    switch (scanner_.peek()) {
      case '{':
        return object(level);
      case '[':
        return array(level);
      case '"':
        return Json(scanner_.string());
      case 't':
        scanner_.expect("true");
        return Json(true);
      case 'f':
        scanner_.expect("false");
        return Json(false);
      case 'n':
        scanner_.expect("null");
        return Json(nullptr);
      default:
        return Json(scanner_.number());
    }
  }

  [[gnu::cold]] Json object(int level) {
    Json::Object members;
    each_member(level, [&](std::string& key, Json& value) {
      take(sizeof(Json::Object::value_type));
      members.emplace_back(std::move(key), std::move(value));
    });
    refuse_repeated_keys(members);
    scanner_.skip();
    return Json(std::move(members));
  }

  /// The members of the object that comes next, up to its closing brace.
  template <class Member>
  void each_member(int level, const Member& member) {
    scanner_.skip();
    scanner_.skip_space();
    for (bool first = true; !first || scanner_.peek() != '}'; first = false) {
      scanner_.skip_space();
      if (scanner_.peek() != '"') scanner_.refuse("expected a key in quotes");
      std::string key = scanner_.string();
      scanner_.skip_space();
      scanner_.expect(":");
      Json value = read(level + 1);
      member(key, value);
      scanner_.skip_space();
      if (scanner_.peek() == '}') break;
      if (scanner_.peek() != ',') scanner_.refuse("expected , or }");
      scanner_.skip();
    }
  }

  /// A key twice: sorted, so that a file of a million keys takes no million squared comparisons.
  [[gnu::cold]] XSTITCH_INLINE void refuse_repeated_keys(const Json::Object& members) const {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& [name, value] : members) keys.push_back(name);
    std::sort(keys.begin(), keys.end());
    const auto repeated = std::adjacent_find(keys.begin(), keys.end());
    if (repeated != keys.end())
      scanner_.refuse("the key \"" + std::string(*repeated) + "\" comes twice in the object that ends here");
  }

  [[gnu::cold]] XSTITCH_INLINE Json array(int level) {
    Json::Array items;
    scanner_.skip();
    scanner_.skip_space();
    if (scanner_.peek() == ']') {
      scanner_.skip();
      return Json(std::move(items));
    }
    for (;;) {
      take(sizeof(Json));
      items.push_back(read(level + 1));
      scanner_.skip_space();
      if (scanner_.peek() == ']') break;
      if (scanner_.peek() != ',') scanner_.refuse("expected , or ]");
      scanner_.skip();
    }
    scanner_.skip();
    return Json(std::move(items));
  }

  Scanner scanner_;
  std::uint64_t most_, left_;
};

}  // namespace json

inline Json Json::parse(std::string_view text, std::string_view what) {
  return limits::guard(what, [&] { return json::Parser(text, what, limits::memory_for(text.size())).document(); });
}

}  // namespace xstitch::inline XSTITCH_ISA
