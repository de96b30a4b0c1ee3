#pragma once
/// \file
/// Share of positions (samples, or pixels) whose label is among the K classes of the largest scores, in percent. Of
/// equal scores the smaller class comes first, so that K = 1 is the accuracy. Ignored and missing labels do not count.
///
///     xs::TopKAccuracy<5> top5;
///     xs::evaluate(net, data, {.metrics = {{"object", top5}}}).value("object", "top-5 accuracy")

#include <xstitch/metrics/metric_support.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Share of the labels that are among the k largest predictions.
template <int K>
class TopKAccuracy : public Metric {
  static_assert(K >= 1, "xstitch: TopKAccuracy<K> looks at one class or more");

 public:
  void begin(const LabelSpec& label, Dims prediction) override {
    metrics::check_classes(name(), label, prediction);
    if (prediction.channels < K) fail(name(), ": found ", prediction.channels, " classes, expected at least ", K);
    shape_ = prediction;
    reset();
  }
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    label_support::check_sizes(name(), labels,
                               {LabelKind::class_index, {shape_.height, shape_.width, 1}, {}, shape_.channels}, batch);
    const auto classes = static_cast<std::size_t>(shape_.channels);
    for (std::size_t i = 0; i < batch * shape_.pixels(); ++i) {
      const std::size_t row = i / shape_.pixels();
      if (!label_support::is_present(labels, row) || is_ignored(labels.indices[i], shape_.channels)) continue;
      if (labels.indices[i] >= shape_.channels)
        metrics::wrong_label(name(), labels.indices[i], labels, row, shape_.channels);
      ++counted_;
      if (before(prediction + i * classes, static_cast<std::size_t>(labels.indices[i]), labels, row) < K) ++found_;
    }
  }
  void reset() override { found_ = counted_ = 0; }
  [[nodiscard]] std::vector<MetricValue> values() const override {
    return {metrics::percentage(name(), static_cast<double>(found_), static_cast<double>(counted_))};
  }

 private:
  static std::string name() { return "top-" + std::to_string(K) + " accuracy"; }

  /// How many classes come before the label.
  [[nodiscard]] int before(const float* scores, std::size_t label, const LabelBatch& labels, std::size_t row) const {
    int count = 0;
    float poison = 0.0F;
    for (std::size_t c = 0; c < static_cast<std::size_t>(shape_.channels); ++c) {
      poison += scores[c] * 0.0F;
      if (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)) ++count;
    }
    if (poison != 0.0F) metrics::not_finite(name(), labels, row, label);  // NaN is unequal to 0
    return count;
  }

  Dims shape_{};
  std::uint64_t found_ = 0, counted_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
