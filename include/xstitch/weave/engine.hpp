#pragma once
/// \file
/// Runs a network. Every network type (OneTask, Split, Shared, Ensemble, CrossStitch) hands its compile-time tables to
/// this one class; trainers, checkpoints and reports see nothing else.
///
/// A training step: forward over all operations, the losses with their gradients, backward in reverse. Each
/// parameter's gradient either goes into one block (`store`) or, when nothing needs the gradients of the whole network
/// at once, through the optimizer the moment its layer has made it (`apply`): the bits are the same.

#include <xstitch/weave/network_memory.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Engine : public NetworkMemory {
 public:
  Engine(const NetworkTables& tables, Seed seed) : NetworkMemory(tables, seed) {
    result_.losses.resize(heads_.size());
    gradient_pointers_.resize(slots_.size());
    sinks_.resize(slots_.size());
  }

  /// Forward, backward, update. If a loss is not finite nothing is updated, and the result says where it began.
  /// The result is valid until the next call.
  const StepResult& train_step(const Batch& batch, const OptimizerRef& optimizer, const StepOptions& options,
                               ThreadPool& threads) {
    const FlushDenormals flush;
    reserve_optimizer_state(optimizer.state_count());
    multiply_rates(optimizer, options);
    const Update update{this, &optimizer, options.step};
    const bool store = options.store_gradients || options.clip_norm > 0.0F;
    if (!forward_training(batch, options.step, threads)) return result_;
    backward(batch, options.step, threads, store ? nullptr : &update);
    if (store) {
      const float scale = options.clip_norm > 0.0F ? clip_scale(options.clip_norm, threads) : 1.0F;
      if (scale != 1.0F) scale_gradients(scale, threads);
      for (std::size_t i = 0; i < slots_.size(); ++i)
        update_parameter(update, i, gradients_.floats() + slots_[i].offset, threads);
    }
    ++parameter_version_;
    return result_;
  }

  /// Forward and backward without an update; the gradients are then in gradient(i).
  const StepResult& compute_gradients(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    const FlushDenormals flush;
    if (forward_training(batch, step, threads)) backward(batch, step, threads, nullptr);
    return result_;
  }

  /// Forward as in use (no dropout, running statistics), the losses where labels are given, and the predictions.
  const StepResult& evaluate(const Batch& batch, ThreadPool& threads) {
    const FlushDenormals flush;
    check(batch, false);
    prepare(batch.size, false);
    result_.finite = true;
    result_.location.clear();
    result_.total = 0.0;
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      if (op.kind != OpKind::loss) {
        run_forward(i, batch, 0, threads, false);
        continue;
      }
      const std::size_t head = op_head_[i];
      const float* input = value(op.inputs[0], batch, false);
      if (head < batch.labels.size() && !batch.labels[head].present.empty()) {
        result_.losses[head] = op.loss.forward(
            {batch.size, input, nullptr, batch.labels[head], parameter_pointers(i), op.loss.weight, threads});
        result_.total += static_cast<double>(op.loss.weight) * result_.losses[head].value();
      } else {
        result_.losses[head] = {};
      }
      op.loss.predict({batch.size, input, predictions_[head].floats(), parameter_pointers(i), threads});
    }
    evaluated_ = batch.size;
    return result_;
  }

  /// Of the last evaluate: [batch size, HeadSlot::prediction].
  [[nodiscard]] std::span<const float> prediction(std::size_t head) const {
    return {predictions_.at(head).floats(), evaluated_ * heads_[head].prediction.size()};
  }

 private:
  // Forward ---------------------------------------------------------------------------------------------------------

  void run_forward(std::size_t i, const Batch& batch, std::uint64_t step, ThreadPool& threads, bool training) {
    const Op& op = tables_.ops[i];
    switch (op.kind) {
      case OpKind::layer: {
        if (op.done_by_previous) return;
        const ForwardCall call{batch.size,
                               value(op.inputs[0], batch, training),
                               value(op.outputs[0], batch, training),
                               parameter_pointers(i),
                               training ? saved_.data() + saved_at_[i] : nullptr,
                               workspace_.data(),
                               threads,
                               keys_[i].with(step),
                               batch.first_position,
                               training,
                               packed_weights(i)};
        (op.fused_relu ? op.layer.forward_relu : op.layer.forward)(call);
        return;
      }
      case OpKind::weave: {
        WeaveForward call{.towers = index(op.input_count), .threads = threads};
        describe_weave(call, op, batch.size);
        for (std::size_t k = 0; k < call.towers; ++k) {
          call.inputs[k] = value(op.inputs[k], batch, training);
          call.outputs[k] = value(op.outputs[k], batch, training);
        }
        call.parameters = parameter_pointers(i);
        call.workspace = workspace_.data();
        tables_.unit.forward(call);
        return;
      }
      case OpKind::add: {
        const float* a = value(op.inputs[0], batch, training);
        const float* b = value(op.inputs[1], batch, training);
        float* y = value(op.outputs[0], batch, training);
        const std::size_t size = tables_.tensors[index(op.outputs[0])].dims.size();
        threads.parallel_for(batch.size, [&](std::size_t n) {
          for (std::size_t k = n * size; k < (n + 1) * size; ++k) y[k] = a[k] + b[k];
        });
        return;
      }
      case OpKind::concat: {
        const Dims out = tables_.tensors[index(op.outputs[0])].dims;
        float* y = value(op.outputs[0], batch, training);
        std::size_t first = 0;
        for (int k = 0; k < op.input_count; ++k) {
          const float* x = value(op.inputs[index(k)], batch, training);
          const std::size_t channels = index(tables_.tensors[index(op.inputs[index(k)])].dims.channels);
          threads.parallel_for(batch.size, [&](std::size_t n) {
            for (std::size_t p = n * out.pixels(); p < (n + 1) * out.pixels(); ++p)
              std::memcpy(y + p * index(out.channels) + first, x + p * channels, channels * sizeof(float));
          });
          first += channels;
        }
        return;
      }
      case OpKind::loss:
        return;
    }
  }

  template <class Call>
  void describe_weave(Call& call, const Op& op, std::size_t batch) const {
    const Dims at = tables_.tensors[index(op.inputs[0])].dims;
    call.pixels = batch * at.pixels();
    call.channels = index(at.channels);
    for (std::size_t k = 0; k < call.towers; ++k) call.order[k] = k;
    std::sort(call.order.begin(), call.order.begin() + static_cast<std::ptrdiff_t>(call.towers),
              [&](std::size_t a, std::size_t b) {
                return tables_.lanes[index(op.lanes[a])].tower < tables_.lanes[index(op.lanes[b])].tower;
              });
  }

  /// Forward with everything kept for backward, losses and their gradients. False if a loss is not finite.
  bool forward_training(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    check(batch, true);
    prepare(batch.size, true);
    result_.total = 0.0;
    result_.finite = true;
    result_.location.clear();
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      if (op.kind != OpKind::loss) {
        run_forward(i, batch, step, threads, true);
        continue;
      }
      const std::size_t head = op_head_[i];
      LossSum& sum = result_.losses[head];
      sum = op.loss.forward({batch.size, value(op.inputs[0], batch, true), gradient_target(i, 0, batch.size),
                             batch.labels[head], parameter_pointers(i), op.loss.weight, threads});
      result_.total += static_cast<double>(op.loss.weight) * sum.value();
    }
    if (std::isfinite(result_.total)) return true;
    result_.finite = false;
    result_.location = locate_non_finite(batch, step, threads);
    return false;
  }

  /// Runs forward again and looks at every result, because the memory of most has been used again since.
  std::string locate_non_finite(const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    for (std::size_t s = 0; s < inputs_.size(); ++s)
      if (!all_finite({batch.inputs[source(batch, s)].data(), batch.size * inputs_[s].shape.size()}))
        return "input of tower '" + std::string(inputs_[s].tower) + "'";
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      for (std::size_t p = 0; p < op_parameters_[i]; ++p) {
        const std::size_t slot = op_first_[i] + p;
        if (!all_finite(parameter(slot))) return place_of(tables_, op) + ", parameter '" + slots_[slot].name + "'";
      }
      run_forward(i, batch, step, threads, true);
      for (int k = 0; k < op.output_count; ++k) {
        const std::size_t size = batch.size * tables_.tensors[index(op.outputs[index(k)])].dims.size();
        if (!all_finite({value(op.outputs[index(k)], batch, true), size})) return place_of(tables_, op);
      }
      if (op.kind == OpKind::loss && !std::isfinite(result_.losses[op_head_[i]].value())) return place_of(tables_, op);
    }
    return "the sum of the losses";
  }

  // Backward --------------------------------------------------------------------------------------------------------

  /// `update` null: gradients are stored.
  void backward(const Batch& batch, std::uint64_t step, ThreadPool& threads, const Update* update) {
    if (update == nullptr) grow(gradients_, parameter_floats_ * sizeof(float));
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      float* store = update == nullptr ? gradients_.floats() + slots_[s].offset : nullptr;
      gradient_pointers_[s] = store;
      sinks_[s] = GradientSink(&ParameterUpdates::take_gradient, update, s, store);
    }
    for (std::size_t i = tables_.ops.size(); i-- > 0;) {
      const Op& op = tables_.ops[i];
      place_gradients(i, update != nullptr);
      run_backward(i, batch, step, threads);
      for (int k = 0; k < op.input_count; ++k) {
        if (!adds(i, k)) continue;
        const int tensor = op.inputs[index(k)];
        add_into(gradient_of(tensor, batch.size), gradient_target(i, k, batch.size),
                 tables_.tensors[index(tensor)].dims.size(), batch.size, threads);
      }
      if (update != nullptr && !(op.kind == OpKind::layer && op.layer.streams_gradients))
        for (std::size_t p = 0; p < op_parameters_[i]; ++p)
          update_parameter(*update, op_first_[i] + p, gradient_pointers_[op_first_[i] + p], threads);
    }
  }

  /// Where the operation writes the gradients of its parameters: scratch when the update follows at once.
  void place_gradients(std::size_t i, bool apply) {
    if (op_parameters_[i] == 0) return;
    const std::size_t base = slots_[op_first_[i]].offset;
    for (std::size_t p = 0; p < op_parameters_[i]; ++p) {
      const std::size_t s = op_first_[i] + p;
      if (apply && scratch_.bytes() > 0) gradient_pointers_[s] = scratch_.floats() + (slots_[s].offset - base);
      if (slots_[s].spec.group == ParameterGroup::buffer) gradient_pointers_[s] = nullptr;
    }
  }

  void run_backward(std::size_t i, const Batch& batch, std::uint64_t step, ThreadPool& threads) {
    const Op& op = tables_.ops[i];
    switch (op.kind) {
      case OpKind::layer: {
        const float* dy = gradient_of(op.outputs[0], batch.size);
        const bool wanted = tables_.tensors[index(op.inputs[0])].needs_gradient;
        if (dy == nullptr) return;  // nothing to train here or below
        op.layer.backward({batch.size, value(op.inputs[0], batch, true), value(op.outputs[0], batch, true), dy,
                           wanted ? gradient_target(i, 0, batch.size) : nullptr, parameter_pointers(i),
                           gradient_pointers_.data() + op_first_[i], sinks_.data() + op_first_[i],
                           saved_.data() + saved_at_[i], workspace_.data(), threads, keys_[i].with(step),
                           batch.first_position});
        return;
      }
      case OpKind::weave: {
        WeaveBackward call{.towers = index(op.input_count), .threads = threads};
        describe_weave(call, op, batch.size);
        for (std::size_t k = 0; k < call.towers; ++k) {
          call.inputs[k] = value(op.inputs[k], batch, true);
          call.output_gradients[k] = gradient_of(op.outputs[k], batch.size);
          call.input_gradients[k] = tables_.tensors[index(op.inputs[k])].needs_gradient
                                        ? gradient_target(i, static_cast<int>(k), batch.size)
                                        : nullptr;
        }
        call.parameters = parameter_pointers(i);
        call.parameter_gradients = gradient_pointers_.data() + op_first_[i];
        call.workspace = workspace_.data();
        tables_.unit.backward(call);
        return;
      }
      case OpKind::add: {
        const float* dy = gradient_of(op.outputs[0], batch.size);
        const std::size_t size = tables_.tensors[index(op.outputs[0])].dims.size();
        if (dy == nullptr) return;
        for (int k = 0; k < 2; ++k) {
          float* dx =
              tables_.tensors[index(op.inputs[index(k)])].needs_gradient ? gradient_target(i, k, batch.size) : nullptr;
          if (dx == nullptr) continue;
          threads.parallel_for(batch.size,
                               [&](std::size_t n) { std::memcpy(dx + n * size, dy + n * size, size * sizeof(float)); });
        }
        return;
      }
      case OpKind::concat: {
        const Dims out = tables_.tensors[index(op.outputs[0])].dims;
        const float* dy = gradient_of(op.outputs[0], batch.size);
        if (dy == nullptr) return;
        std::size_t first = 0;
        for (int k = 0; k < op.input_count; ++k) {
          const Tensor& input = tables_.tensors[index(op.inputs[index(k)])];
          const std::size_t channels = index(input.dims.channels);
          float* dx = input.needs_gradient ? gradient_target(i, k, batch.size) : nullptr;
          if (dx != nullptr)
            threads.parallel_for(batch.size, [&](std::size_t n) {
              for (std::size_t p = n * out.pixels(); p < (n + 1) * out.pixels(); ++p)
                std::memcpy(dx + p * channels, dy + p * index(out.channels) + first, channels * sizeof(float));
            });
          first += channels;
        }
        return;
      }
      case OpKind::loss:
        return;  // its gradient was made with its value
    }
  }

  static void add_into(float* sum, const float* term, std::size_t size, std::size_t batch, ThreadPool& threads) {
    threads.parallel_for(batch, [&](std::size_t n) {
      for (std::size_t k = n * size; k < (n + 1) * size; ++k) sum[k] += term[k];
    });
  }

  std::vector<float*> gradient_pointers_;  ///< [parameter]
  std::vector<GradientSink> sinks_;        ///< [parameter]
  std::size_t evaluated_ = 0;
  StepResult result_;
};

}  // namespace xstitch::inline XSTITCH_ISA
