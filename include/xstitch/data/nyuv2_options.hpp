#pragma once
/// \file
/// Which views of NYU Depth V2 become samples (nyuv2.hpp), of what size, with which labels.

#include <xstitch/data/image.hpp>
#include <xstitch/data/nyuv2_file.hpp>
#include <xstitch/data/nyuv2_normal_files.hpp>
#include <xstitch/data/nyuv2_normals.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace xstitch::inline XSTITCH_ISA::data {

/// 795 views to train with, 654 to judge by, or all 1449.
enum class Nyuv2Split : std::uint8_t { train, test, all };

/// A part of a view, in pixels of the file. Height 0: everything.
struct PixelWindow {
  int top = 0, left = 0, height = 0, width = 0;  ///< first row and column, and extents; height 0: everything
};

struct Nyuv2Options {
  Nyuv2Split split = Nyuv2Split::train;  ///< which views
  int classes = 40;                      ///< 40 or 13
  int height = 0, width = 0;             ///< of the samples; 0: as in the window
  PixelWindow window{};                  ///< e.g. {44, 40, 427, 561}: without the white frame of the real data
  PixelScaling scaling{};                ///< of pictures
  Nyuv2Normals normals = Nyuv2Normals::automatic;  ///< files, depth, or whichever there is
  /// What to multiply x, y and z in pictures of normals by, for sources with other axes: 1 or -1. 0: found out by
  /// comparing some views with normals computed from depth; an error if they do not say it clearly.
  std::array<int, 3> normal_signs{0, 0, 0};
  NormalsFromDepthOptions from_depth{};  ///< how they are computed from depth
  Camera camera{};                       ///< of the file's views, for normals from depth; zero: the Kinect's
  bool depth = false;                    ///< deliver a label "depth"
  bool fill_holes = false;               ///< depth and normals from it also where only filled-in depth is known
  std::size_t cache_bytes = std::size_t{512} << 20;  ///< of views that are kept, if all of the split fit
  /// Names of the towers (or "tower.head").
  std::string segmentation_name = "segmentation", normals_name = "normals", depth_name = "depth";
};

/// The options with what follows from the files in the place of zeros and of `automatic`; normal_signs are left.
/// Errors: a window that does not lie in the views, no size.
inline Nyuv2Options complete(Nyuv2Options options, const std::string& folder, const Nyuv2File& file) {
  PixelWindow& w = options.window;
  if (w.height == 0 && w.width == 0) w = {0, 0, file.height(), file.width()};
  if (w.top < 0 || w.left < 0 || w.height < 1 || w.width < 1 || w.top > file.height() - w.height ||
      w.left > file.width() - w.width)
    fail("file ", file.path(), ": found views of ", file.height(), "x", file.width(), ", expected the window ", w.top,
         ", ", w.left, ", ", w.height, "x", w.width, " inside");
  if (options.height == 0 && options.width == 0) options.height = w.height, options.width = w.width;
  if (options.height < 1 || options.width < 1)
    fail("NYU Depth V2: found size ", options.height, "x", options.width, " asked for, expected at least 1x1");
  if (options.camera.fx == 0) options.camera = Camera::kinect(file.height(), file.width());
  if (options.normals == Nyuv2Normals::automatic) options.normals = Nyuv2NormalFiles::detect(folder);
  return options;
}

}  // namespace xstitch::inline XSTITCH_ISA::data
