#pragma once
/// \file
/// Names of parameters by pattern: "*" stands for any text, dots and nothing included.
///
///     "upper.layer1.*"   "*.bias"   "upper.*.weight"      with "*": the whole name must match
///     "upper."                                            without: every name that begins so
///
/// What matches nothing is told by the names nearest to it: the fewest letters put in, left out or exchanged, where
/// those that "*" stands for cost nothing.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace name_pattern {

/// Letters to change before the pattern matches the name; 0: it does.
XSTITCH_INLINE std::size_t distance(std::string_view pattern, std::string_view name) {
  std::string whole(pattern);
  if (whole.find('*') == std::string::npos) whole += '*';
  // cost[j]: of the pattern so far against the first j letters of the name
  std::vector<std::size_t> cost(name.size() + 1);
  for (std::size_t j = 0; j < cost.size(); ++j) cost[j] = j;
  for (const char letter : whole) {
    std::size_t diagonal = cost[0];
    if (letter != '*') ++cost[0];
    for (std::size_t j = 1; j < cost.size(); ++j) {
      const std::size_t above = cost[j];
      if (letter == '*')
        cost[j] = std::min(above, cost[j - 1]);
      else
        cost[j] = std::min(std::min(above, cost[j - 1]) + 1, diagonal + (letter == name[j - 1] ? 0 : 1));
      diagonal = above;
    }
  }
  return cost.back();
}

inline bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.find('*') == std::string_view::npos) return name.starts_with(pattern);
  std::size_t p = 0, n = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {  // the last "*" stands for one letter more
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// The three nearest names, as text: "a.conv1.weight", "a.conv1.bias". The first of equals first.
[[gnu::cold]] XSTITCH_INLINE std::string nearest(std::string_view pattern, const std::vector<std::string>& names) {
  std::string text;
  std::size_t least = 0,
              after = names.size();  // what is nearest is beyond (least, after): of that distance, then place
  for (std::size_t count = 0; count < 3 && count < names.size(); ++count) {
    std::size_t best = names.size(), best_cost = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t cost = distance(pattern, names[i]);
      const bool told = count > 0 && (cost < least || (cost == least && i <= after));
      if (told || (best < names.size() && cost >= best_cost)) continue;
      best = i;
      best_cost = cost;
    }
    text += (count == 0 ? "\"" : ", \"") + names[best] + "\"";
    least = best_cost;
    after = best;
  }
  return text;
}

}  // namespace name_pattern
}  // namespace xstitch::inline XSTITCH_ISA
