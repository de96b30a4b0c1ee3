#pragma once
/// \file
/// What a metric is: a running sum over the whole set, exact for any batch size.

#include <xstitch/core/labels.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// One number of a report, e.g. {"mean IU", 19.3, "%", true}.
struct MetricValue {
  std::string name;              ///< as in tables: "mean IU"
  double value = 0.0;            ///< in `unit`; 0 where nothing was measured
  std::string unit;              ///< "%", "deg", "" ...
  bool larger_is_better = true;  ///< whether more is better
  /// NaN-free marker: false when nothing was measured (then `value` is 0 and prints as "-").
  bool measured = true;
};

class Metric {
 public:
  virtual ~Metric() = default;
  /// Before the first batch of a head with these labels and predictions: forgets what was added, and refuses a head
  /// that it cannot judge. A metric that was not made for a shape takes it from here.
  virtual void begin(const LabelSpec& /*label*/, Dims /*prediction*/) { reset(); }
  /// Adds a batch: `prediction` is [batch, prediction shape] as the loss's Prediction wrote it. `batch` counts rows:
  /// samples x labels.rows.
  virtual void add(std::size_t batch, const float* prediction, const LabelBatch& labels) = 0;
  virtual void reset() = 0;
  [[nodiscard]] virtual std::vector<MetricValue> values() const = 0;
  /// Index into values() of the number that decides which checkpoint is best.
  [[nodiscard]] virtual std::size_t main_value() const { return 0; }
};

}  // namespace xstitch::inline XSTITCH_ISA
