#pragma once
// What a network gets right in each scene of the test set: enough for the metrics over any choice of scenes, which the
// bootstrap draws.
#include <xstitch/io/json.hpp>
#include <xstitch/metrics/normals.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace paper {

namespace xs = xstitch;

/// Of each scene three counts a class: pixels right, of this class, predicted as it; or sum and number of angles.
struct SceneCounts {
  std::vector<std::vector<double>> segmentation;  ///< [scene][3 classes]
  std::vector<std::vector<double>> normals;       ///< [scene][2]

  [[nodiscard]] std::size_t classes() const { return segmentation.empty() ? 0 : segmentation[0].size() / 3; }

  /// IU of each class over the scenes, percent; below 0 where neither truth nor prediction has it.
  [[nodiscard]] std::vector<double> class_iu(std::span<const std::size_t> scenes) const {
    std::vector<double> sums(3 * classes(), 0.0), iu(classes(), -1.0);
    for (const std::size_t s : scenes)
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += segmentation[s][i];
    for (std::size_t c = 0; c < iu.size(); ++c) {
      const double all = sums[classes() + c] + sums[2 * classes() + c] - sums[c];
      if (all > 0.0) iu[c] = 100.0 * sums[c] / all;
    }
    return iu;
  }
  [[nodiscard]] double mean_iu(std::span<const std::size_t> scenes) const {
    double sum = 0.0, count = 0.0;
    for (const double iu : class_iu(scenes))
      if (iu >= 0.0) sum += iu, count += 1.0;
    return count == 0.0 ? 0.0 : sum / count;
  }
  [[nodiscard]] double mean_angle(std::span<const std::size_t> scenes) const {
    double sum = 0.0, count = 0.0;
    for (const std::size_t s : scenes) sum += normals[s][0], count += normals[s][1];
    return count == 0.0 ? 0.0 : sum / count;
  }
  /// Pixels of a class in all scenes.
  [[nodiscard]] double truth(std::size_t c) const {
    double sum = 0.0;
    for (const auto& scene : segmentation) sum += scene[classes() + c];
    return sum;
  }

  /// Of a scene class, right, truth, predicted of each class that it has, in one list; sums of angles in tenths of a
  /// degree. A test set is judged by many networks, and a scene has few classes.
  [[nodiscard]] xs::Json json() const {
    xs::Json::Array all, angles;
    for (const auto& scene : segmentation) {
      xs::Json::Array line;
      for (std::size_t c = 0; c < classes(); ++c) {
        if (scene[classes() + c] == 0.0 && scene[2 * classes() + c] == 0.0) continue;
        line.emplace_back(c);
        for (std::size_t k = 0; k < 3; ++k) line.emplace_back(scene[k * classes() + c]);
      }
      all.emplace_back(std::move(line));
    }
    for (const auto& scene : normals) angles.emplace_back(xs::Json::Array{std::round(10.0 * scene[0]), scene[1]});
    return xs::Json().set("classes", classes()).set("segmentation", std::move(all)).set("normals", std::move(angles));
  }
  static SceneCounts from(const xs::Json& json) {
    SceneCounts counts;
    const std::size_t classes = json.at("classes").whole();
    for (const xs::Json& line : json.at("segmentation").array()) {
      std::vector<double>& scene = counts.segmentation.emplace_back(3 * classes, 0.0);
      const xs::Json::Array& values = line.array();
      for (std::size_t i = 0; i + 3 < values.size(); i += 4)
        for (std::size_t k = 0; k < 3; ++k) scene.at(k * classes + values[i].whole()) = values[i + 1 + k].number();
    }
    for (const xs::Json& line : json.at("normals").array())
      counts.normals.push_back({line.array().at(0).number() / 10.0, line.array().at(1).number()});
    return counts;
  }
};

/// Fills one of the two lists while a network is evaluated: samples come in the order of the data set.
template <bool Segmentation>
class SceneMetric : public xs::Metric {
 public:
  SceneMetric(const std::vector<std::size_t>& scenes, std::vector<std::vector<double>>& counts)
      : scenes_(scenes), counts_(counts) {}

  void begin(const xs::LabelSpec& label, xs::Dims prediction) override {
    shape_ = prediction;
    spec_ = label;
    reset();
  }
  void reset() override {
    next_ = 0;
    const std::size_t count = scenes_.empty() ? 0 : *std::max_element(scenes_.begin(), scenes_.end()) + 1;
    const std::size_t length = Segmentation ? 3 * static_cast<std::size_t>(shape_.channels) : 2;
    counts_.assign(count, std::vector<double>(length, 0.0));
  }
  void add(std::size_t batch, const float* prediction, const xs::LabelBatch& labels) override {
    const std::size_t pixels = shape_.pixels(), channels = static_cast<std::size_t>(shape_.channels);
    for (std::size_t n = 0; n < batch; ++n, ++next_) {
      std::vector<double>& counts = counts_.at(scenes_.at(next_));
      for (std::size_t p = n * pixels; p < (n + 1) * pixels; ++p) {
        if constexpr (Segmentation) {
          const std::int32_t truth = labels.indices[p];
          if (xs::is_ignored(truth, spec_.classes)) continue;
          const float* scores = prediction + p * channels;
          const auto predicted = static_cast<std::size_t>(std::max_element(scores, scores + channels) - scores);
          if (predicted == static_cast<std::size_t>(truth)) counts[predicted] += 1.0;
          counts[channels + static_cast<std::size_t>(truth)] += 1.0;
          counts[2 * channels + predicted] += 1.0;
        } else {
          if (!labels.mask.empty() && labels.mask[p] == 0) continue;
          counts[0] += xs::NormalsMetric::degrees_between(prediction + 3 * p, labels.values.data() + 3 * p);
          counts[1] += 1.0;
        }
      }
    }
  }
  [[nodiscard]] std::vector<xs::MetricValue> values() const override { return {}; }

 private:
  const std::vector<std::size_t>& scenes_;
  std::vector<std::vector<double>>& counts_;
  xs::Dims shape_{};
  xs::LabelSpec spec_{};
  std::size_t next_ = 0;
};

}  // namespace paper
