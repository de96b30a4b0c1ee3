#pragma once
/// \file
/// Where two one-line descriptions first differ, in few words: signatures of networks, settings of optimizers.
///
///     net Conv:c/4x4x8 Dropout(1/2) Relu   ->   then "Dropout(1/2)", now "Dropout(1/4)", after "Conv:c/4x4x8"
///     Sgd(learning rate 0.1, momentum 0.9) ->   then "Sgd(..., momentum 0.9)", now "Sgd(..., momentum 0.5)"
///
/// A description is a list of items, separated by ", " or else by spaces; NAME(...) is an item that holds a list.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace text_difference {

/// Calls at(i, depth) for each character: how many brackets are open around it.
template <class At>
void walk(std::string_view text, const At& at) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ')' || text[i] == '}' || text[i] == ']' || text[i] == '>') depth = std::max(0, depth - 1);
    at(i, depth);
    if (text[i] == '(' || text[i] == '{' || text[i] == '[' || text[i] == '<') ++depth;
  }
}

inline bool has_commas(std::string_view text) {
  bool found = false;
  walk(text, [&](std::size_t i, int depth) { found = found || (depth == 0 && text.substr(i, 2) == ", "); });
  return found;
}

inline std::vector<std::string_view> items(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> list;
  std::size_t start = 0;
  walk(text, [&](std::size_t i, int depth) {
    if (depth != 0 || i < start || text.substr(i, separator.size()) != separator) return;
    list.push_back(text.substr(start, i - start));
    start = i + separator.size();
  });
  list.push_back(text.substr(start));
  return list;
}

struct Difference {
  std::string then, now, after;  ///< `after`: the last item before it that both have; empty: none
};

/// At most 60 characters of a text around position `at`.
inline std::string excerpt(std::string_view text, std::size_t at) {
  constexpr std::size_t room = 60;
  if (text.size() <= room) return std::string(text);
  const std::size_t start = at < room / 2 ? 0 : at - room / 2;
  return (start > 0 ? "..." : "") + std::string(text.substr(start, room)) + (start + room < text.size() ? "..." : "");
}

/// "Sgd" of "Sgd(learning rate 0.1)"; npos where it is no list.
inline std::size_t head(std::string_view item) { return item.ends_with(')') ? item.find('(') : std::string_view::npos; }

XSTITCH_INLINE Difference find(std::string_view have, std::string_view want) {
  const std::string_view separator = has_commas(have) || has_commas(want) ? ", " : " ";
  const std::vector<std::string_view> a = items(have, separator), b = items(want, separator);
  std::size_t k = 0;
  while (k < a.size() && k < b.size() && a[k] == b[k]) ++k;
  const std::string_view then = k < a.size() ? a[k] : std::string_view{}, now = k < b.size() ? b[k] : then.substr(0, 0);
  const std::string after = k > 0 ? excerpt(a[k - 1], 0) : std::string{};  // its name stands in front
  const std::size_t open = head(then);
  if (open != std::string_view::npos && head(now) == open && then.substr(0, open) == now.substr(0, open)) {
    const auto inner = [open](std::string_view item) { return item.substr(open + 1, item.size() - open - 2); };
    Difference inside = find(inner(then), inner(now));
    const std::string start = std::string(then.substr(0, open)) + (inside.after.empty() ? "(" : "(..., ");
    const auto whole = [&](const std::string& item) {
      return item.empty() ? std::string(then.substr(0, open)) + "(...)" : start + item + ")";
    };
    return {whole(inside.then), whole(inside.now), after};
  }
  const std::size_t at = static_cast<std::size_t>(
      std::mismatch(then.begin(), then.begin() + static_cast<std::ptrdiff_t>(std::min(then.size(), now.size())),
                    now.begin())
          .first -
      then.begin());
  return {excerpt(then, at), excerpt(now, at), after};
}

/// `then "...", now "..."`.
XSTITCH_INLINE std::string to_text(std::string_view have, std::string_view want) {
  const Difference d = find(have, want);
  const auto quoted = [](const std::string& text) { return text.empty() ? "nothing" : "\"" + text + "\""; };
  return "then " + quoted(d.then) + ", now " + quoted(d.now) + (d.after.empty() ? "" : ", after \"" + d.after + "\"");
}

}  // namespace text_difference
}  // namespace xstitch::inline XSTITCH_ISA
