#pragma once
/// \file
/// Text inside of HTML and SVG.
///
///     escaped("a < b & \"c\"")   "a &lt; b &amp; &quot;c&quot;"
///
/// Good between tags and inside of quoted attributes. Bytes that are not UTF-8, and control characters, which neither
/// format may hold, become U+FFFD.

#include <xstitch/io/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA::report {

XSTITCH_INLINE std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8::character_length(text, i);
    const char c = text[i];
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (length == 0 || control || c == 0x7F) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out.append(text, i, length);
    i += length;
  }
  return out;
}

/// At most so many characters, "..." in place of the rest; no character is cut in two.
inline std::string shortened(std::string_view text, std::size_t most) {
  std::size_t characters = 0, cut = 0;
  for (std::size_t i = 0; i < text.size(); ++characters) {
    if (characters + 1 == most) cut = i;
    if (characters == most) return std::string(text.substr(0, cut)) + "\xE2\x80\xA6";
    const std::size_t length = utf8::character_length(text, i);
    i += length == 0 ? 1 : length;
  }
  return std::string(text);
}

}  // namespace xstitch::inline XSTITCH_ISA::report
