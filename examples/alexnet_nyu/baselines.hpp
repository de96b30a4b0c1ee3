#pragma once
// What no learning reaches: always the most frequent class, always the mean normal of the training set.
#include <xstitch/data/data_set.hpp>
#include <xstitch/losses/codebook.hpp>
#include <xstitch/metrics/normals.hpp>
#include <xstitch/metrics/segmentation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace alexnet_nyu {

namespace xs = xstitch;

/// Counts over evenly spread samples of a training set.
struct TrainingStatistics {
  std::vector<double> class_counts;
  std::array<double, 3> normal_sum{};
  std::vector<float> normals;  ///< some hundred thousand, to learn the codebook from

  [[nodiscard]] std::size_t most_frequent() const {
    return static_cast<std::size_t>(std::max_element(class_counts.begin(), class_counts.end()) - class_counts.begin());
  }
  [[nodiscard]] std::array<float, 3> mean_normal() const {
    const double length =
        std::sqrt(normal_sum[0] * normal_sum[0] + normal_sum[1] * normal_sum[1] + normal_sum[2] * normal_sum[2]);
    if (length == 0.0) return {0.0F, 0.0F, 1.0F};
    return {static_cast<float>(normal_sum[0] / length), static_cast<float>(normal_sum[1] / length),
            static_cast<float>(normal_sum[2] / length)};
  }
};

/// Positions of the two labels in a data set's samples.
struct LabelIndex {
  std::size_t segmentation = 0, normals = 0;
  explicit LabelIndex(const xs::DataSetRef& data) {
    for (std::size_t i = 0; i < data.labels().size(); ++i) {
      if (data.labels()[i].name == "segmentation") segmentation = i;
      if (data.labels()[i].name == "normals") normals = i;
    }
  }
};

inline TrainingStatistics look_at(const xs::DataSetRef& train, int classes) {
  TrainingStatistics statistics;
  statistics.class_counts.assign(static_cast<std::size_t>(classes), 0.0);
  const LabelIndex at(train);
  const std::size_t samples = std::min<std::size_t>(200, train.size());
  xs::Sample sample;
  for (std::size_t k = 0; k < samples; ++k) {
    train.load(k * train.size() / samples, sample);
    for (const std::int32_t label : sample.labels[at.segmentation].indices)
      if (label >= 0 && label < classes) statistics.class_counts[static_cast<std::size_t>(label)] += 1.0;
    const xs::LabelValue& normals = sample.labels[at.normals];
    for (std::size_t p = 0; p < normals.values.size() / 3; ++p) {
      if (!normals.mask.empty() && normals.mask[p] == 0) continue;
      for (std::size_t c = 0; c < 3; ++c) statistics.normal_sum[c] += static_cast<double>(normals.values[3 * p + c]);
      if (p % 37 == k % 37)
        statistics.normals.insert(statistics.normals.end(), &normals.values[3 * p], &normals.values[3 * p] + 3);
    }
  }
  return statistics;
}

/// The metrics of the two constant answers on a test set, in the order segmentation, normals.
inline std::array<std::vector<xs::MetricValue>, 2> constant_answers(const xs::DataSetRef& test,
                                                                    const TrainingStatistics& statistics, int height,
                                                                    int width, int classes) {
  xs::SegmentationMetric segmentation(xs::Dims{height, width, classes});
  xs::NormalsMetric normals(xs::Dims{height, width, 3});
  const std::size_t pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  const std::size_t channels = static_cast<std::size_t>(classes);
  std::vector<float> classes_answer(pixels * channels), normals_answer(pixels * 3);
  const auto mean = statistics.mean_normal();
  for (std::size_t p = 0; p < pixels; ++p) {
    classes_answer[p * channels + statistics.most_frequent()] = 1.0F;
    std::copy(mean.begin(), mean.end(), normals_answer.begin() + static_cast<std::ptrdiff_t>(3 * p));
  }
  const LabelIndex at(test);
  xs::Sample sample;
  for (std::size_t i = 0; i < test.size(); ++i) {
    test.load(i, sample);
    const auto batch_of = [](const xs::LabelValue& value) {
      return xs::LabelBatch{
          value.indices, value.values, value.mask, {static_cast<std::uint8_t>(value.present ? 1 : 0)}};
    };
    segmentation.add(1, classes_answer.data(), batch_of(sample.labels[at.segmentation]));
    normals.add(1, normals_answer.data(), batch_of(sample.labels[at.normals]));
  }
  return {segmentation.values(), normals.values()};
}

}  // namespace alexnet_nyu
