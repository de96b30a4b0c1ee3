#pragma once
/// \file
/// One view of NYU Depth V2 as a sample keeps it: cut to the window, resized, classes mapped, normals from pictures or
/// from depth, with the axes of xstitch. nyuv2.hpp says what the options mean.

#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/data/nyuv2_file.hpp>
#include <xstitch/data/nyuv2_normal_files.hpp>
#include <xstitch/data/nyuv2_normals.hpp>
#include <xstitch/data/nyuv2_options.hpp>
#include <xstitch/data/resize.hpp>
#include <xstitch/io/limits.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// A sample as it is kept: 11 bytes a pixel, 16 with depth.
struct Nyuv2View {
  std::vector<std::uint8_t> image, classes, normal_mask;
  std::vector<std::int16_t> normals;  ///< in 1 / 32767
  std::vector<float> depth;           ///< 0 where unknown
};

class Nyuv2ViewReader {
 public:
  /// Opens the file, reads the tables of classes and of splits, completes the options; opens no pictures of normals.
  Nyuv2ViewReader(std::string folder, Nyuv2Options options)
      : folder_(std::move(folder)),
        file_(
            std::make_shared<const Nyuv2File>((std::filesystem::path(folder_) / "nyu_depth_v2_labeled.mat").string())),
        class_table_(read_nyu_class_table(folder_, options.classes)),
        splits_(read_nyu_splits(folder_, file_->size())),
        options_(complete(std::move(options), folder_, *file_)) {}

  [[nodiscard]] const Nyuv2File& file() const noexcept { return *file_; }
  [[nodiscard]] const NyuSplits& splits() const noexcept { return splits_; }
  /// With what follows from the files.
  [[nodiscard]] const Nyuv2Options& options() const noexcept { return options_; }

  /// Pictures of normals, if the options want them: each of `views` must have one. Finds out about their axes.
  void open_normals(std::span<const std::size_t> views) {
    if (!normals_from_files()) return;
    normal_files_ = Nyuv2NormalFiles(folder_, options_.normals);
    for (const std::size_t view : views) normal_files_.check_present(view, splits_.in_train[view]);
    set_signs(views);
  }

  [[nodiscard]] Nyuv2View read(std::size_t view) const {
    return limits::guard(file_->path(), [&] { return read_view(view); });
  }

 private:
  [[nodiscard]] Nyuv2View read_view(std::size_t view) const {
    Nyuv2View out;
    out.image = resize_smooth(cut(file_->image(view)), options_.height, options_.width).values;

    const std::vector<std::uint16_t> raw = file_->labels(view);
    std::vector<std::uint8_t> classes(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] >= class_table_.size())
        fail("file ", file_->path(), ", labels, view ", view, ": found label ", raw[i], " at row ",
             i / static_cast<std::size_t>(file_->width()), ", column ", i % static_cast<std::size_t>(file_->width()),
             ", expected 0 to ", nyu_raw_classes);
      classes[i] = class_table_[raw[i]];
    }
    out.classes = sampled(classes, 1);

    if (options_.normals != Nyuv2Normals::none) {
      const NormalMap map = normals_from_files() ? normal_files_.read(view, splits_.in_train[view], file_->height(),
                                                                      file_->width(), options_.normal_signs)
                                                 : compute_normals(view);
      for (const float n : sampled(map.normals, 3))
        out.normals.push_back(static_cast<std::int16_t>(std::lround(n * 32767.0F)));
      out.normal_mask = sampled(map.mask, 1);
    }
    if (options_.depth) out.depth = sampled(known_depth(view), 1);
    return out;
  }

  [[nodiscard]] bool normals_from_files() const noexcept {
    return options_.normals == Nyuv2Normals::ladicky || options_.normals == Nyuv2Normals::eigen;
  }

  /// Up to eight views spread over the split vote on the axes.
  void set_signs(std::span<const std::size_t> views) {
    auto& signs = options_.normal_signs;
    if (signs == std::array<int, 3>{0, 0, 0}) {
      AxisAgreement agreement;
      const std::size_t votes = std::min<std::size_t>(8, views.size());
      for (std::size_t i = 0; i < votes; ++i) {
        const std::size_t view = views[i * views.size() / votes];
        agreement.add(normal_files_.read(view, splits_.in_train[view], file_->height(), file_->width(), {1, 1, 1}),
                      compute_normals(view));
      }
      double cosine = 0, weakest = 1;
      for (std::size_t k = 0; k < 3; ++k) {
        const double mean = agreement.products[k] / std::max(1.0, agreement.pixels);
        signs[k] = mean < 0 ? -1 : 1;
        cosine += std::abs(mean);
        weakest = std::min(weakest, std::abs(mean));
      }
      if (cosine < 0.7 || weakest < 0.005)
        fail("folder ", folder_, ": found that pictures of normals and normals from depth agree with a mean cosine of ",
             cosine, " (weakest axis ", weakest, ") under the best signs, expected at least 0.7 (0.005): give ",
             "normal_signs, or the camera");
    }
    for (const int sign : signs)
      if (sign != 1 && sign != -1)
        fail("NYU Depth V2: found ", sign, " among normal_signs, expected 1 or -1, or 0 for all");
  }

  /// Depth in metres, 0 where unknown.
  [[nodiscard]] std::vector<float> known_depth(std::size_t view) const {
    std::vector<float> depth = file_->depths(view);
    if (!options_.fill_holes && file_->has_raw_depths()) {
      const std::vector<float> raw = file_->raw_depths(view);
      for (std::size_t i = 0; i < depth.size(); ++i)
        if (!(raw[i] > 0)) depth[i] = 0.0F;
    }
    // The data's end of the scale stands for "nothing seen".
    for (float& z : depth)
      if (!(z > 0.0F && z < 9.999F)) z = 0.0F;
    return depth;
  }

  [[nodiscard]] NormalMap compute_normals(std::size_t view) const {
    return normals_from_depth(known_depth(view), file_->height(), file_->width(), options_.camera, options_.from_depth);
  }

  /// The window of a [height, width, channels] array of the file, nearest pixels.
  template <class T>
  [[nodiscard]] std::vector<T> sampled(const std::vector<T>& from, std::size_t channels) const {
    const PixelWindow& w = options_.window;
    std::vector<T> out;
    out.reserve(static_cast<std::size_t>(options_.height) * static_cast<std::size_t>(options_.width) * channels);
    for (int r = 0; r < options_.height; ++r)
      for (int c = 0; c < options_.width; ++c) {
        const int row = w.top + nearest_index(r, w.height, options_.height);
        const int column = w.left + nearest_index(c, w.width, options_.width);
        const T* pixel = from.data() + (static_cast<std::size_t>(row) * static_cast<std::size_t>(file_->width()) +
                                        static_cast<std::size_t>(column)) *
                                           channels;
        out.insert(out.end(), pixel, pixel + channels);
      }
    return out;
  }

  [[nodiscard]] ByteImage cut(const ByteImage& image) const {
    const PixelWindow& w = options_.window;
    ByteImage out{{w.height, w.width, 3}, {}};
    for (int r = 0; r < w.height; ++r) {
      const std::uint8_t* row = image.pixel(w.top + r, w.left);
      out.values.insert(out.values.end(), row, row + std::size_t{3} * static_cast<std::size_t>(w.width));
    }
    return out;
  }

  std::string folder_;
  std::shared_ptr<const Nyuv2File> file_;
  std::vector<std::uint8_t> class_table_;
  NyuSplits splits_;
  Nyuv2Options options_;
  Nyuv2NormalFiles normal_files_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
