#pragma once
/// \file
/// How good a network is on a data set: one row a head with the loss and the metrics over the whole set, exact for any
/// batch size. The predictions of an ensemble's members are averaged before the metrics see them (vectors
/// renormalised); its loss is the mean of the members' losses. Several ranks share the batches out; each gets the whole
/// evaluation, with the bits of one process.

#include <xstitch/data/loader.hpp>
#include <xstitch/metrics/metric.hpp>
#include <xstitch/run/training.hpp>
#include <xstitch/train/evaluated_batch.hpp>
#include <xstitch/train/evaluation.hpp>
#include <xstitch/train/head_metrics.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// How a data set is judged.
struct EvaluateOptions {
  std::size_t batch = 32;             ///< samples at a time
  std::size_t threads = 0;            ///< 0: as many as the process may use processors
  std::size_t loader_threads = 1;     ///< 0: load on the caller's thread
  OnError on_error = OnError::stop;   ///< about samples that do not load
  std::vector<HeadMetric> metrics{};  ///< beside those of the losses, for example {{"upper", confusion}}
  std::shared_ptr<Ranks> ranks{};     ///< share the batches out over these
};

namespace evaluation {

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
  LoaderOptions loading{
      .batch = options.batch, .epochs = 1, .threads = options.loader_threads, .on_error = options.on_error};
  if (!options.ranks) return loading;
  const std::size_t ranks = options.ranks->ranks();
  loading.share = {.rank = options.ranks->rank(), .ranks = ranks, .piece = options.batch};
  loading.batch *= std::min(ranks, std::numeric_limits<std::size_t>::max() / std::max<std::size_t>(1, options.batch));
  return loading;
}

XSTITCH_INLINE std::vector<Group> groups_of(const AnyNet& net, const std::vector<HeadMetric>& metrics) {
  const std::span<const HeadSlot> heads = net.heads();
  std::vector<Group> groups;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return heads[g.heads[0]].name() == heads[h].name(); });
    if (group == groups.end()) {
      groups.emplace_back();
      group = groups.end() - 1;
      group->own = net.program().training[heads[h].operation].metric();
      if (group->own) group->metrics.push_back(group->own.get());
      for (const HeadMetric& one : metrics)
        if (one.head == heads[h].name()) group->metrics.push_back(&one.metric.get());
    }
    group->heads.push_back(h);
    group->losses.emplace_back();
  }
  return groups;
}

/// `mean`: scratch for predictions of several members.
XSTITCH_INLINE void add(Group& group, std::span<const HeadSlot> heads, const EvaluatedBatch& batch,
                        std::vector<float>& mean) {
  for (std::size_t m = 0; m < group.heads.size(); ++m) {
    group.losses[m].sum += batch.losses[group.heads[m]].sum;
    group.losses[m].normaliser += batch.losses[group.heads[m]].normaliser;
  }
  if (group.metrics.empty()) return;
  const HeadSlot& head = heads[group.heads[0]];
  const std::span<const float> first = batch.predictions[group.heads[0]];
  const float* prediction = first.data();
  if (group.heads.size() > 1) {
    mean.assign(first.begin(), first.end());
    for (std::size_t m = 1; m < group.heads.size(); ++m) {
      const std::span<const float> other = batch.predictions[group.heads[m]];
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += other[i];
    }
    const float share = 1.0F / static_cast<float>(group.heads.size());
    for (float& value : mean) value *= share;
    if (head.unit_vectors) normalise(mean, static_cast<std::size_t>(head.prediction.dims.channels));
    prediction = mean.data();
  }
  const LabelBatch& labels = batch.labels[group.heads[0]];
  for (Metric* metric : group.metrics) metric->add(batch.size * labels.rows, prediction, labels);
}

XSTITCH_INLINE Evaluation run(AnyNet& net, const DataSetRef& data, const EvaluateOptions& options,
                              ThreadPool& threads) {
  const PackedForEvaluation packed(net, threads);
  const std::span<const HeadSlot> heads = net.heads();
  head_metrics::begin(options.metrics, heads);
  std::vector<Group> groups = groups_of(net, options.metrics);
  const LoaderOptions loading = loader_options(options);
  Loader loader(data, net.inputs(), heads, loading);
  std::optional<Telling> telling;
  if (options.ranks && loading.share.ranks > 1) telling.emplace(*options.ranks, heads.size());
  std::vector<float> mean;
  Evaluation result;
  while (const LoadedBatch* loaded = loader.next()) {
    result.samples += loaded->samples;
    EvaluatedBatch own;
    if (loaded->batch.size > 0) own = of(net, loaded->batch, net.evaluate(loaded->batch, threads));
    for (std::size_t r = 0; r < loading.share.ranks; ++r) {
      if (telling && loading.share.range(loaded->samples, 0, r).size == 0) break;
      const EvaluatedBatch batch = telling ? telling->tell(r, own) : own;
      for (Group& group : groups) add(group, heads, batch, mean);
    }
  }
  result.skipped = loader.skipped();
  if (telling) {
    std::vector<std::uint64_t> skipped(loading.share.ranks);
    options.ranks->gather_values(std::span<const std::uint64_t>(&result.skipped, 1), std::span(skipped));
    result.skipped = 0;
    for (const std::uint64_t one : skipped) result.skipped += one;
  }
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

/// Losses and metrics of every head over all samples, exactly.
inline Evaluation evaluate(AnyNet& net, const DataSetRef& data, const EvaluateOptions& options = {}) {
  ThreadPool threads(options.threads);
  return evaluation::run(net, data, options, threads);
}

}  // namespace xstitch::inline XSTITCH_ISA
