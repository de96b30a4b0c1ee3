#pragma once
/// \file
/// NYU Depth V2, labelled part (Silberman, Hoiem, Kohli, Fergus 2012): 1449 indoor views with classes, depth and
/// surface normals; 795 train, 654 test. Any folder in its layout will do.
///
///     xs::data::Nyuv2 train{"/data/nyuv2", {.split = xs::data::Nyuv2Split::train, .height = 96, .width = 128}};
///
/// The folder holds nyu_depth_v2_labeled.mat, splits.mat, classMapping40.mat (class13Mapping.mat for 13 classes) and,
/// for normals that are not computed from depth, one of the layouts of nyuv2_normal_files.hpp.
///
/// Input "input" [height, width, 3]: RGB by `scaling`. Labels:
///     "segmentation"  class index per pixel, 255 = unlabelled, to be ignored
///     "normals"       unit vectors with a mask: x right, y up, z towards the camera
///     "depth"         metres with a mask (if asked for)
/// Changing the size: the picture smoothly, without aliasing; labels, normals and depth take the pixel that holds the
/// centre (an average across an edge belongs to no surface). The whole window is stretched to height x width.
///
/// Views are read when they are loaded and kept, as small integers, as long as all fit into `cache_bytes`.
/// Needs HDF5, libpng and zlib (component nyuv2). Errors name the file, what was found and what was expected.

#include <xstitch/data/data_set.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/data/nyuv2_file.hpp>
#include <xstitch/data/nyuv2_normal_files.hpp>
#include <xstitch/data/nyuv2_normals.hpp>
#include <xstitch/data/resize.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

enum class Nyuv2Split : std::uint8_t { train, test, all };

/// A part of a view, in pixels of the file. Height 0: everything.
struct PixelWindow {
  int top = 0, left = 0, height = 0, width = 0;
};

struct Nyuv2Options {
  Nyuv2Split split = Nyuv2Split::train;
  int classes = 40;           ///< 40 or 13
  int height = 0, width = 0;  ///< of the samples; 0: as in the window
  PixelWindow window{};       ///< e.g. {44, 40, 427, 561}: without the white frame of the real data
  PixelScaling scaling{};
  Nyuv2Normals normals = Nyuv2Normals::automatic;
  /// What to multiply x, y and z in pictures of normals by, for sources with other axes: 1 or -1. 0: found out by
  /// comparing some views with normals computed from depth; an error if they do not say it clearly.
  std::array<int, 3> normal_signs{0, 0, 0};
  NormalsFromDepthOptions from_depth{};
  Camera camera{};          ///< of the file's views, for normals from depth; zero: the Kinect's
  bool depth = false;       ///< deliver a label "depth"
  bool fill_holes = false;  ///< depth and normals from it also where only filled-in depth is known
  std::size_t cache_bytes = std::size_t{512} << 20;
  /// Names of the towers (or "tower.head").
  std::string segmentation_name = "segmentation", normals_name = "normals", depth_name = "depth";
};

class Nyuv2 {
 public:
  using Options = Nyuv2Options;

  explicit Nyuv2(const std::string& folder, Options options = {})
      : folder_(folder),
        options_(std::move(options)),
        file_(std::make_shared<const Nyuv2File>((std::filesystem::path(folder) / "nyu_depth_v2_labeled.mat").string())),
        cache_(std::make_shared<Cache>()) {
    table_ = read_nyu_class_table(folder, options_.classes);
    read_splits();
    PixelWindow& w = options_.window;
    if (w.height == 0 && w.width == 0) w = {0, 0, file_->height(), file_->width()};
    if (w.top < 0 || w.left < 0 || w.height < 1 || w.width < 1 || w.top > file_->height() - w.height ||
        w.left > file_->width() - w.width)
      fail("file ", file_->path(), ": found views of ", file_->height(), "x", file_->width(), ", expected the window ",
           w.top, ", ", w.left, ", ", w.height, "x", w.width, " inside");
    if (options_.height == 0 && options_.width == 0) options_.height = w.height, options_.width = w.width;
    if (options_.height < 1 || options_.width < 1)
      fail("NYU Depth V2: found size ", options_.height, "x", options_.width, " asked for, expected at least 1x1");
    if (options_.camera.fx == 0) options_.camera = Camera::kinect(file_->height(), file_->width());
    if (options_.normals == Nyuv2Normals::automatic) options_.normals = Nyuv2NormalFiles::detect(folder);
    if (normals_from_files()) {
      normal_files_ = Nyuv2NormalFiles(folder, options_.normals);
      for (std::size_t i = 0; i < views_.size(); ++i) normal_files_.check_present(views_[i], in_train_[views_[i]]);
      set_signs();
    }
    const std::size_t pixels = static_cast<std::size_t>(options_.height) * static_cast<std::size_t>(options_.width);
    if (size() * pixels * (options_.depth ? 16 : 11) <= options_.cache_bytes) cache_->views.resize(size());
  }

  [[nodiscard]] std::size_t size() const noexcept { return views_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{"input", {options_.height, options_.width, 3}, true}};
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    const Dims one{options_.height, options_.width, 1};
    std::vector<LabelField> fields = {
        {options_.segmentation_name, {LabelKind::class_index, one, {}, options_.classes}}};
    if (options_.normals != Nyuv2Normals::none)
      fields.push_back({options_.normals_name, {LabelKind::unit_normal, {one.height, one.width, 3}, one, 0}});
    if (options_.depth) fields.push_back({options_.depth_name, {LabelKind::real, one, one, 0}});
    return fields;
  }
  [[nodiscard]] std::span<const std::string_view> class_names() const { return nyu_class_names(options_.classes); }
  /// As given, with what was to be found out filled in.
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  /// The 0-based view of the file that sample `index` is.
  [[nodiscard]] std::size_t view(std::size_t index) const { return views_.at(index); }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return "file " + file_->path() + (index < size() ? ", view " + std::to_string(views_[index]) : ", no view");
  }

  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail("file ", file_->path(), ": sample ", index, " wanted, found ", size());
    const std::shared_ptr<const View> v = cached(index);
    const std::size_t pixels = v->classes.size();
    sample.inputs.resize(1);
    sample.inputs[0].resize(3 * pixels);
    options_.scaling.apply(v->image.data(), pixels, sample.inputs[0].data());
    const bool normals = options_.normals != Nyuv2Normals::none;
    sample.labels.assign(1 + (normals ? 1 : 0) + (options_.depth ? 1 : 0), {});
    sample.labels[0].indices.assign(v->classes.begin(), v->classes.end());
    if (normals) {
      LabelValue& label = sample.labels[1];
      label.values.resize(3 * pixels);
      label.mask = v->normal_mask;
      for (std::size_t i = 0; i < pixels; ++i) {
        const std::int16_t* n = v->normals.data() + 3 * i;
        const double x = n[0], y = n[1], z = n[2];
        const double scale = 1.0 / std::max(1.0, std::sqrt(x * x + y * y + z * z));
        for (std::size_t k = 0; k < 3; ++k) label.values[3 * i + k] = static_cast<float>(n[k] * scale);
      }
    }
    if (options_.depth) {
      sample.labels.back().values = v->depth;
      sample.labels.back().mask.resize(pixels);
      for (std::size_t i = 0; i < pixels; ++i) sample.labels.back().mask[i] = v->depth[i] > 0 ? 1 : 0;
    }
  }

 private:
  /// A sample as it is kept: 11 bytes a pixel, 16 with depth.
  struct View {
    std::vector<std::uint8_t> image, classes, normal_mask;
    std::vector<std::int16_t> normals;  ///< in 1 / 32767
    std::vector<float> depth;           ///< 0 where unknown
  };
  struct Cache {
    std::mutex mutex;
    std::vector<std::shared_ptr<const View>> views;  ///< empty: nothing is kept
  };

  [[nodiscard]] bool normals_from_files() const noexcept {
    return options_.normals == Nyuv2Normals::ladicky || options_.normals == Nyuv2Normals::eigen;
  }

  void read_splits() {
    const std::vector<std::size_t> train = read_nyu_split(folder_, "trainNdxs", file_->size());
    const std::vector<std::size_t> test = read_nyu_split(folder_, "testNdxs", file_->size());
    in_train_.assign(file_->size(), false);
    for (const std::size_t view : train) in_train_[view] = true;
    for (const std::size_t view : test)
      if (in_train_[view])
        fail("file ", (std::filesystem::path(folder_) / "splits.mat").string(), ": found view ", view + 1,
             " in trainNdxs and in testNdxs, expected it in one of them");
    if (options_.split == Nyuv2Split::train) views_ = train;
    if (options_.split == Nyuv2Split::test) views_ = test;
    if (options_.split == Nyuv2Split::all) {
      views_.resize(file_->size());
      for (std::size_t i = 0; i < views_.size(); ++i) views_[i] = i;
    }
  }

  /// Up to eight views spread over the split vote on the axes.
  void set_signs() {
    auto& signs = options_.normal_signs;
    if (signs == std::array<int, 3>{0, 0, 0}) {
      AxisAgreement agreement;
      const std::size_t votes = std::min<std::size_t>(8, size());
      for (std::size_t i = 0; i < votes; ++i) {
        const std::size_t view = views_[i * size() / votes];
        agreement.add(normal_files_.read(view, in_train_[view], file_->height(), file_->width(), {1, 1, 1}),
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

  [[nodiscard]] std::shared_ptr<const View> cached(std::size_t index) const {
    {
      const std::lock_guard lock(cache_->mutex);
      if (!cache_->views.empty() && cache_->views[index]) return cache_->views[index];
    }
    auto view = std::make_shared<const View>(read(views_[index]));
    const std::lock_guard lock(cache_->mutex);
    if (!cache_->views.empty()) cache_->views[index] = view;
    return view;
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

  [[nodiscard]] View read(std::size_t view) const {
    View out;
    out.image = resize_smooth(cut(file_->image(view)), options_.height, options_.width).values;

    const std::vector<std::uint16_t> raw = file_->labels(view);
    std::vector<std::uint8_t> classes(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] >= table_.size())
        fail("file ", file_->path(), ", labels, view ", view, ": found label ", raw[i], " at row ",
             i / static_cast<std::size_t>(file_->width()), ", column ", i % static_cast<std::size_t>(file_->width()),
             ", expected 0 to ", nyu_raw_classes);
      classes[i] = table_[raw[i]];
    }
    out.classes = sampled(classes, 1);

    if (options_.normals != Nyuv2Normals::none) {
      const NormalMap map = normals_from_files() ? normal_files_.read(view, in_train_[view], file_->height(),
                                                                      file_->width(), options_.normal_signs)
                                                 : compute_normals(view);
      for (const float n : sampled(map.normals, 3))
        out.normals.push_back(static_cast<std::int16_t>(std::lround(n * 32767.0F)));
      out.normal_mask = sampled(map.mask, 1);
    }
    if (options_.depth) out.depth = sampled(known_depth(view), 1);
    return out;
  }

  std::string folder_;
  Options options_;
  std::shared_ptr<const Nyuv2File> file_;
  std::shared_ptr<Cache> cache_;
  std::vector<std::uint8_t> table_;
  std::vector<std::size_t> views_;
  std::vector<bool> in_train_;
  Nyuv2NormalFiles normal_files_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
