#pragma once
/// \file
/// Reads one sample of a data set: loads it (or takes it from the cache), lets the data set draw what differs from
/// epoch to epoch, checks it against the fields that the data set declares, and augments it. Thread-safe: each thread
/// brings its own Buffers.

#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/augment.hpp>
#include <xstitch/data/augment_boxes.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/loader_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class SampleReader {
 public:
  /// What one thread needs.
  struct Buffers {
    Sample sample;
    augment::Buffers scratch;
  };

  /// uses: [input field] what it is to augmentation.
  XSTITCH_INLINE SampleReader(const DataSetRef& data, std::vector<augment::FieldUse> uses, const LoaderOptions& options)
      : data_(data), uses_(std::move(uses)), options_(options) {
    options_.augment.check();
    if (options_.augment.smallest_crop < 1.0F)
      for (const LabelField& field : data_.labels())
        if (field.spec.rows > 1)
          fail("Augment: smallest_crop is ", options_.augment.smallest_crop,
               ", expected 1, because a crop clips regions "
               "and label \"",
               field.name, "\" is one of ", field.spec.rows, " regions");
    if (options_.cache) cache_.resize(data_.size());
  }

  /// Augmentation swaps buffers of a sample, so each has room for the largest.
  XSTITCH_INLINE void reserve(Buffers& buffers) const {
    std::size_t floats = 0, integers = 0, bytes = 0;
    for (const InputField& field : data_.inputs()) floats = std::max(floats, field.shape.size());
    for (const LabelField& field : data_.labels()) {
      std::size_t& most = field.spec.integral() ? integers : floats;
      const auto rows = static_cast<std::size_t>(field.spec.rows);
      most = std::max(most, rows * field.spec.shape.size());
      bytes = std::max(bytes, rows * field.spec.mask.size());
    }
    prepare(buffers.sample);
    for (std::vector<float>& input : buffers.sample.inputs) input.reserve(floats);
    for (std::size_t i = 0; i < buffers.sample.labels.size(); ++i) {
      LabelValue& label = buffers.sample.labels[i];
      if (data_.labels()[i].spec.integral())
        label.indices.reserve(integers);
      else
        label.values.reserve(floats);
      label.mask.reserve(bytes);
    }
    buffers.scratch.floats.reserve(floats);
    buffers.scratch.integers.reserve(integers);
    buffers.scratch.bytes.reserve(bytes);
  }

  /// The sample at `index`, or, when those are skipped that do not load, the next one that does.
  XSTITCH_INLINE const Sample& load(std::size_t index, std::size_t member, std::uint64_t epoch, Buffers& buffers,
                                    std::vector<std::string>& skipped) {
    for (std::size_t tried = 0;; ++tried) {
      try {
        return load_one(index, member, epoch, buffers);
      } catch (const std::exception& error) {
        const std::string text = place(index) + ": " + error.what();
        if (options_.on_error == OnError::stop) fail(text);
        if (tried + 1 == data_.size()) fail("no sample of the data set loads; the last: ", text);
        skipped.push_back(text);
      }
      index = (index + 1) % data_.size();
    }
  }

 private:
  [[nodiscard]] XSTITCH_INLINE std::string place(std::size_t index) const {
    std::string origin;
    try {
      origin = data_.describe(index);
    } catch (const std::exception&) {  // the first error is the one to tell
    }
    return "sample " + std::to_string(index) + (origin.empty() ? "" : " (" + origin + ")");
  }

  XSTITCH_INLINE const Sample& load_one(std::size_t index, std::size_t member, std::uint64_t epoch, Buffers& buffers) {
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
    } else if (options_.augment.enabled() || data_.draws()) {
      buffers.sample = *raw;
    } else {
      return *raw;
    }
    const auto key = [&](std::string_view purpose) {
      return RandomKey(options_.seed).with(purpose).with(member).with(epoch).with(index);
    };
    if (data_.draws()) {
      data_.draw(index, buffers.sample, key("draw"));
      check(buffers.sample);
    }
    if (options_.augment.enabled())
      augment::apply(options_.augment, buffers.sample, data_.inputs(), uses_, data_.labels(), key("augment"),
                     buffers.scratch);
    return buffers.sample;
  }

  XSTITCH_INLINE void prepare(Sample& sample) const {
    sample.inputs.resize(data_.inputs().size());
    sample.labels.resize(data_.labels().size());
    for (LabelValue& label : sample.labels) {
      label.present = true;
      label.mask.clear();
    }
  }

  XSTITCH_INLINE void check(const Sample& sample) const {
    if (sample.inputs.size() != data_.inputs().size() || sample.labels.size() != data_.labels().size())
      fail("load gave ", sample.inputs.size(), " inputs and ", sample.labels.size(), " labels, expected ",
           data_.inputs().size(), " and ", data_.labels().size());
    for (std::size_t i = 0; i < sample.inputs.size(); ++i)
      if (sample.inputs[i].size() != data_.inputs()[i].shape.size())
        fail("input \"", data_.inputs()[i].name, "\" has ", sample.inputs[i].size(), " numbers, expected ",
             data_.inputs()[i].shape.size(), " (", to_string(data_.inputs()[i].shape), ")");
    for (std::size_t i = 0; i < sample.inputs.size(); ++i)
      if (uses_[i].kind == InputKind::boxes) augment::check_boxes(sample.inputs[i], data_.inputs()[i].name);
    for (std::size_t i = 0; i < sample.labels.size(); ++i) {
      const LabelValue& label = sample.labels[i];
      const LabelField& field = data_.labels()[i];
      if (!label.present) continue;
      const std::size_t found = field.spec.integral() ? label.indices.size() : label.values.size();
      const auto rows = static_cast<std::size_t>(field.spec.rows);
      if (found != rows * field.spec.shape.size())
        fail("label \"", field.name, "\" has ", found, " numbers, expected ", rows * field.spec.shape.size(), " (",
             to_string(TensorShape(field.spec.shape, field.spec.rows)), ")");
      if (!label.mask.empty() && label.mask.size() != rows * field.spec.mask.size())
        fail("label \"", field.name, "\" has a mask of ", label.mask.size(), ", expected ",
             rows * field.spec.mask.size());
      if (field.spec.integral())
        for (const std::int32_t value : label.indices)
          if (!is_ignored(value) && value >= field.spec.classes)
            fail("label \"", field.name, "\" has class ", value, ", expected below ", field.spec.classes);
    }
  }

  DataSetRef data_;
  std::vector<augment::FieldUse> uses_;
  LoaderOptions options_;
  std::vector<std::unique_ptr<Sample>> cache_;
  std::mutex cache_mutex_;
};

}  // namespace xstitch::inline XSTITCH_ISA
