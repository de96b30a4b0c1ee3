#pragma once
/// \file
/// The published pictures of surface normals for NYU Depth V2, in either of two layouts:
///
///     ladicky   nyu_normals_gt/{train,test}/NNNNN.png      5 digits, 1-based (Ladicky, Zeisl, Pollefeys 2014)
///     eigen     normals/NNNN.png, masks/NNNN.png           4 digits, 0-based (Eigen, Fergus 2015); also below
///               normals_gt/; mask 0 is invalid
///
/// n = 2 value / 255 - 1, made a unit vector; a pixel whose vector is far from unit length is invalid.
/// Needs libpng. Errors: a picture that is missing, damaged, or of another type or size.

#include <xstitch/data/nyuv2_normals.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/io/folder.hpp>
#include <xstitch/io/regular_file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA::data {

enum class Nyuv2Normals : std::uint8_t {
  automatic,  ///< the layout found in the folder, else from depth
  ladicky,
  eigen,
  from_depth,
  none,  ///< no label "normals"
};

class Nyuv2NormalFiles {
 public:
  Nyuv2NormalFiles() = default;
  /// `layout` must be ladicky or eigen.
  Nyuv2NormalFiles(const std::string& folder, Nyuv2Normals layout) : layout_(layout) {
    const std::filesystem::path root(folder);
    if (layout == Nyuv2Normals::ladicky)
      root_ = root / "nyu_normals_gt";
    else
      root_ = is_folder(root / "normals_gt") ? root / "normals_gt" : root;
    const std::filesystem::path first = layout == Nyuv2Normals::ladicky ? root_ : root_ / "normals";
    if (!is_folder(first)) fail("folder ", first.string(), ": found no such folder, expected pictures of normals");
  }

  /// The layout that the folder has; from_depth if none.
  static Nyuv2Normals detect(const std::string& folder) {
    const std::filesystem::path root(folder);
    if (is_folder(root / "nyu_normals_gt")) return Nyuv2Normals::ladicky;
    if (is_folder(root / "normals_gt" / "normals") || is_folder(root / "normals")) return Nyuv2Normals::eigen;
    return Nyuv2Normals::from_depth;
  }

  /// Picture and, in the Eigen layout, mask of a 0-based view.
  [[nodiscard]] std::array<std::string, 2> paths(std::size_t view, bool train) const {
    std::array<char, 32> name{};
    if (layout_ == Nyuv2Normals::ladicky) {
      std::snprintf(name.data(), name.size(), "%05zu.png", view + 1);
      return {(root_ / (train ? "train" : "test") / name.data()).string(), {}};
    }
    std::snprintf(name.data(), name.size(), "%04zu.png", view);
    return {(root_ / "normals" / name.data()).string(), (root_ / "masks" / name.data()).string()};
  }

  void check_present(std::size_t view, bool train) const {
    for (const std::string& path : paths(view, train))
      if (!path.empty())
        (void)file::regular_size(path, std::string("the ") +
                                           (path.find("masks") != std::string::npos ? "mask of the " : "") +
                                           "normals of view " + std::to_string(view) + " (counted from 0)");
  }

  /// Normals of a view with the given signs for x, y and z.
  [[nodiscard]] NormalMap read(std::size_t view, bool train, int height, int width,
                               const std::array<int, 3>& signs) const {
    const auto [path, mask_path] = paths(view, train);
    const ByteImage picture = read_png(path, {height, width, 3});
    ByteImage mask;
    if (!mask_path.empty()) mask = read_png(mask_path, {height, width, 1}, PngValues::brightness);
    NormalMap map(height, width);
    for (std::size_t i = 0; i < map.mask.size(); ++i) {
      if (!mask.values.empty() && mask.values[i] == 0) continue;
      const std::uint8_t* v = picture.values.data() + 3 * i;
      map.set(i, signs[0] * (v[0] / 127.5 - 1), signs[1] * (v[1] / 127.5 - 1), signs[2] * (v[2] / 127.5 - 1));
    }
    return map;
  }

 private:
  static bool is_folder(const std::filesystem::path& path) {
    return S_ISDIR(file::mode_of(path));  // what cannot be looked at is an Error, not another layout
  }

  Nyuv2Normals layout_ = Nyuv2Normals::eigen;
  std::filesystem::path root_;
};

/// Sums, over pixels valid in both maps, of the products of x, of y and of z; and how many pixels. The sign of each
/// sum says whether that axis points the same way in both.
struct AxisAgreement {
  std::array<double, 3> products{};
  double pixels = 0;

  void add(const NormalMap& a, const NormalMap& b) {
    for (std::size_t i = 0; i < a.mask.size(); ++i) {
      if (a.mask[i] == 0 || b.mask[i] == 0) continue;
      for (std::size_t k = 0; k < 3; ++k)
        products[k] += static_cast<double>(a.normals[3 * i + k]) * b.normals[3 * i + k];
      pixels += 1;
    }
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
