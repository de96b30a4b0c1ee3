#pragma once
/// \file
/// Makes one batch from chosen samples: reads them (sample_reader.hpp) and copies them to the places where towers and
/// heads read. Thread-safe: each thread brings its own Buffers.

#include <xstitch/core/batch.hpp>
#include <xstitch/data/binding.hpp>
#include <xstitch/data/loader_options.hpp>
#include <xstitch/data/sample_reader.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Binds a data set to a network once, then fills batches.
class BatchMaker {
 public:
  using Buffers = SampleReader::Buffers;

  XSTITCH_INLINE BatchMaker(const DataSetRef& data, std::span<const InputSlot> inputs, std::span<const HeadSlot> heads,
                            const LoaderOptions& options)
      : shuffle_(options.shuffle),
        input_slots_(inputs.begin(), inputs.end()),
        binding_(bind(data, inputs, heads)),
        reader_(data, binding_.uses, options) {
    for (const HeadSlot& head : heads) {
      head_order_.push_back(shuffle_ ? static_cast<std::size_t>(head.member) : 0);
      head_label_.push_back(head.label);
      head_masked_.push_back(data.labels()[binding_.labels[head_masked_.size()]].spec.mask.size() > 0);
    }
    share_inputs();
  }

  /// Sizes the batch for batch.size samples.
  XSTITCH_INLINE void fit(Batch& batch) const {
    batch.first_position = 0;
    batch.shared_input = shared_;
    batch.inputs.resize(shared_.size());
    for (std::size_t s = 0; s < shared_.size(); ++s)
      batch.inputs[s].resize(shared_[s] == s ? batch.size * input_slots_[s].shape.size() : 0);
    batch.labels.resize(head_label_.size());
    for (std::size_t h = 0; h < head_label_.size(); ++h) {
      const LabelSpec& spec = head_label_[h];
      LabelBatch& label = batch.labels[h];
      (spec.integral() ? label.values.resize(0) : label.indices.resize(0));
      label.rows = static_cast<std::size_t>(spec.rows);
      const std::size_t rows = batch.size * label.rows;
      if (spec.integral())
        label.indices.resize(rows * spec.shape.size());
      else
        label.values.resize(rows * spec.shape.size());
      label.mask.resize(head_masked_[h] ? rows * spec.mask.size() : 0);
      label.present.resize(batch.size);
    }
  }

  void reserve(Buffers& buffers) const { reader_.reserve(buffers); }

  /// Puts the samples `chosen` in the places of the batch that ensemble member `member` reads.
  XSTITCH_INLINE void fill(LoadedBatch& loaded, std::span<const std::size_t> chosen, std::size_t member,
                           Buffers& buffers) {
    for (std::size_t n = 0; n < chosen.size(); ++n)
      put(reader_.load(chosen[n], member, loaded.epoch, buffers, loaded.skipped), member, n, loaded.batch);
  }

 private:
  /// Towers that read the same field in the same order read the same memory.
  XSTITCH_INLINE void share_inputs() {
    for (std::size_t s = 0; s < input_slots_.size(); ++s) {
      const std::size_t order = shuffle_ ? static_cast<std::size_t>(input_slots_[s].member) : 0;
      input_order_.push_back(order);
      std::size_t from = s;
      for (std::size_t t = 0; t < s && from == s; ++t)
        if (binding_.inputs[t] == binding_.inputs[s] && input_order_[t] == order) from = t;
      shared_.push_back(from);
    }
  }

  /// Copies a sample to place n of the batch, for the towers of one ensemble member.
  XSTITCH_INLINE void put(const Sample& sample, std::size_t order, std::size_t n, Batch& batch) const {
    for (std::size_t s = 0; s < shared_.size(); ++s)
      if (shared_[s] == s && input_order_[s] == order) {
        const std::vector<float>& from = sample.inputs[binding_.inputs[s]];
        std::copy(from.begin(), from.end(), batch.inputs[s].begin() + static_cast<std::ptrdiff_t>(n * from.size()));
      }
    for (std::size_t h = 0; h < head_label_.size(); ++h) {
      if (head_order_[h] != order) continue;
      const LabelSpec& spec = head_label_[h];
      const LabelValue& from = sample.labels[binding_.labels[h]];
      LabelBatch& to = batch.labels[h];
      const std::size_t count = to.rows * spec.shape.size();
      const auto at = static_cast<std::ptrdiff_t>(n * count);
      const auto mask_size = static_cast<std::ptrdiff_t>(to.rows * spec.mask.size());
      to.present[n] = from.present ? 1 : 0;
      if (spec.integral()) {
        if (from.present)
          std::copy(from.indices.begin(), from.indices.end(), to.indices.begin() + at);
        else
          std::fill_n(to.indices.begin() + at, count, ignore_label);
      } else {
        if (from.present)
          std::copy(from.values.begin(), from.values.end(), to.values.begin() + at);
        else
          std::fill_n(to.values.begin() + at, count, 0.0F);
      }
      if (to.mask.empty()) continue;
      const auto mask_at = to.mask.begin() + static_cast<std::ptrdiff_t>(n) * mask_size;
      if (from.present && !from.mask.empty())
        std::copy(from.mask.begin(), from.mask.end(), mask_at);
      else
        std::fill_n(mask_at, mask_size, static_cast<std::uint8_t>(from.present ? 1 : 0));
    }
  }

  bool shuffle_;
  std::vector<InputSlot> input_slots_;
  Binding binding_;
  SampleReader reader_;
  std::vector<std::size_t> input_order_, shared_, head_order_;
  std::vector<LabelSpec> head_label_;
  std::vector<bool> head_masked_;  ///< whether the data set's label has a mask
};

}  // namespace xstitch::inline XSTITCH_ISA
