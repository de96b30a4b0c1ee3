#pragma once
// What is written to a stream (std::cout, std::cerr) until the end of its scope, in place of writing it.
#include <charconv>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <string>
#include <system_error>
#include <vector>

namespace pages {

class Captured {
 public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Captured() { stream_.rdbuf(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] std::string text() const { return text_.str(); }
  [[nodiscard]] bool has(const std::string& part) const { return text().find(part) != std::string::npos; }
  /// The numbers in it, as std::cout writes them in any locale; words between them are passed over.
  [[nodiscard]] std::vector<double> numbers() const {
    std::vector<double> all;
    std::istringstream in(text());
    for (std::string word; in >> word;) {
      double number = 0.0;
      if (std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc{}) all.push_back(number);
    }
    return all;
  }

 private:
  std::ostream& stream_;
  std::ostringstream text_;
  std::streambuf* before_;
};

}  // namespace pages
