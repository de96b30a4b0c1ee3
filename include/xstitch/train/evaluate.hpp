#pragma once
/// \file
/// How good a network is on a data set: one row a head with the loss and the metrics over the whole set, exact for any
/// batch size. The predictions of an ensemble's members are averaged before the metrics see them (vectors
/// renormalised); its loss is the mean of the members' losses.

#include <xstitch/data/loader.hpp>
#include <xstitch/metrics/metric.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/head_metrics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct EvaluateOptions {
  std::size_t batch = 32;
  std::size_t threads = 0;         ///< 0: as many as the process may use processors
  std::size_t loader_threads = 1;  ///< 0: load on the caller's thread
  OnError on_error = OnError::stop;
  std::vector<HeadMetric> metrics{};  ///< beside those of the losses, for example {{"upper", confusion}}
};

struct Evaluation {
  struct Row {
    std::string name;     ///< "tower" or "tower.head"
    double loss = 0.0;    ///< sum over the set / normaliser over the set
    float weight = 1.0F;  ///< of the loss in the total
    std::vector<MetricValue> values;
    std::size_t main = 0;  ///< index into values of the one that decides which checkpoint is best
    bool labelled = true;  ///< false: no sample had a label, and the loss of 0 says nothing
  };
  std::vector<Row> rows;
  std::size_t samples = 0;
  std::uint64_t skipped = 0;

  [[nodiscard]] double total_loss() const {
    double total = 0.0;
    for (const Row& row : rows) total += static_cast<double>(row.weight) * row.loss;
    return total;
  }
  /// Value of a metric, for programs: evaluation.value("upper", "accuracy").
  [[nodiscard]] double value(std::string_view name, std::string_view metric) const {
    for (const Row& row : rows)
      if (row.name == name)
        for (const MetricValue& v : row.values)
          if (v.name == metric) return v.value;
    fail("evaluation: no metric \"", metric, "\" of \"", name, "\"");
  }
  /// One number for "best": the mean over heads of the main metric, larger is better, each on a scale of about 1:
  /// percent / 100, degrees / -90, other values v as v / (1 + |v|), or 1 / (1 + |v|) where smaller is better. A head
  /// where nothing was measured does not count.
  [[nodiscard]] double score() const {
    double sum = 0.0;
    std::size_t count = 0;
    for (const Row& row : rows) {
      if (row.main >= row.values.size() || !row.values[row.main].measured) continue;
      const MetricValue& v = row.values[row.main];
      const double sign = v.larger_is_better ? 1.0 : -1.0;
      if (v.unit == "%")
        sum += sign * v.value / 100.0;
      else if (v.unit == "deg")
        sum += sign * v.value / 90.0;
      else
        sum += (v.larger_is_better ? v.value : 1.0) / (1.0 + std::abs(v.value));
      ++count;
    }
    return count == 0 ? 0.0 : sum / static_cast<double>(count);
  }
};

namespace evaluation {

/// A fixed number of digits without the stream's settings.
inline std::string digits(double value, int behind_point) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", behind_point, value);
  return text;
}
inline std::string to_text(const MetricValue& v) {
  if (!v.measured) return "-";
  return digits(v.value, v.unit.empty() ? 4 : 2) + (v.unit.empty() ? "" : " " + v.unit);
}

/// The heads of one name, one a member.
struct Group {
  std::vector<std::size_t> heads;
  std::unique_ptr<Metric> own;   ///< of the loss
  std::vector<Metric*> metrics;  ///< that, and the user's
  std::vector<LossSum> losses;
};

inline void normalise(std::span<float> vectors, std::size_t channels) {
  for (std::size_t at = 0; at + channels <= vectors.size(); at += channels) {
    double squares = 0.0;
    for (std::size_t c = 0; c < channels; ++c)
      squares += static_cast<double>(vectors[at + c]) * static_cast<double>(vectors[at + c]);
    const double length = std::sqrt(squares);
    if (length > 0.0)
      for (std::size_t c = 0; c < channels; ++c)
        vectors[at + c] = static_cast<float>(static_cast<double>(vectors[at + c]) / length);
  }
}

/// The weights packed once for all batches; the memory goes back unless somebody else had them packed.
class PackedForEvaluation {
 public:
  PackedForEvaluation(AnyNet& net, ThreadPool& threads) : net_(net), mine_(net.packed_bytes() == 0) {
    net.pack_weights(threads);
  }
  ~PackedForEvaluation() {
    if (mine_) net_.drop_packed_weights();
  }
  PackedForEvaluation(const PackedForEvaluation&) = delete;
  PackedForEvaluation& operator=(const PackedForEvaluation&) = delete;

 private:
  AnyNet& net_;
  bool mine_;
};

inline LoaderOptions loader_options(const EvaluateOptions& options) {
  return {.batch = options.batch, .epochs = 1, .threads = options.loader_threads, .on_error = options.on_error};
}

inline Evaluation run(AnyNet& net, const DataSetRef& data, const EvaluateOptions& options, ThreadPool& threads) {
  const PackedForEvaluation packed(net, threads);
  const std::span<const HeadSlot> heads = net.heads();
  head_metrics::begin(options.metrics, heads);
  std::vector<Group> groups;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return heads[g.heads[0]].name() == heads[h].name(); });
    if (group == groups.end()) {
      groups.emplace_back();
      group = groups.end() - 1;
      group->own = net.program().training[heads[h].operation].metric();
      if (group->own) group->metrics.push_back(group->own.get());
      for (const HeadMetric& one : options.metrics)
        if (one.head == heads[h].name()) group->metrics.push_back(&one.metric.get());
    }
    group->heads.push_back(h);
    group->losses.emplace_back();
  }

  Loader loader(data, net.inputs(), heads, loader_options(options));
  std::vector<float> mean;
  Evaluation result;
  while (const LoadedBatch* loaded = loader.next()) {
    const StepResult& step = net.evaluate(loaded->batch, threads);
    result.samples += loaded->batch.size;
    for (Group& group : groups) {
      for (std::size_t m = 0; m < group.heads.size(); ++m) {
        group.losses[m].sum += step.losses[group.heads[m]].sum;
        group.losses[m].normaliser += step.losses[group.heads[m]].normaliser;
      }
      if (group.metrics.empty()) continue;
      const HeadSlot& head = heads[group.heads[0]];
      const std::span<const float> first = net.prediction(group.heads[0]);
      const float* prediction = first.data();
      if (group.heads.size() > 1) {
        mean.assign(first.begin(), first.end());
        for (std::size_t m = 1; m < group.heads.size(); ++m) {
          const std::span<const float> other = net.prediction(group.heads[m]);
          for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += other[i];
        }
        const float share = 1.0F / static_cast<float>(group.heads.size());
        for (float& value : mean) value *= share;
        if (head.unit_vectors) normalise(mean, static_cast<std::size_t>(head.prediction.dims.channels));
        prediction = mean.data();
      }
      const LabelBatch& labels = loaded->batch.labels[group.heads[0]];
      for (Metric* metric : group.metrics) metric->add(loaded->batch.size * labels.rows, prediction, labels);
    }
  }
  result.skipped = loader.skipped();
  for (const Group& group : groups) {
    Evaluation::Row row;
    row.name = heads[group.heads[0]].name();
    row.weight = heads[group.heads[0]].weight;
    for (const LossSum& loss : group.losses) row.loss += loss.value() / static_cast<double>(group.losses.size());
    row.labelled =
        std::any_of(group.losses.begin(), group.losses.end(), [](auto& loss) { return loss.normaliser > 0; });
    if (!group.metrics.empty()) row.main = group.metrics[0]->main_value();
    for (const Metric* metric : group.metrics)
      for (MetricValue& value : metric->values()) row.values.push_back(std::move(value));
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace evaluation

inline Evaluation evaluate(AnyNet& net, const DataSetRef& data, const EvaluateOptions& options = {}) {
  ThreadPool threads(options.threads);
  return evaluation::run(net, data, options, threads);
}

/// A table: one row a head. With the metrics as columns where all heads have the same ones, else name by name.
inline std::ostream& operator<<(std::ostream& out, const Evaluation& evaluation) {
  std::vector<std::vector<std::string>> cells{{"task", "loss"}};
  const auto names = [](const Evaluation::Row& row) {
    std::vector<std::string> list;
    for (const MetricValue& v : row.values) list.push_back(v.name);
    return list;
  };
  const bool same = std::all_of(evaluation.rows.begin(), evaluation.rows.end(),
                                [&](const auto& row) { return names(row) == names(evaluation.rows[0]); });
  if (same && !evaluation.rows.empty())
    for (const std::string& name : names(evaluation.rows[0])) cells[0].push_back(name);
  for (const Evaluation::Row& row : evaluation.rows) {
    std::vector<std::string> line{row.name, row.labelled ? evaluation::digits(row.loss, 4) : "-"};
    for (const MetricValue& v : row.values) line.push_back((same ? "" : v.name + " ") + evaluation::to_text(v));
    cells.push_back(std::move(line));
  }
  std::vector<std::size_t> widths;
  for (const auto& line : cells)
    for (std::size_t c = 0; c < line.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], line[c].size());
    }
  for (const auto& line : cells) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string gap(widths[c] - line[c].size(), ' ');
      text += (c == 0 ? "" : "   ") + (c == 0 || !same ? line[c] + gap : gap + line[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
  return out;
}

}  // namespace xstitch::inline XSTITCH_ISA
