#pragma once
/// \file
/// Where the parts of a network's picture are, in whole numbers, so that the picture has the same bytes with every
/// compiler. And the texts in it. network_layout_maker.hpp makes it.

#include <xstitch/weave/program.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

struct DrawOptions {
  bool open_blocks = false;  ///< every operation of a Block, in place of one box for the Block
};

struct NetworkLayout {
  enum class Kind : std::uint8_t { input, layers, block, loss, unit };
  struct Line {
    std::string left, right, full;  ///< full: what is shown where the pointer rests
  };
  struct Box {
    Kind kind = Kind::layers;
    int chain = none, first_op = none, y = 0, height = 0;
    std::vector<Line> lines;
    std::size_t operations = 0, parameters = 0;  ///< of a Block
  };
  struct Edge {
    int from = none, to = none;  ///< boxes
    int from_x = 0, to_x = 0;
    bool skips = false;  ///< another box lies between them in the same column
  };

  static constexpr int column_width = 252, gap = 34, margin = 14, line_height = 15, title_height = 26, unit_height = 46;

  std::vector<Box> boxes;
  std::vector<Edge> edges;
  std::vector<int> x;  ///< [chain] the middle of its column
  int width = 0, height = 0;
};

namespace network_layout {

using xstitch::detail::at;

/// What a reader assumes where nothing is said: left out, or little else would fit into a box.
inline constexpr std::string_view usual[] = {"stride 1", "pad 0",   "dilation 1",        "groups 1",
                                             "bias yes", "ceil no", "include_padding no"};

/// "kernel 11 11" -> "kernel 11"; the outputs are in the shape already.
XSTITCH_INLINE std::string settings_of(const OperationRecord& record) {
  std::string text;
  for (const Attribute& attribute : record.attributes) {
    if (attribute.name == "outputs") continue;
    Attribute shown = attribute;
    const bool integers = shown.kind == Attribute::Kind::integers;
    const auto end = shown.values.begin() + static_cast<std::ptrdiff_t>(shown.count);
    if (integers && shown.count > 1 && std::equal(shown.values.begin() + 1, end, shown.values.begin())) shown.count = 1;
    const std::string words = to_string(shown);
    if (std::ranges::find(usual, words) == std::end(usual)) text += (text.empty() ? "" : ", ") + words;
  }
  return text;
}

/// 1234567 -> "1,234,567".
inline std::string with_commas(std::size_t value) {
  std::string text = std::to_string(value);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

/// "2x2x96".
inline std::string extents_text(const Extents& extents) {
  std::string text;
  for (int i = 0; i < extents.rank; ++i) text += (i > 0 ? "x" : "") + std::to_string(extents.size[at(i)]);
  return text;
}

}  // namespace network_layout
}  // namespace xstitch::inline XSTITCH_ISA::report
