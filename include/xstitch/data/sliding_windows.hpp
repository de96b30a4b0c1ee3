#pragma once
/// \file
/// Proposals that look at nothing: for each size of 1, 0.7, 0.5, 0.35, 0.25 and 0.18 of an image's longer side and each
/// of the shapes 1:1, 1:2, 2:1, a grid of windows that overlap by half, the largest first.

#include <xstitch/core/boxes.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// Boxes of several sizes and shapes on a regular grid, in pixels.
inline std::vector<Box> sliding_windows(int height, int width) {
  std::vector<Box> windows;
  if (height < 1 || width < 1) return windows;
  const double longer = std::max(height, width);
  const auto starts = [](int extent, int window) {  // half a window apart, spread evenly, the ends included
    const int steps = window >= extent ? 0 : (2 * (extent - window) + window - 1) / window;
    std::vector<int> all(1, 0);
    for (int i = 1; i <= steps; ++i) all.push_back((extent - window) * i / steps);
    return all;
  };
  for (const double size : {1.0, 0.7, 0.5, 0.35, 0.25, 0.18})
    for (const auto& [rows, columns] : {std::pair{1.0, 1.0}, {0.5, 1.0}, {1.0, 0.5}}) {
      const auto side = [&](double share, int most) {
        return std::clamp(static_cast<int>(std::lround(size * share * longer)), 1, most);
      };
      const int h = side(rows, height), w = side(columns, width);
      for (const int y : starts(height, h))
        for (const int x : starts(width, w)) {
          const Box window{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + w),
                           static_cast<float>(y + h)};
          if (std::find(windows.begin(), windows.end(), window) == windows.end()) windows.push_back(window);
        }
    }
  return windows;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
