#pragma once
/// \file
/// The optimizer of a training and its state: arrays as long as the parameters (momentum, moments), zero at first; of
/// several ranks perhaps those of its share alone (run/state_share.hpp). Works on chunks, so that gradients can be
/// applied as they are made.

#include <xstitch/core/memory.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/run/gradient_chunk.hpp>
#include <xstitch/run/parameter_multipliers.hpp>
#include <xstitch/run/parameters.hpp>
#include <xstitch/run/state_share.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Updater {
 public:
  explicit Updater(Parameters& parameters) : parameters_(parameters) {}

  void set_optimizer(std::shared_ptr<const OptimizerRef> optimizer) {
    optimizer_ = std::move(optimizer);
    allocate(state_, optimizer_->state_count(), share_ ? share_->floats() : parameters_.layout().floats());
  }
  /// From now on this rank updates its share alone, and has the state of it; null: of all parameters. Starts afresh.
  XSTITCH_INLINE void share_out(std::shared_ptr<StateShare> share) {
    if (share_ == share) return;
    share_ = std::move(share);
    if (optimizer_) set_optimizer(optimizer_);
  }
  /// Null: this rank updates everything.
  [[nodiscard]] StateShare* share() const noexcept { return share_.get(); }

  void set_multipliers(const ParameterMultipliers& multipliers) { named_ = {multipliers, parameters_}; }

  /// Before the updates of a step.
  XSTITCH_INLINE void prepare(float learning_rate_factor, std::uint64_t step) {
    if (!optimizer_) fail("training: a step needs an optimizer; this training was made for gradients alone");
    if (torn_)
      fail(
          "training: the optimizer's state is torn: a step applied a part of its gradients, then found one that is not "
          "finite; reset() starts the optimizer afresh");
    const float learning_rate = optimizer_->learning_rate() * learning_rate_factor;
    const float weight_decay = optimizer_->multipliers(ParameterGroup::weight).weight_decay;
    step_ = step;
    rates_.resize(parameters_.slots().size());
    for (std::size_t s = 0; s < rates_.size(); ++s) {
      const ParameterSpec& spec = parameters_.slots()[s].spec;
      const Multipliers m = optimizer_->multipliers(spec.group);
      // What is trained at run time although its type says Frozen has the group's learning rate.
      const float own = spec.learning_rate_multiplier != 0.0F ? spec.learning_rate_multiplier : 1.0F;
      rates_[s] = named_.apply(
          s, {learning_rate * m.learning_rate * own, m.weight_decay * spec.weight_decay_multiplier}, weight_decay);
      if (!std::isfinite(rates_[s].learning_rate) || !std::isfinite(rates_[s].weight_decay))
        fail("training: found a learning rate of ", rates_[s].learning_rate, " and a weight decay of ",
             rates_[s].weight_decay, " for '", parameters_.slots()[s].name, "', expected finite numbers");
    }
  }
  XSTITCH_INLINE void update(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) const {
    UpdateCall call;
    call.weight = parameters_.data(slot) + offset;
    for (std::size_t k = 0; k < state_.size(); ++k) call.state[k] = state_[k].floats() + place(slot, offset);
    call.gradient = gradient;
    call.count = count;
    call.learning_rate = rates_[slot].learning_rate;
    call.weight_decay = rates_[slot].weight_decay;
    call.step = step_;
    optimizer_->update(call);
  }
  /// All of it, or this rank's share of it.
  void update_whole(std::size_t slot, const float* gradient, ThreadPool& threads) const {
    if (share_) {
      const std::span<const StateShare::Chunk> chunks = share_->of(slot);
      return threads.parallel_for(chunks.size(), [&](std::size_t k) {
        if (chunks[k].owner == share_->rank())
          update(slot, chunks[k].offset, gradient + chunks[k].offset, chunks[k].count);
      });
    }
    const std::size_t count = parameters_.slots()[slot].count;
    threads.parallel_for((count + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
      const std::size_t begin = chunk * gradient_chunk;
      update(slot, begin, gradient + begin, std::min(gradient_chunk, count - begin));
    });
  }

  /// After the updates of a step: the weights of the other ranks' shares.
  void gather_weights() {
    if (share_)
      share_->gather([&](const StateShare::Chunk& chunk) { return parameters_.data(chunk.slot) + chunk.offset; });
  }
  /// Where state is shared out: room for all of it on this rank, for a checkpoint. All ranks fill it on rank 0, or take
  /// theirs out of it.
  void open_whole() {
    if (share_) allocate(whole_, state_.size(), parameters_.layout().floats());
  }
  XSTITCH_INLINE void collect() {
    if (!share_) return;
    if (share_->rank() == 0) open_whole();
    for (std::size_t k = 0; k < state_.size(); ++k) share_->collect(own_of(k), whole_of(k));
  }
  XSTITCH_INLINE void spread() {
    for (std::size_t k = 0; share_ && k < state_.size(); ++k) share_->spread(own_of(k), whole_of(k));
    whole_.clear();
  }
  void close_whole() noexcept { whole_.clear(); }

  /// Null for a training without one.
  [[nodiscard]] const OptimizerRef* optimizer() const noexcept { return optimizer_.get(); }

  /// A step ended midway: no other one runs before reset().
  void set_torn() noexcept { torn_ = true; }
  void reset() noexcept {
    for (const auto* arrays : {&state_, &whole_})
      for (const Memory& m : *arrays) std::memset(m.data(), 0, m.bytes());
    torn_ = false;
  }

  [[nodiscard]] std::size_t state_count() const noexcept { return state_.size(); }
  [[nodiscard]] std::span<float> state(std::size_t which, std::size_t slot) const {
    if (share_ && whole_.empty())
      fail("training: the optimizer's state of '", parameters_.slots()[slot].name,
           "' is shared out over ranks; this one does not have all of it");
    const std::vector<Memory>& arrays = share_ ? whole_ : state_;
    return {arrays.at(which).floats() + parameters_.slots()[slot].offset, parameters_.slots()[slot].count};
  }
  /// Of the state, and of all that is held for it.
  [[nodiscard]] std::size_t state_bytes() const noexcept { return bytes_of(state_); }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return bytes_of(state_) + bytes_of(whole_) + (share_ ? share_->bytes() : 0);
  }

 private:
  static void allocate(std::vector<Memory>& arrays, std::size_t count, std::size_t floats) {
    arrays.clear();
    for (std::size_t k = 0; k < count; ++k) arrays.emplace_back(floats * sizeof(float));
  }
  [[nodiscard]] static std::size_t bytes_of(const std::vector<Memory>& arrays) noexcept {
    std::size_t bytes = 0;
    for (const Memory& m : arrays) bytes += m.bytes();
    return bytes;
  }
  /// Of an element, within an array of the state.
  [[nodiscard]] std::size_t place(std::size_t slot, std::size_t offset) const {
    if (!share_) return parameters_.slots()[slot].offset + offset;
    return share_->of(slot)[offset / gradient_chunk].at + offset % gradient_chunk;
  }
  using ValuesOf = std::function<float*(const StateShare::Chunk&)>;
  [[nodiscard]] ValuesOf own_of(std::size_t which) const {
    return [this, which](const StateShare::Chunk& chunk) { return state_[which].floats() + chunk.at; };
  }
  [[nodiscard]] ValuesOf whole_of(std::size_t which) const {
    return [this, which](const StateShare::Chunk& chunk) { return state(which, chunk.slot).data() + chunk.offset; };
  }

  Parameters& parameters_;
  std::shared_ptr<const OptimizerRef> optimizer_;
  std::shared_ptr<StateShare> share_;
  std::vector<Memory> state_;
  std::vector<Memory> whole_;  ///< the state of all ranks, while a checkpoint is written or read
  std::uint64_t step_ = 0;
  parameter_multipliers::Resolved named_;
  std::vector<Multipliers> rates_;  ///< [parameter], of this step
  bool torn_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
