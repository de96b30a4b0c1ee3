#pragma once
/// \file
/// Regions of an image that may hold an object.
///
/// From MAT-files (version 5) as selective search's authors and Fast R-CNN hand them on:
///
///     a file     cell `boxes`, an N x 4 array an image with columns y1 x1 y2 x2; `images`: their ids (else in the
///     order
///                of the image set)
///     a folder   ID.mat for each image, `boxes` N x 4 with columns x1 y1 x2 y2
///
/// both counted from 1, the last pixel named. Or sliding windows (sliding_windows.hpp).
///
/// Errors name the file and the image: no such file, another layout, an image without boxes, boxes outside the image
/// (of another order of columns, say).

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/mat_file.hpp>
#include <xstitch/data/sliding_windows.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/npy.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

namespace detail {

enum class BoxColumns : std::uint8_t { y1_x1_y2_x2, x1_y1_x2_y2 };

/// Boxes of an N x 4 array, N at most `most`.
inline std::vector<Box> boxes_of(const MatArray& array, BoxColumns columns, std::size_t most,
                                 const std::string& where) {
  const bool numbers = array.kind == MatArray::Kind::numbers && array.extents.size() == 2;
  if (numbers && array.numbers.empty()) return {};
  if (!numbers || array.extents[1] != 4) fail(where, ": found no N x 4 array, expected the boxes of an image");
  const std::size_t rows = array.extents[0];
  std::vector<Box> boxes(std::min(rows, most));
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const auto at = [&](std::size_t column) { return array.numbers[column * rows + i]; };
    const bool y_first = columns == BoxColumns::y1_x1_y2_x2;
    const double x0 = at(y_first ? 1 : 0), y0 = at(y_first ? 0 : 1), x1 = at(y_first ? 3 : 2), y1 = at(y_first ? 2 : 3);
    boxes[i] = {static_cast<float>(x0 - 1), static_cast<float>(y0 - 1), static_cast<float>(x1), static_cast<float>(y1)};
    if (!(x0 >= 0 && y0 >= 0 && x1 >= x0 && y1 >= y0 && x1 <= 1e6 && y1 <= 1e6))
      fail(where, ", box ", i + 1, ": found x ", x0, " to ", x1, " and y ", y0, " to ", y1,
           ", expected pixels counted from 1");
  }
  return boxes;
}

inline std::map<std::string, std::vector<Box>> read_proposal_file(const std::string& path,
                                                                  std::span<const std::string> ids, std::size_t most) {
  const MatFile file(path);
  const MatArray& boxes = file.at("boxes");
  if (boxes.kind != MatArray::Kind::cell) fail("file ", path, ": found that 'boxes' is no cell, expected one an image");
  const std::vector<std::string> names = file.names();
  std::vector<std::string> order(ids.begin(), ids.end());
  if (std::find(names.begin(), names.end(), "images") != names.end()) {
    const MatArray& images = file.at("images");
    order.clear();
    for (const MatArray& each : images.items) order.push_back(each.text);
  }
  if (order.size() != boxes.items.size())
    fail("file ", path, ": found boxes of ", boxes.items.size(), " images, expected ", order.size());
  std::map<std::string, std::vector<Box>> all;
  for (std::size_t i = 0; i < order.size(); ++i)
    all[order[i]] =
        boxes_of(boxes.items[i], BoxColumns::y1_x1_y2_x2, most, "file " + path + ", image '" + order[i] + "'");
  return all;
}

}  // namespace detail

/// The boxes of all images of a file, at most `most` each, by id; `ids` is the order where the file does not say it.
inline std::map<std::string, std::vector<Box>> read_proposal_file(const std::string& path,
                                                                  std::span<const std::string> ids, std::size_t most) {
  return limits::guard(path, [&] { return detail::read_proposal_file(path, ids, most); });
}
/// The boxes of one image's file, at most `most`.
inline std::vector<Box> read_image_proposals(const std::string& path, std::size_t most) {
  return limits::guard(path, [&] {
    return detail::boxes_of(MatFile(path).at("boxes"), detail::BoxColumns::x1_y1_x2_y2, most, "file " + path);
  });
}

/// Boxes as an N x 4 array of NumPy: x0 y0 x1 y1.
inline void save_boxes(const std::string& path, std::span<const Box> boxes) {
  NpyArray array{{boxes.size(), 4}, {}};
  for (const Box& box : boxes) array.values.insert(array.values.end(), {box.x0, box.y0, box.x1, box.y1});
  save_npy(path, array);
}
inline std::vector<Box> load_boxes(const std::string& path) {
  const NpyArray array = load_npy(path);
  if (array.extents.size() != 2 || array.extents[1] != 4)
    fail("file ", path, ": found another array than N x 4, expected boxes");
  std::vector<Box> boxes(array.extents[0]);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const float* v = array.values.data() + 4 * i;
    boxes[i] = {v[0], v[1], v[2], v[3]};
  }
  return boxes;
}

/// Boxes clipped to the image, without those that are empty then. One that reaches out by more than a pixel is an
/// Error.
inline std::vector<Box> inside_image(const std::vector<Box>& boxes, int height, int width, const std::string& where) {
  std::vector<Box> kept;
  kept.reserve(boxes.size());
  const auto right = static_cast<float>(width), bottom = static_cast<float>(height);
  for (const Box& box : boxes) {
    if (!(box.x0 >= -1 && box.y0 >= -1 && box.x1 <= right + 1 && box.y1 <= bottom + 1))
      fail(where, ": found a proposal of x ", box.x0, " to ", box.x1, " and y ", box.y0, " to ", box.y1,
           " in an image of ", width, " x ", height, ", expected one inside (another order of columns?)");
    if (const Box part = clipped(box, right, bottom); !part.empty()) kept.push_back(part);
  }
  return kept;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
