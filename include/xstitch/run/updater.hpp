#pragma once
/// \file
/// The optimizer of a training and its state: arrays as long as the parameters (momentum, moments), zero at first.
/// Works on chunks, so that gradients can be applied as they are made.

#include <xstitch/core/memory.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/run/parameter_multipliers.hpp>
#include <xstitch/run/parameters.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr std::size_t gradient_chunk = 16384;  // floats: weights, momentum and gradient stay in the L2 cache

class Updater {
 public:
  explicit Updater(Parameters& parameters) : parameters_(parameters) {}

  void set_optimizer(std::shared_ptr<const OptimizerRef> optimizer) {
    optimizer_ = std::move(optimizer);
    const std::size_t bytes = parameters_.layout().floats() * sizeof(float);
    state_.clear();
    for (std::size_t k = 0; k < optimizer_->state_count(); ++k) state_.emplace_back(bytes);
  }

  void set_multipliers(const ParameterMultipliers& multipliers) { named_ = {multipliers, parameters_}; }

  /// Before the updates of a step.
  void prepare(float learning_rate_factor, std::uint64_t step) {
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
  void update(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) const {
    UpdateCall call;
    call.weight = parameters_.data(slot) + offset;
    for (std::size_t k = 0; k < state_.size(); ++k)
      call.state[k] = state_[k].floats() + parameters_.slots()[slot].offset + offset;
    call.gradient = gradient;
    call.count = count;
    call.learning_rate = rates_[slot].learning_rate;
    call.weight_decay = rates_[slot].weight_decay;
    call.step = step_;
    optimizer_->update(call);
  }
  void update_whole(std::size_t slot, const float* gradient, ThreadPool& threads) const {
    const std::size_t count = parameters_.slots()[slot].count;
    threads.parallel_for((count + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
      const std::size_t begin = chunk * gradient_chunk;
      update(slot, begin, gradient + begin, std::min(gradient_chunk, count - begin));
    });
  }

  /// Null for a training without one.
  [[nodiscard]] const OptimizerRef* optimizer() const noexcept { return optimizer_.get(); }

  /// A step ended midway: no other one runs before reset().
  void set_torn() noexcept { torn_ = true; }
  void reset() noexcept {
    for (const Memory& m : state_) std::memset(m.data(), 0, m.bytes());
    torn_ = false;
  }

  [[nodiscard]] std::size_t state_count() const noexcept { return state_.size(); }
  [[nodiscard]] std::span<float> state(std::size_t which, std::size_t slot) const {
    return {state_.at(which).floats() + parameters_.slots()[slot].offset, parameters_.slots()[slot].count};
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t bytes = 0;
    for (const Memory& m : state_) bytes += m.bytes();
    return bytes;
  }

 private:
  Parameters& parameters_;
  std::shared_ptr<const OptimizerRef> optimizer_;
  std::vector<Memory> state_;
  std::uint64_t step_ = 0;
  parameter_multipliers::Resolved named_;
  std::vector<Multipliers> rates_;  ///< [parameter], of this step
  bool torn_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
