#pragma once
/// \file
/// Reads JSON text. Include <xstitch/io/json.hpp>.

#include <xstitch/io/json.hpp>
#include <xstitch/io/json_scanner.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace json {

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : scanner_(text, what) {}

  [[gnu::cold]] Json document() {
    Json value = read(0);
    scanner_.skip_space();
    if (!scanner_.at_end()) scanner_.refuse("text after the value");
    return value;
  }

 private:
  static constexpr int deepest = 128;

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
    scanner_.skip();
    scanner_.skip_space();
    if (scanner_.peek() == '}') {
      scanner_.skip();
      return Json(std::move(members));
    }
    for (;;) {
      scanner_.skip_space();
      if (scanner_.peek() != '"') scanner_.refuse("expected a key in quotes");
      std::string key = scanner_.string();
      scanner_.skip_space();
      scanner_.expect(":");
      Json value = read(level + 1);
      members.emplace_back(std::move(key), std::move(value));
      scanner_.skip_space();
      if (scanner_.peek() == '}') break;
      if (scanner_.peek() != ',') scanner_.refuse("expected , or }");
      scanner_.skip();
    }
    refuse_repeated_keys(members);
    scanner_.skip();
    return Json(std::move(members));
  }

  /// A key twice: sorted, so that a file of a million keys takes no million squared comparisons.
  [[gnu::cold]] void refuse_repeated_keys(const Json::Object& members) const {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& [name, value] : members) keys.push_back(name);
    std::sort(keys.begin(), keys.end());
    const auto repeated = std::adjacent_find(keys.begin(), keys.end());
    if (repeated != keys.end())
      scanner_.refuse("the key \"" + std::string(*repeated) + "\" comes twice in the object that ends here");
  }

  [[gnu::cold]] Json array(int level) {
    Json::Array items;
    scanner_.skip();
    scanner_.skip_space();
    if (scanner_.peek() == ']') {
      scanner_.skip();
      return Json(std::move(items));
    }
    for (;;) {
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
};

}  // namespace json

inline Json Json::parse(std::string_view text, std::string_view what) { return json::Parser(text, what).document(); }

}  // namespace xstitch::inline XSTITCH_ISA
