#pragma once
/// \file
/// Makes one batch from chosen samples: loads, checks, augments and copies them to the places where towers and heads
/// read. Thread-safe: each thread brings its own Buffers.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/augment.hpp>
#include <xstitch/data/binding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

enum class OnError : std::uint8_t { stop, skip };

struct LoaderOptions {
  std::size_t batch = 1;   ///< more than the data set has: all of it
  bool drop_last = false;  ///< leave out the last batch of an epoch where it is smaller than the others
  bool shuffle = false;    ///< else in the data set's order, the same for all ensemble members
  Seed seed{};
  Augment augment{};
  std::uint64_t first_epoch = 0;
  std::size_t first_position = 0;  ///< samples of the first epoch that are already done
  std::uint64_t epochs = 0;        ///< 0: without end
  std::size_t threads = 1;         ///< 0: load on the caller's thread, in next()
  std::size_t queue = 2;           ///< batches ready ahead of the caller, at most
  OnError on_error = OnError::stop;
  bool cache = false;  ///< keep every sample in memory after its first load (before augmentation)
};

struct LoadedBatch {
  Batch batch;
  std::uint64_t epoch = 0;
  std::size_t position = 0;  ///< of its first sample within the epoch
  bool last_of_epoch = false;
  std::vector<std::string> skipped;  ///< why samples were replaced
};

/// Binds a data set to a network once, then fills batches.
class BatchMaker {
 public:
  /// What one thread needs.
  struct Buffers {
    Sample sample;
    augment::Buffers scratch;
  };

  BatchMaker(const DataSetRef& data, std::span<const InputSlot> inputs, std::span<const HeadSlot> heads,
             const LoaderOptions& options)
      : data_(data),
        options_(options),
        input_slots_(inputs.begin(), inputs.end()),
        binding_(bind(data, inputs, heads)) {
    options_.augment.check();
    for (const HeadSlot& head : heads) {
      head_order_.push_back(options_.shuffle ? static_cast<std::size_t>(head.member) : 0);
      head_label_.push_back(head.label);
    }
    share_inputs();
    if (options_.cache) cache_.resize(data_.size());
  }

  /// Sizes the batch for batch.size samples.
  void fit(Batch& batch) const {
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
      if (spec.integral())
        label.indices.resize(batch.size * spec.shape.size());
      else
        label.values.resize(batch.size * spec.shape.size());
      const bool masked = data_.labels()[binding_.labels[h]].spec.mask.size() > 0;
      label.mask.resize(masked ? batch.size * spec.mask.size() : 0);
      label.present.resize(batch.size);
    }
  }

  /// Augmentation swaps buffers of a sample, so each has room for the largest.
  void reserve(Buffers& buffers) const {
    std::size_t floats = 0, integers = 0, octets = 0;
    for (const InputField& field : data_.inputs()) floats = std::max(floats, field.shape.size());
    for (const LabelField& field : data_.labels()) {
      std::size_t& most = field.spec.integral() ? integers : floats;
      most = std::max(most, field.spec.shape.size());
      octets = std::max(octets, field.spec.mask.size());
    }
    prepare(buffers.sample);
    for (std::vector<float>& input : buffers.sample.inputs) input.reserve(floats);
    for (std::size_t i = 0; i < buffers.sample.labels.size(); ++i) {
      LabelValue& label = buffers.sample.labels[i];
      if (data_.labels()[i].spec.integral())
        label.indices.reserve(integers);
      else
        label.values.reserve(floats);
      label.mask.reserve(octets);
    }
    buffers.scratch.floats.reserve(floats);
    buffers.scratch.integers.reserve(integers);
    buffers.scratch.octets.reserve(octets);
  }

  /// Puts the samples `chosen` in the places of the batch that ensemble member `member` reads.
  void fill(LoadedBatch& loaded, std::span<const std::size_t> chosen, std::size_t member, Buffers& buffers) {
    for (std::size_t n = 0; n < chosen.size(); ++n)
      put(load(chosen[n], member, loaded, buffers), member, n, loaded.batch);
  }

 private:
  /// Towers that read the same field in the same order read the same memory.
  void share_inputs() {
    for (std::size_t s = 0; s < input_slots_.size(); ++s) {
      const std::size_t order = options_.shuffle ? static_cast<std::size_t>(input_slots_[s].member) : 0;
      input_order_.push_back(order);
      std::size_t from = s;
      for (std::size_t t = 0; t < s && from == s; ++t)
        if (binding_.inputs[t] == binding_.inputs[s] && input_order_[t] == order) from = t;
      shared_.push_back(from);
    }
  }

  /// The sample at `index`, or, when those are skipped that do not load, the next one that does.
  const Sample& load(std::size_t index, std::size_t member, LoadedBatch& loaded, Buffers& buffers) {
    for (std::size_t tried = 0;; ++tried) {
      try {
        return load_one(index, member, loaded.epoch, buffers);
      } catch (const std::exception& error) {
        const std::string text = place(index) + ": " + error.what();
        if (options_.on_error == OnError::stop) throw Error(text);
        if (tried + 1 == data_.size()) throw Error("no sample of the data set loads; the last: " + text);
        loaded.skipped.push_back(text);
      }
      index = (index + 1) % data_.size();
    }
  }

  [[nodiscard]] std::string place(std::size_t index) const {
    std::string origin;
    try {
      origin = data_.describe(index);
    } catch (const std::exception&) {  // the first error is the one to tell
    }
    return "sample " + std::to_string(index) + (origin.empty() ? "" : " (" + origin + ")");
  }

  const Sample& load_one(std::size_t index, std::size_t member, std::uint64_t epoch, Buffers& buffers) {
    const Sample* raw = nullptr;
    if (options_.cache) {
      const std::lock_guard lock(cache_mutex_);
      raw = cache_[index].get();
    }
    if (raw == nullptr) {
      prepare(buffers.sample);
      data_.load(index, buffers.sample);
      check(buffers.sample);
      if (options_.cache) {
        auto copy = std::make_unique<Sample>(buffers.sample);
        const std::lock_guard lock(cache_mutex_);
        if (!cache_[index]) cache_[index] = std::move(copy);
      }
    } else if (options_.augment.enabled()) {
      buffers.sample = *raw;
    } else {
      return *raw;
    }
    if (options_.augment.enabled())
      augment::apply(options_.augment, buffers.sample, data_.inputs(), binding_.uses, data_.labels(),
                     RandomKey(options_.seed).with("augment").with(member).with(epoch).with(index), buffers.scratch);
    return buffers.sample;
  }

  void prepare(Sample& sample) const {
    sample.inputs.resize(data_.inputs().size());
    sample.labels.resize(data_.labels().size());
    for (LabelValue& label : sample.labels) {
      label.present = true;
      label.mask.clear();
    }
  }

  void check(const Sample& sample) const {
    if (sample.inputs.size() != data_.inputs().size() || sample.labels.size() != data_.labels().size())
      fail("load gave ", sample.inputs.size(), " inputs and ", sample.labels.size(), " labels, expected ",
           data_.inputs().size(), " and ", data_.labels().size());
    for (std::size_t i = 0; i < sample.inputs.size(); ++i)
      if (sample.inputs[i].size() != data_.inputs()[i].shape.size())
        fail("input \"", data_.inputs()[i].name, "\" has ", sample.inputs[i].size(), " numbers, expected ",
             data_.inputs()[i].shape.size(), " (", to_string(data_.inputs()[i].shape), ")");
    for (std::size_t i = 0; i < sample.inputs.size(); ++i)
      if (binding_.uses[i].kind == InputKind::boxes) augment::check_boxes(sample.inputs[i], data_.inputs()[i].name);
    for (std::size_t i = 0; i < sample.labels.size(); ++i) {
      const LabelValue& label = sample.labels[i];
      const LabelField& field = data_.labels()[i];
      if (!label.present) continue;
      const std::size_t found = field.spec.integral() ? label.indices.size() : label.values.size();
      if (found != field.spec.shape.size())
        fail("label \"", field.name, "\" has ", found, " numbers, expected ", field.spec.shape.size(), " (",
             to_string(field.spec.shape), ")");
      if (!label.mask.empty() && label.mask.size() != field.spec.mask.size())
        fail("label \"", field.name, "\" has a mask of ", label.mask.size(), ", expected ", field.spec.mask.size());
      if (field.spec.integral())
        for (const std::int32_t value : label.indices)
          if (!is_ignored(value) && value >= field.spec.classes)
            fail("label \"", field.name, "\" has class ", value, ", expected below ", field.spec.classes);
    }
  }

  /// Copies a sample to place n of the batch, for the towers of one ensemble member.
  void put(const Sample& sample, std::size_t order, std::size_t n, Batch& batch) const {
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
      const auto at = static_cast<std::ptrdiff_t>(n * spec.shape.size());
      const auto mask_size = static_cast<std::ptrdiff_t>(spec.mask.size());
      to.present[n] = from.present ? 1 : 0;
      if (spec.integral()) {
        if (from.present)
          std::copy(from.indices.begin(), from.indices.end(), to.indices.begin() + at);
        else
          std::fill_n(to.indices.begin() + at, spec.shape.size(), ignore_label);
      } else {
        if (from.present)
          std::copy(from.values.begin(), from.values.end(), to.values.begin() + at);
        else
          std::fill_n(to.values.begin() + at, spec.shape.size(), 0.0F);
      }
      if (to.mask.empty()) continue;
      const auto mask_at = to.mask.begin() + static_cast<std::ptrdiff_t>(n) * mask_size;
      if (from.present && !from.mask.empty())
        std::copy(from.mask.begin(), from.mask.end(), mask_at);
      else
        std::fill_n(mask_at, mask_size, static_cast<std::uint8_t>(from.present ? 1 : 0));
    }
  }

  DataSetRef data_;
  LoaderOptions options_;
  std::vector<InputSlot> input_slots_;
  Binding binding_;
  std::vector<std::size_t> input_order_, shared_, head_order_;
  std::vector<LabelSpec> head_label_;
  std::vector<std::unique_ptr<Sample>> cache_;
  std::mutex cache_mutex_;
};

}  // namespace xstitch::inline XSTITCH_ISA
