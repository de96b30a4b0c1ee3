#pragma once
/// \file
/// What an evaluation measures of one batch: losses, labels and predictions. Of several ranks each computes every so
/// many batches; then every rank is told of each, in the order of the batches, so that metrics are those of one
/// process.

#include <xstitch/core/labels.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/ranks.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace evaluation {

struct EvaluatedBatch {
  std::size_t size = 0;
  std::vector<LossSum> losses;                      ///< [head]
  std::vector<std::span<const float>> predictions;  ///< [head]
  std::span<const LabelBatch> labels;               ///< [head]
};

/// Of the last net.evaluate(); valid until the next.
XSTITCH_INLINE EvaluatedBatch of(const AnyNet& net, const Batch& batch, const StepResult& result) {
  EvaluatedBatch one{batch.size, result.losses, {}, {batch.labels.data(), batch.labels.size()}};
  for (std::size_t h = 0; h < net.heads().size(); ++h) one.predictions.push_back(net.prediction(h));
  return one;
}

/// Tells all ranks of a batch that one has evaluated.
class Telling {
 public:
  XSTITCH_INLINE Telling(Ranks& ranks, std::size_t heads) : ranks_(ranks), labels_(heads), predictions_(heads) {}

  /// `own`: of rank `from`; on the others it is not looked at. Valid until the next call.
  XSTITCH_INLINE EvaluatedBatch tell(std::size_t from, const EvaluatedBatch& own) {
    const bool mine = ranks_.rank() == from;
    std::uint64_t size = 0;
    if (mine) {
      bytes_.clear();
      write(own);
      size = bytes_.size();
    }
    ranks_.broadcast(from, std::as_writable_bytes(std::span(&size, 1)));
    bytes_.resize(size);
    ranks_.broadcast(from, std::span(bytes_));
    return mine ? own : read();
  }

 private:
  XSTITCH_INLINE void write(const EvaluatedBatch& own) {
    put(std::span(&own.size, 1));
    put(std::span(own.losses));
    for (std::size_t h = 0; h < labels_.size(); ++h) {
      put(own.predictions[h]);
      put(std::span(&own.labels[h].rows, 1));
      put(std::span(own.labels[h].indices));
      put(std::span(own.labels[h].values));
      put(std::span(own.labels[h].mask));
      put(std::span(own.labels[h].present));
    }
  }
  XSTITCH_INLINE EvaluatedBatch read() {
    EvaluatedBatch one;
    std::vector<std::size_t> number;
    at_ = 0;
    take(number);
    one.size = number.at(0);
    take(one.losses);
    for (std::size_t h = 0; h < labels_.size(); ++h) {
      take(predictions_[h]);
      take(number);
      labels_[h].rows = number.at(0);
      take(labels_[h].indices);
      take(labels_[h].values);
      take(labels_[h].mask);
      take(labels_[h].present);
      one.predictions.emplace_back(predictions_[h].data(), predictions_[h].size());
    }
    one.labels = {labels_.data(), labels_.size()};
    return one;
  }
  template <class T>
  void put(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::uint64_t count = values.size();
    const auto counted = std::as_bytes(std::span(&count, 1)), all = std::as_bytes(values);
    bytes_.insert(bytes_.end(), counted.begin(), counted.end());
    bytes_.insert(bytes_.end(), all.begin(), all.end());
  }
  template <class T>
  void put(std::span<T> values) {
    put(std::span<const T>(values));
  }
  template <class T>
  void take(std::vector<T>& values) {
    std::uint64_t count = 0;
    std::memcpy(&count, bytes_.data() + at_, sizeof count);
    at_ += sizeof count;
    values.resize(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
  }

  Ranks& ranks_;
  std::vector<LabelBatch> labels_;               ///< [head]
  std::vector<std::vector<float>> predictions_;  ///< [head]
  std::vector<std::byte> bytes_;
  std::size_t at_ = 0;
};

}  // namespace evaluation
}  // namespace xstitch::inline XSTITCH_ISA
