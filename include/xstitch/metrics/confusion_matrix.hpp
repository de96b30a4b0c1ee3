#pragma once
/// \file
/// Confusion matrix of a head of classes, a sample or a pixel. With n_ij the positions of class i predicted as j,
///
///     precision of c   n_cc / sum_i n_ic     of what is predicted as c, the share that is c
///     recall of c      n_cc / sum_j n_cj     of what is c, the share that is found
///
/// in percent. Precision of a class that is never predicted, and recall of one that does not occur, are not measured
/// and left out of the means (scikit-learn counts them as 0). Of equal scores the first counts. Ignored labels
/// (negative, or 255 with at most 255 classes) and samples without a label do not count.
///
///     xs::ConfusionMatrix confusion({"cat", "dog"});
///     xs::evaluate(net, data, {.metrics = {{"animal", confusion}}});
///     std::cout << xs::confusion_table(confusion) << xs::class_score_table(confusion);   // report/metric_tables.hpp

#include <xstitch/metrics/confusion_counts.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class ConfusionMatrix : public Metric {
 public:
  /// What was measured of one class.
  struct PerClass {
    std::string name;               ///< of the class
    MetricValue precision, recall;  ///< of what was predicted, and of what is there
    std::uint64_t truth = 0;        ///< positions of this class
    std::uint64_t predicted = 0;    ///< positions predicted as this class
  };

  /// Classes are called by these names, or by their numbers.
  explicit ConfusionMatrix(std::vector<std::string> names = {}) : names_(std::move(names)) {}
  /// With these names of classes; as many as there are classes.
  explicit ConfusionMatrix(std::span<const std::string_view> names) : names_(names.begin(), names.end()) {}

  XSTITCH_INLINE void begin(const LabelSpec& label, Dims prediction) override {
    metrics::check_classes(who, label, prediction);
    metrics::check_names(who, names_, static_cast<std::size_t>(prediction.channels));
    counts_ = ConfusionCounts(prediction);
  }
  void add(std::size_t batch, const float* prediction, const LabelBatch& labels) override {
    counts_.add(who, batch, prediction, labels);
  }
  void reset() override { counts_.reset(); }

  /// Mean recall, mean precision.
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const override {
    double recall = 0.0, recalls = 0.0, precision = 0.0, precisions = 0.0;
    for (const PerClass& c : per_class()) {
      recall += c.recall.value / 100.0;
      recalls += c.recall.measured ? 1.0 : 0.0;
      precision += c.precision.value / 100.0;
      precisions += c.precision.measured ? 1.0 : 0.0;
    }
    return {metrics::percentage("mean recall", recall, recalls),
            metrics::percentage("mean precision", precision, precisions)};
  }

  /// How many there are.
  [[nodiscard]] std::size_t classes() const noexcept { return counts_.classes(); }
  /// Elements of class `truth` that were predicted as class `predicted`.
  [[nodiscard]] std::uint64_t count(std::size_t truth, std::size_t predicted) const {
    if (truth >= classes() || predicted >= classes())
      fail(who, ": class ", truth, " predicted as ", predicted, " of ", classes(), " classes");
    return counts_.at(truth, predicted);
  }
  /// Of a class.
  [[nodiscard]] std::string name(std::size_t c) const { return metrics::name_of(names_, c); }
  /// One row a class.
  [[nodiscard]] XSTITCH_INLINE std::vector<PerClass> per_class() const {
    std::vector<PerClass> all;
    for (std::size_t c = 0; c < classes(); ++c) {
      const std::uint64_t truth = counts_.truth(c), predicted = counts_.predicted(c);
      const auto right = static_cast<double>(counts_.at(c, c));
      all.push_back({name(c), metrics::percentage("precision", right, static_cast<double>(predicted)),
                     metrics::percentage("recall", right, static_cast<double>(truth)), truth, predicted});
    }
    return all;
  }

 private:
  static constexpr std::string_view who = "confusion matrix";

  std::vector<std::string> names_;
  ConfusionCounts counts_;
};

}  // namespace xstitch::inline XSTITCH_ISA
