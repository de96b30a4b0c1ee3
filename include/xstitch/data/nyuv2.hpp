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
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/data/nyuv2_file.hpp>
#include <xstitch/data/nyuv2_options.hpp>
#include <xstitch/data/nyuv2_view.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class Nyuv2 {
 public:
  using Options = Nyuv2Options;

  /// Opens the files of a folder; an Error names what is missing or does not fit.
  explicit Nyuv2(const std::string& folder, Options options = {})
      : reader_(folder, std::move(options)), cache_(std::make_shared<Cache>()) {
    choose_views();
    reader_.open_normals(views_);
    const Options& o = reader_.options();
    const std::size_t pixels = static_cast<std::size_t>(o.height) * static_cast<std::size_t>(o.width);
    if (size() * pixels * (o.depth ? 16 : 11) <= o.cache_bytes) cache_->views.resize(size());
  }

  [[nodiscard]] std::size_t size() const noexcept { return views_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{"input", {options().height, options().width, 3}, true}};
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    const Dims one{options().height, options().width, 1};
    std::vector<LabelField> fields = {
        {options().segmentation_name, {LabelKind::class_index, one, {}, options().classes}}};
    if (options().normals != Nyuv2Normals::none)
      fields.push_back({options().normals_name, {LabelKind::unit_normal, {one.height, one.width, 3}, one, 0}});
    if (options().depth) fields.push_back({options().depth_name, {LabelKind::real, one, one, 0}});
    return fields;
  }
  /// Names of the 40 or 13 classes, without "no label".
  [[nodiscard]] std::span<const std::string_view> class_names() const { return nyu_class_names(options().classes); }
  /// As given, with what was to be found out filled in.
  [[nodiscard]] const Options& options() const noexcept { return reader_.options(); }
  /// The 0-based view of the file that sample `index` is.
  [[nodiscard]] std::size_t view(std::size_t index) const { return views_.at(index); }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return "file " + reader_.file().path() + (index < size() ? ", view " + std::to_string(views_[index]) : ", no view");
  }

  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail("file ", reader_.file().path(), ": sample ", index, " wanted, found ", size());
    const std::shared_ptr<const Nyuv2View> v = cached(index);
    const std::size_t pixels = v->classes.size();
    sample.inputs.resize(1);
    sample.inputs[0].resize(3 * pixels);
    options().scaling.apply(v->image.data(), pixels, sample.inputs[0].data());
    const bool normals = options().normals != Nyuv2Normals::none;
    sample.labels.assign(1 + (normals ? 1 : 0) + (options().depth ? 1 : 0), {});
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
    if (options().depth) {
      sample.labels.back().values = v->depth;
      sample.labels.back().mask.resize(pixels);
      for (std::size_t i = 0; i < pixels; ++i) sample.labels.back().mask[i] = v->depth[i] > 0 ? 1 : 0;
    }
  }

 private:
  struct Cache {
    std::mutex mutex;
    std::vector<std::shared_ptr<const Nyuv2View>> views;  ///< empty: nothing is kept
  };

  void choose_views() {
    if (options().split == Nyuv2Split::train) views_ = reader_.splits().train;
    if (options().split == Nyuv2Split::test) views_ = reader_.splits().test;
    if (options().split == Nyuv2Split::all) {
      views_.resize(reader_.file().size());
      std::iota(views_.begin(), views_.end(), std::size_t{0});
    }
  }

  [[nodiscard]] std::shared_ptr<const Nyuv2View> cached(std::size_t index) const {
    {
      const std::lock_guard lock(cache_->mutex);
      if (!cache_->views.empty() && cache_->views[index]) return cache_->views[index];
    }
    auto view = std::make_shared<const Nyuv2View>(reader_.read(views_[index]));
    const std::lock_guard lock(cache_->mutex);
    if (!cache_->views.empty()) cache_->views[index] = view;
    return view;
  }

  Nyuv2ViewReader reader_;
  std::shared_ptr<Cache> cache_;
  std::vector<std::size_t> views_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
