#pragma once
/// \file
/// Makes batches for a network from a data set, ahead of time on threads of its own.
///
/// The order of an epoch is a function of (seed, epoch, ensemble member), and so is every augmentation: batches are
/// the same whatever the timing, the number of threads or the place where a training was resumed. The last batch of an
/// epoch holds what is left. Buffers are used again: after the first epoch the loader itself allocates nothing.
///
/// An exception of DataSet::load reaches the caller of next() at that batch, as an Error with index and origin of the
/// sample; or, with OnError::skip, the sample is replaced by the next one in the data set that loads.

#include <xstitch/core/random.hpp>
#include <xstitch/data/augment.hpp>
#include <xstitch/data/binding.hpp>
#include <xstitch/weave/batch.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

enum class OnError : std::uint8_t { stop, skip };

struct LoaderOptions {
  std::size_t batch = 1;
  bool shuffle = false;  ///< else in the data set's order, the same for all ensemble members
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

class Loader {
 public:
  Loader(const DataSetRef& data, std::span<const InputSlot> inputs, std::span<const HeadSlot> heads,
         const LoaderOptions& options)
      : data_(data),
        options_(options),
        input_slots_(inputs.begin(), inputs.end()),
        binding_(bind(data, inputs, heads)) {
    if (data_.size() == 0) fail("the data set has no samples");
    if (options_.batch == 0) fail("the batch size is 0, expected at least 1");
    if (options_.first_position >= data_.size())
      fail("cannot start at sample ", options_.first_position, " of an epoch of ", data_.size());
    options_.augment.check();
    int members = 1;
    for (const InputSlot& slot : inputs) members = std::max(members, slot.member + 1);
    order_.resize(options_.shuffle ? static_cast<std::size_t>(members) : 1);
    for (const HeadSlot& head : heads) {
      head_order_.push_back(options_.shuffle ? static_cast<std::size_t>(head.member) : 0);
      head_label_.push_back(head.label);
    }
    share_inputs();
    if (options_.cache) cache_.resize(data_.size());
    position_ = options_.first_position;
    epoch_ = options_.first_epoch;
    left_ = options_.epochs == 0 ? ~std::uint64_t{0} : batches_left();
    make_order();
    ring_.resize(options_.threads == 0 ? 1 : std::max({std::size_t{1}, options_.queue, options_.threads}) + 1);
    for (Slot& slot : ring_) slot.chosen.resize(order_.size());
    if (options_.threads == 0)
      makers_.resize(1);
    else
      makers_.resize(options_.threads);
    for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { work(makers_[i]); });
  }
  ~Loader() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch, valid until the next call; null when all epochs are done. Throws what a sample's load threw.
  const LoadedBatch* next() {
    std::unique_lock lock(mutex_);
    Slot& slot = ring_[taken_ % ring_.size()];
    if (threads_.empty()) {
      if (slot.error) std::rethrow_exception(slot.error);
      if (left_ == 0) return nullptr;
      choose(slot);
      lock.unlock();
      make(slot, makers_[0]);
      if (slot.error) std::rethrow_exception(slot.error);
    } else {
      if (held_ != nullptr) {
        held_->state = State::free;
        held_ = nullptr;
        wake_.notify_all();
      }
      ready_.wait(lock, [&] { return slot.state == State::ready || (slot.state == State::free && left_ == 0); });
      if (slot.state == State::free) return nullptr;
      if (slot.error) std::rethrow_exception(slot.error);
      held_ = &slot;
      ++taken_;
    }
    skipped_ += slot.loaded.skipped.size();
    return &slot.loaded;
  }

  [[nodiscard]] std::size_t batches_per_epoch() const noexcept {
    return (data_.size() + options_.batch - 1) / options_.batch;
  }
  /// Samples replaced in the batches handed out so far.
  [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }
  [[nodiscard]] const DataSetRef& data() const noexcept { return data_; }

 private:
  enum class State : std::uint8_t { free, filling, ready };
  struct Slot {
    State state = State::free;
    LoadedBatch loaded;
    std::vector<std::vector<std::size_t>> chosen;  ///< [order] indices of the batch's samples
    std::exception_ptr error;
  };
  /// What one thread needs.
  struct Maker {
    Sample sample;
    augment::Buffers scratch;
  };

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

  [[nodiscard]] std::uint64_t batches_left() const {
    const std::uint64_t rest = (data_.size() - options_.first_position + options_.batch - 1) / options_.batch;
    return rest + (options_.epochs - 1) * batches_per_epoch();
  }

  /// Fisher and Yates, one order a member.
  void make_order() {
    for (std::size_t m = 0; m < order_.size(); ++m) {
      order_[m].resize(data_.size());
      std::iota(order_[m].begin(), order_[m].end(), std::size_t{0});
      if (!options_.shuffle) continue;
      const RandomKey key = RandomKey(options_.seed).with("order").with(m).with(epoch_);
      for (std::size_t i = data_.size(); i-- > 1;)
        std::swap(order_[m][i], order_[m][static_cast<std::size_t>(key.below(i, i + 1))]);
    }
  }

  /// Takes the next indices; called in the order of the batches, with the mutex held.
  void choose(Slot& slot) {
    const std::size_t count = std::min(options_.batch, data_.size() - position_);
    for (std::size_t m = 0; m < order_.size(); ++m) {
      const auto first = order_[m].begin() + static_cast<std::ptrdiff_t>(position_);
      slot.chosen[m].assign(first, first + static_cast<std::ptrdiff_t>(count));
    }
    slot.loaded.epoch = epoch_;
    slot.loaded.position = position_;
    slot.loaded.batch.size = count;
    position_ += count;
    slot.loaded.last_of_epoch = position_ == data_.size();
    --left_;
    if (!slot.loaded.last_of_epoch) return;
    position_ = 0;
    ++epoch_;
    if (left_ > 0) make_order();
  }

  void work(Maker& maker) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock,
                 [this] { return stopping_ || left_ == 0 || ring_[claimed_ % ring_.size()].state == State::free; });
      if (stopping_ || left_ == 0) {
        ready_.notify_all();
        return;
      }
      Slot& slot = ring_[claimed_ % ring_.size()];
      ++claimed_;
      slot.state = State::filling;
      choose(slot);
      if (left_ == 0) wake_.notify_all();
      lock.unlock();
      make(slot, maker);
      lock.lock();
      slot.state = State::ready;
      ready_.notify_all();
    }
  }

  void make(Slot& slot, Maker& maker) noexcept {
    try {
      slot.error = nullptr;
      slot.loaded.skipped.clear();
      fit(slot.loaded.batch);
      for (std::size_t m = 0; m < order_.size(); ++m)
        for (std::size_t n = 0; n < slot.chosen[m].size(); ++n)
          put(load(slot.chosen[m][n], m, slot.loaded, maker), m, n, slot.loaded.batch);
    } catch (...) {
      slot.error = std::current_exception();
    }
  }

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

  /// The sample at `index`, or, when those are skipped that do not load, the next one that does.
  const Sample& load(std::size_t index, std::size_t member, LoadedBatch& loaded, Maker& maker) {
    for (std::size_t tried = 0;; ++tried) {
      try {
        return load_one(index, member, loaded.epoch, maker);
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

  const Sample& load_one(std::size_t index, std::size_t member, std::uint64_t epoch, Maker& maker) {
    const Sample* raw = nullptr;
    if (options_.cache) {
      const std::lock_guard lock(cache_mutex_);
      raw = cache_[index].get();
    }
    if (raw == nullptr) {
      prepare(maker.sample);
      data_.load(index, maker.sample);
      check(maker.sample);
      if (options_.cache) {
        auto copy = std::make_unique<Sample>(maker.sample);
        const std::lock_guard lock(cache_mutex_);
        if (!cache_[index]) cache_[index] = std::move(copy);
      }
    } else if (options_.augment.enabled()) {
      maker.sample = *raw;
    } else {
      return *raw;
    }
    if (options_.augment.enabled())
      augment::apply(options_.augment, maker.sample, data_.inputs(), data_.labels(),
                     RandomKey(options_.seed).with("augment").with(member).with(epoch).with(index), maker.scratch);
    return maker.sample;
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
  std::vector<std::vector<std::size_t>> order_;  ///< [order] of the epoch that is being chosen from
  std::vector<std::unique_ptr<Sample>> cache_;
  std::mutex cache_mutex_;

  std::mutex mutex_;
  std::condition_variable wake_, ready_;
  std::vector<Slot> ring_;
  std::vector<Maker> makers_;
  std::uint64_t epoch_ = 0, left_ = 0, claimed_ = 0, taken_ = 0, skipped_ = 0;
  std::size_t position_ = 0;
  Slot* held_ = nullptr;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace xstitch::inline XSTITCH_ISA
