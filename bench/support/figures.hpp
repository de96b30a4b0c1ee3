#pragma once
// Results of a program: one JSON object for scripts, or lines for people.

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace bench {

inline double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

inline std::size_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

class Figures {
 public:
  void add(std::string name, const std::string& value) { entries_.emplace_back(std::move(name), '"' + value + '"'); }
  void add(std::string name, double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    entries_.emplace_back(std::move(name), text);
  }
  void add(std::string name, std::size_t value) { entries_.emplace_back(std::move(name), std::to_string(value)); }

  void print(bool json) const {
    if (json) {
      for (std::size_t i = 0; i < entries_.size(); ++i)
        std::printf("%s\"%s\": %s", i == 0 ? "{" : ", ", entries_[i].first.c_str(), entries_[i].second.c_str());
      std::printf("}\n");
      return;
    }
    for (const auto& [name, value] : entries_) {
      std::string label = name;
      std::replace(label.begin(), label.end(), '_', ' ');
      const bool quoted = value.front() == '"';
      std::printf("%-22s %s\n", label.c_str(), (quoted ? value.substr(1, value.size() - 2) : value).c_str());
    }
  }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

}  // namespace bench
