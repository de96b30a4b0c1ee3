#pragma once
/// \file
/// Makes batches for a network from a data set, ahead of time on threads of its own.
///
/// The order of an epoch is a function of (seed, epoch, ensemble member), and so is every augmentation: batches are
/// the same whatever the timing, the number of threads or the place where a training was resumed. The last batch of an
/// epoch holds what is left, or is left out (drop_last). All buffers are made at the start and used again: the loader
/// allocates nothing later.
///
/// An exception of DataSet::load reaches the caller of next() at that batch, as an Error with index and origin of the
/// sample; or, with OnError::skip, the sample is replaced by the next one in the data set that loads.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/start_threads.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/data/batch_maker.hpp>
#include <xstitch/data/epoch_order.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// The division that cannot overflow.
constexpr std::uint64_t batches_per_epoch(std::size_t samples, std::size_t batch, bool drop_last) noexcept {
  return samples / batch + (!drop_last && samples % batch != 0 ? 1 : 0);
}

class Loader {
 public:
  /// Begins to load; the data set must outlive it.
  XSTITCH_INLINE Loader(const DataSetRef& data, std::span<const InputSlot> inputs, std::span<const HeadSlot> heads,
                        const LoaderOptions& options)
      : data_(data), options_(options), maker_(data, inputs, heads, options) {
    if (data_.size() == 0) fail("the data set has no samples");
    if (options_.batch == 0) fail("the batch size is 0, expected at least 1");
    check_threads("loader", options_.threads);
    if (options_.first_position >= data_.size())
      fail("cannot start at sample ", options_.first_position, " of an epoch of ", data_.size());
    if (options_.drop_last && data_.size() - options_.first_position < options_.batch)
      fail("found drop_last with batches of ", options_.batch, " and ", data_.size() - options_.first_position,
           " samples, which leaves nothing; expected a batch of at most that");
    check_sizes(inputs, heads);
    int members = 1;
    for (const InputSlot& slot : inputs) members = std::max(members, slot.member + 1);
    order_.resize(options_.shuffle ? static_cast<std::size_t>(members) : 1);
    position_ = options_.first_position;
    epoch_ = options_.first_epoch;
    left_ = options_.epochs == 0 ? ~std::uint64_t{0} : batches_left();
    make_order();
    if (order_error_) std::rethrow_exception(order_error_);
    ring_.resize(options_.threads == 0 ? 1 : std::max({std::size_t{1}, options_.queue, options_.threads}) + 1);
    for (Slot& slot : ring_) reserve(slot);
    buffers_.resize(std::max<std::size_t>(1, options_.threads));
    for (BatchMaker::Buffers& buffers : buffers_) maker_.reserve(buffers);
    start_threads(
        "loader", threads_, options_.threads, [this](std::size_t i) { work(buffers_[i]); }, [this] { stop(); });
  }
  XSTITCH_INLINE ~Loader() {
    stop();
    for (std::thread& thread : threads_) thread.join();
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next batch, valid until the next call; null when all epochs are done. Throws what a sample's load threw.
  XSTITCH_INLINE const LoadedBatch* next() {
    std::unique_lock lock(mutex_);
    Slot& slot = ring_[taken_ % ring_.size()];
    if (threads_.empty()) {
      if (slot.error) std::rethrow_exception(slot.error);
      if (left_ == 0) return nullptr;
      choose(slot);
      lock.unlock();
      make(slot, buffers_[0]);
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

  /// Batches of an epoch, the last one being smaller where sizes do not divide.
  [[nodiscard]] std::uint64_t batches_per_epoch() const noexcept {
    return xstitch::batches_per_epoch(data_.size(), options_.batch, options_.drop_last);
  }
  /// Samples replaced in the batches handed out so far.
  [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }
  [[nodiscard]] const DataSetRef& data() const noexcept { return data_; }  ///< what it loads from

 private:
  enum class State : std::uint8_t { free, filling, ready };
  struct Slot {
    State state = State::free;
    LoadedBatch loaded;
    std::vector<std::vector<std::size_t>> chosen;  ///< [order] indices of the batch's samples
    std::exception_ptr error;
  };

  /// Room for a full batch, so that nothing is allocated later, whichever thread comes to which batch.
  XSTITCH_INLINE void reserve(Slot& slot) const {
    const std::size_t whole = std::min(options_.batch, data_.size());
    const std::size_t full = std::min(whole, options_.share.size(whole, 0) + options_.share.rounds(whole));
    slot.chosen.resize(order_.size());
    for (std::vector<std::size_t>& indices : slot.chosen) indices.reserve(full);
    slot.loaded.batch.size = full;
    maker_.fit(slot.loaded.batch);
  }

  [[nodiscard]] XSTITCH_INLINE std::uint64_t batches_left() const {
    const std::uint64_t rest =
        xstitch::batches_per_epoch(data_.size() - options_.first_position, options_.batch, options_.drop_last);
    if (options_.epochs - 1 > (~std::uint64_t{0} - rest) / batches_per_epoch())
      fail("found epochs = ", options_.epochs, " of ", batches_per_epoch(),
           " batches, expected fewer than 2^64 batches in all");
    return rest + (options_.epochs - 1) * batches_per_epoch();
  }

  /// A batch is to fit into an address space, and the queue to have a place more than it is asked for.
  XSTITCH_INLINE void check_sizes(std::span<const InputSlot> inputs, std::span<const HeadSlot> heads) const {
    constexpr std::size_t most = std::numeric_limits<std::ptrdiff_t>::max();
    const std::size_t full = std::min(options_.batch, data_.size());
    const auto check = [&](std::string_view name, Dims shape) {
      if (shape.size() > most / sizeof(float) / full)
        fail("found batches of ", full, " samples of ", to_string(shape), " for \"", name,
             "\", expected at most 2^63 bytes");
    };
    for (const InputSlot& slot : inputs) check(slot.name(), slot.shape);
    for (const HeadSlot& slot : heads) check(slot.name(), slot.label.shape);
    if (std::max(options_.queue, options_.threads) >= most / sizeof(Slot))
      fail("found queue = ", options_.queue, " and threads = ", options_.threads, ", expected fewer");
  }

  /// One order a member. An error reaches the caller at the epoch's first batch.
  XSTITCH_INLINE void make_order() noexcept {
    try {
      const RandomKey key = RandomKey(options_.seed).with("order");
      for (std::size_t m = 0; m < order_.size(); ++m)
        make_epoch_order(data_, key.with(m).with(epoch_), options_.shuffle, order_[m]);
    } catch (...) {
      order_error_ = std::current_exception();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
  }

  /// Takes the next indices; called in the order of the batches, with the mutex held.
  XSTITCH_INLINE void choose(Slot& slot) {
    slot.error = order_error_;
    const std::size_t count = std::min(options_.batch, data_.size() - position_);
    for (std::size_t m = 0; m < order_.size(); ++m) {
      slot.chosen[m].clear();
      for (std::size_t k = 0; k < options_.share.rounds(count); ++k) {
        const Share::Range range = options_.share.range(count, k);
        const auto first = order_[m].begin() + static_cast<std::ptrdiff_t>(position_ + range.begin);
        slot.chosen[m].insert(slot.chosen[m].end(), first, first + static_cast<std::ptrdiff_t>(range.size));
      }
    }
    slot.loaded.epoch = epoch_;
    slot.loaded.position = position_;
    slot.loaded.samples = count;
    slot.loaded.batch.size = slot.chosen[0].size();
    position_ += count;
    const std::size_t left = data_.size() - position_;
    slot.loaded.last_of_epoch = left == 0 || (options_.drop_last && left < options_.batch);
    --left_;
    if (!slot.loaded.last_of_epoch) return;
    position_ = 0;
    ++epoch_;
    if (left_ > 0) make_order();
  }

  XSTITCH_INLINE void work(BatchMaker::Buffers& buffers) {
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
      make(slot, buffers);
      lock.lock();
      slot.state = State::ready;
      ready_.notify_all();
    }
  }

  XSTITCH_INLINE void make(Slot& slot, BatchMaker::Buffers& buffers) noexcept {
    if (slot.error) return;
    try {
      slot.loaded.skipped.clear();
      maker_.fit(slot.loaded.batch);
      for (std::size_t m = 0; m < order_.size(); ++m) maker_.fill(slot.loaded, slot.chosen[m], m, buffers);
    } catch (...) {
      slot.error = std::current_exception();
    }
  }

  DataSetRef data_;
  LoaderOptions options_;
  BatchMaker maker_;
  std::vector<std::vector<std::size_t>> order_;  ///< [order] of the epoch that is being chosen from
  std::exception_ptr order_error_;

  std::mutex mutex_;
  std::condition_variable wake_, ready_;
  std::vector<Slot> ring_;
  std::vector<BatchMaker::Buffers> buffers_;
  std::uint64_t epoch_ = 0, left_ = 0, claimed_ = 0, taken_ = 0, skipped_ = 0;
  std::size_t position_ = 0;
  Slot* held_ = nullptr;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace xstitch::inline XSTITCH_ISA
