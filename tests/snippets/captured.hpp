#pragma once
// What is written to a stream (std::cout, std::cerr) until the end of its scope, in place of writing it.
#include <exception>
#include <ostream>
#include <sstream>
#include <streambuf>
#include <string>
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
  /// The numbers in it; words between them are passed over.
  [[nodiscard]] std::vector<double> numbers() const {
    std::vector<double> all;
    std::istringstream in(text());
    for (std::string word; in >> word;) {
      std::size_t used = 0;
      try {
        const double number = std::stod(word, &used);
        if (used > 0) all.push_back(number);
      } catch (const std::exception&) {
        continue;
      }
    }
    return all;
  }

 private:
  std::ostream& stream_;
  std::ostringstream text_;
  std::streambuf* before_;
};

}  // namespace pages
