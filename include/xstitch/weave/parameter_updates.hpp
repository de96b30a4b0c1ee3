#pragma once
/// \file
/// From gradients to new parameters: the rates of each parameter, the optimizer on a piece of one, clipping.

#include <xstitch/core/optimizer.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/weave/network_parameters.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct StepOptions {
  std::uint64_t step = 0;
  float learning_rate_factor = 1.0F;  ///< rate_t / rate, from the schedule
  float clip_norm = 0.0F;             ///< largest norm of the whole gradient; 0: off
  bool store_gradients = false;       ///< keep them for Engine::gradient (clipping stores them, too)
};

class ParameterUpdates : public NetworkParameters {
 public:
  using NetworkParameters::NetworkParameters;

 protected:
  static constexpr std::size_t update_chunk = 16384;  // floats: weights, momentum and gradient stay in the L2 cache

  struct Update {
    ParameterUpdates* updates;
    const OptimizerRef* optimizer;
    std::uint64_t step;
  };

  void multiply_rates(const OptimizerRef& optimizer, const StepOptions& options) {
    const float rate = optimizer.learning_rate() * options.learning_rate_factor;
    rates_.resize(slots_.size());
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      const ParameterSpec& spec = slots_[s].spec;
      const Multipliers m = optimizer.multipliers(spec.group);
      rates_[s] = {rate * m.learning_rate * spec.learning_rate_multiplier,
                   m.weight_decay * spec.weight_decay_multiplier};
    }
  }

  void update_piece(const Update& update, std::size_t s, std::size_t offset, const float* gradient, std::size_t count) {
    UpdateCall call;
    call.weight = pointers_[s] + offset;
    for (std::size_t k = 0; k < update.optimizer->state_count(); ++k)
      call.state[k] = optimizer_state_[k].floats() + slots_[s].offset + offset;
    call.gradient = gradient;
    call.count = count;
    call.learning_rate = rates_[s].learning_rate;
    call.weight_decay = rates_[s].weight_decay;
    call.step = update.step;
    update.optimizer->update(call);
  }

  [[nodiscard]] bool trained(std::size_t s) const {
    return slots_[s].spec.group != ParameterGroup::buffer && slots_[s].spec.learning_rate_multiplier != 0.0F;
  }

  void update_parameter(const Update& update, std::size_t s, const float* gradient, ThreadPool& threads) {
    if (!trained(s) || gradient == nullptr) return;
    const std::size_t count = slots_[s].count;
    threads.parallel_for((count + update_chunk - 1) / update_chunk, [&](std::size_t chunk) {
      const std::size_t begin = chunk * update_chunk;
      update_piece(update, s, begin, gradient + begin, std::min(update_chunk, count - begin));
    });
  }

  static void take_gradient(const void* self, std::size_t parameter, std::size_t offset, const float* gradient,
                            std::size_t count) {
    const Update& update = *static_cast<const Update*>(self);
    if (update.updates->trained(parameter)) update.updates->update_piece(update, parameter, offset, gradient, count);
  }

  float clip_scale(float largest, ThreadPool& threads) {
    double squares = 0.0;
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      if (!trained(s)) continue;
      const float* g = gradients_.floats() + slots_[s].offset;
      const std::size_t count = slots_[s].count, chunks = (count + update_chunk - 1) / update_chunk;
      norms_.assign(chunks, 0.0);
      threads.parallel_for(chunks, [&](std::size_t chunk) {
        double sum = 0.0;
        for (std::size_t k = chunk * update_chunk; k < std::min(count, (chunk + 1) * update_chunk); ++k)
          sum += static_cast<double>(g[k]) * static_cast<double>(g[k]);
        norms_[chunk] = sum;
      });
      for (const double part : norms_) squares += part;
    }
    const double norm = std::sqrt(squares);
    return norm > static_cast<double>(largest) ? static_cast<float>(static_cast<double>(largest) / norm) : 1.0F;
  }
  void scale_gradients(float scale, ThreadPool& threads) {
    float* g = gradients_.floats();
    threads.parallel_for((parameter_floats_ + update_chunk - 1) / update_chunk, [&](std::size_t chunk) {
      for (std::size_t k = chunk * update_chunk; k < std::min(parameter_floats_, (chunk + 1) * update_chunk); ++k)
        g[k] *= scale;
    });
  }

 private:
  std::vector<Multipliers> rates_;
  std::vector<double> norms_;
};

}  // namespace xstitch::inline XSTITCH_ISA
