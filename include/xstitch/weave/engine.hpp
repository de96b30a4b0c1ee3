#pragma once
/// \file
/// Runs a network. Every network type (OneTask, Split, Shared, Ensemble, CrossStitch) hands its compile-time tables to
/// this one class; trainers, checkpoints and reports see nothing else.
///
/// A training step: forward over all operations, the losses with their gradients, backward in reverse. Each
/// parameter's gradient either goes into one block (`store`) or, when nothing needs the gradients of the whole network
/// at once, through the optimizer the moment its layer has made it (`apply`): the bits are the same.

#include <xstitch/core/error.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/weave/batch.hpp>
#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/plan.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A plan as plain spans.
struct PlanView {
  std::span<const std::size_t> value, gradient, staged;
  std::span<const bool> adds;
  std::size_t bytes_per_sample = 0;
};

/// What a network type tells the engine. Everything points into constants of the type.
struct NetworkTables {
  std::string_view kind;  ///< "CrossStitch"
  std::span<const LaneRecord> lanes;
  std::span<const Op> ops;
  std::span<const Tensor> tensors;
  PlanView training, inference;
  UnitRecord unit{};
  int members = 1;
};

struct StepOptions {
  std::uint64_t step = 0;
  float rate_factor = 1.0F;      ///< rate_t / rate, from the schedule
  float clip_norm = 0.0F;        ///< largest norm of the whole gradient; 0: off
  bool store_gradients = false;  ///< keep them for Engine::gradient (clipping stores them, too)
};

class Engine {
 public:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  Engine(const NetworkTables& tables, Seed seed) : tables_(tables), seed_(seed) {
    list_slots();
    list_parameters();
    parameters_ = Memory(parameter_floats_ * sizeof(float));
    fill_parameters();
    result_.losses.resize(heads_.size());
  }

  [[nodiscard]] const NetworkTables& tables() const noexcept { return tables_; }
  [[nodiscard]] Seed seed() const noexcept { return seed_; }
  [[nodiscard]] int members() const noexcept { return tables_.members; }
  [[nodiscard]] std::span<const InputSlot> inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::span<const HeadSlot> heads() const noexcept { return heads_; }
  [[nodiscard]] std::span<const ParameterSlot> parameters() const noexcept { return slots_; }

  /// Text of the structure: operations, shapes and parameters. Equal for networks that can share a checkpoint.
  [[nodiscard]] std::string signature() const {
    std::string text(tables_.kind);
    for (const Op& op : tables_.ops) {
      text += ' ';
      text += op.kind == OpKind::layer   ? std::string(op.layer.kind) + ":" + std::string(op.layer.name)
              : op.kind == OpKind::loss  ? std::string(op.loss.kind) + ":" + std::string(op.name)
              : op.kind == OpKind::weave ? "seam:" + std::string(op.name)
              : op.kind == OpKind::add   ? std::string("add")
                                         : std::string("concat");
      if (op.output_count > 0) text += "/" + to_string(tables_.tensors[index(op.outputs[0])].dims);
    }
    for (const ParameterSlot& slot : slots_) text += " " + slot.name + "=" + std::to_string(slot.count);
    return text;
  }

  // Parameters ------------------------------------------------------------------------------------------------------

  [[nodiscard]] std::size_t find_parameter(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].name == name) return i;
    return npos;
  }
  [[nodiscard]] std::span<const float> parameter(std::size_t i) const {
    return {parameters_.floats() + slots_[i].offset, slots_[i].count};
  }
  [[nodiscard]] std::span<float> mutable_parameter(std::size_t i) {
    ++parameter_version_;
    return {parameters_.floats() + slots_[i].offset, slots_[i].count};
  }
  /// Counts changes of parameters; whoever keeps something made from them compares it.
  [[nodiscard]] std::uint64_t parameter_version() const noexcept { return parameter_version_; }

  /// Name of the first parameter with a value that is not finite, or empty.
  [[nodiscard]] std::string find_non_finite_parameter() const {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (!all_finite(parameter(i).data(), slots_[i].count)) return slots_[i].name;
    return {};
  }

  [[nodiscard]] std::size_t optimizer_state_count() const noexcept { return optimizer_state_.size(); }
  void reserve_optimizer_state(std::size_t count) {
    while (optimizer_state_.size() < count) optimizer_state_.emplace_back(parameter_floats_ * sizeof(float));
  }
  [[nodiscard]] std::span<float> optimizer_state(std::size_t which, std::size_t i) {
    return {optimizer_state_.at(which).floats() + slots_[i].offset, slots_[i].count};
  }
  [[nodiscard]] std::span<const float> optimizer_state(std::size_t which, std::size_t i) const {
    return {optimizer_state_.at(which).floats() + slots_[i].offset, slots_[i].count};
  }
  /// The gradient of the last step that stored gradients.
  [[nodiscard]] std::span<const float> gradient(std::size_t i) const {
    if (gradients_.bytes() == 0) fail("gradient of '", slots_[i].name, "': no step has stored gradients yet");
    return {gradients_.floats() + slots_[i].offset, slots_[i].count};
  }

  // Steps -----------------------------------------------------------------------------------------------------------

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

  /// Bytes held: parameters, optimizer state, gradients, activations, scratch.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    std::size_t bytes = parameters_.bytes() + gradients_.bytes() + arena_.bytes() + saved_.bytes() +
                        workspace_.bytes() + scratch_.bytes();
    for (const Memory& m : optimizer_state_) bytes += m.bytes();
    for (const Memory& m : predictions_) bytes += m.bytes();
    return bytes;
  }

 private:
  static constexpr std::size_t update_chunk = 16384;  // floats: weights, momentum and gradient stay in the L2 cache

  struct Update {
    Engine* engine;
    const OptimizerRef* optimizer;
    std::uint64_t step;
  };

  static constexpr std::size_t index(int i) noexcept { return static_cast<std::size_t>(i); }

  static bool all_finite(const float* values, std::size_t count) noexcept {
    // x - x is 0 for a finite x and NaN otherwise; a sum keeps the NaN and vectorises.
    float sum = 0.0F;
    for (std::size_t i = 0; i < count; ++i) sum += values[i] - values[i];
    return sum == 0.0F;
  }

  // Construction ----------------------------------------------------------------------------------------------------

  void list_slots() {
    for (std::size_t i = 0; i < tables_.lanes.size(); ++i) {
      const LaneRecord& lane = tables_.lanes[i];
      if (lane.parent == none) inputs_.push_back({lane.tower, lane.member, lane.in});
    }
    // Heads in the order in which the towers are written, not in which they end.
    op_head_.assign(tables_.ops.size(), 0);
    for (std::size_t l = 0; l < tables_.lanes.size(); ++l)
      for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
        const Op& op = tables_.ops[i];
        if (op.kind != OpKind::loss || index(op.lane) != l) continue;
        const LaneRecord& lane = tables_.lanes[l];
        op_head_[i] = heads_.size();
        heads_.push_back({lane.tower, op.name, lane.member, op.loss.label, op.loss.in, op.loss.prediction,
                          op.loss.weight, op.loss.unit_vectors, op.loss.metric});
      }
  }

  [[nodiscard]] std::string prefix(const LaneRecord& lane) const {
    const std::string member = tables_.members > 1 ? "ensemble" + std::to_string(lane.member) + "." : std::string{};
    return member + std::string(lane.tower) + ".";
  }

  void add_slot(std::string name, const ParameterSpec& spec) {
    slots_.push_back({std::move(name), spec, parameter_floats_, spec.extents.count()});
    parameter_floats_ += align_up(spec.extents.count() * sizeof(float)) / sizeof(float);
  }

  void list_parameters() {
    const std::size_t count = tables_.ops.size();
    op_first_.assign(count, 0);
    op_parameters_.assign(count, 0);
    // Towers first, one after the other; then what belongs to the weave.
    for (std::size_t l = 0; l <= tables_.lanes.size(); ++l)
      for (std::size_t i = 0; i < count; ++i) {
        const Op& op = tables_.ops[i];
        if ((op.lane == none ? tables_.lanes.size() : index(op.lane)) != l) continue;
        op_first_[i] = slots_.size();
        if (op.kind == OpKind::layer) {
          for (std::size_t p = 0; p < op.layer.parameter_count; ++p)
            add_slot(
                prefix(tables_.lanes[l]) + std::string(op.layer.name) + "." + std::string(op.layer.parameters[p].name),
                op.layer.parameters[p]);
        } else if (op.kind == OpKind::loss) {
          for (std::size_t p = 0; p < op.loss.parameter_count; ++p)
            add_slot(prefix(tables_.lanes[l]) + (op.name.empty() ? "" : std::string(op.name) + ".") + "loss." +
                         std::string(op.loss.parameters[p].name),
                     op.loss.parameters[p]);
        } else if (op.kind == OpKind::weave) {
          const auto specs = tables_.unit.parameters(op.input_count, tables_.tensors[index(op.inputs[0])].dims);
          for (std::size_t p = 0; p < tables_.unit.parameter_count; ++p)
            add_slot("stitch." + std::string(op.name) + "." + std::string(specs[p].name), specs[p]);
        }
        op_parameters_[i] = slots_.size() - op_first_[i];
      }
    rates_.resize(slots_.size());
    pointers_.resize(slots_.size());
    gradient_pointers_.resize(slots_.size());
    sinks_.resize(slots_.size());
  }

  [[nodiscard]] RandomKey op_key(std::size_t i, std::string_view purpose) const {
    const Op& op = tables_.ops[i];
    const RandomKey key = RandomKey(seed_).with(purpose);
    if (op.kind == OpKind::weave) return key.with("stitch").with(op.name);
    const LaneRecord& lane = tables_.lanes[index(op.lane)];
    const RandomKey mine = key.with(static_cast<std::uint64_t>(lane.member)).with(lane.tower);
    if (op.kind == OpKind::loss) return mine.with("loss").with(op.name);
    return op.layer.name.empty() ? mine.with(static_cast<std::uint64_t>(op.ordinal)) : mine.with(op.layer.name);
  }

  void fill_parameters() {
    keys_.resize(tables_.ops.size());
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      keys_[i] = op_key(i, "run");
      const RandomKey key = op_key(i, "fill");
      for (std::size_t p = 0; p < op_parameters_[i]; ++p) {
        const ParameterSlot& slot = slots_[op_first_[i] + p];
        float* values = parameters_.floats() + slot.offset;
        if (slot.spec.fill.kind != FillKind::custom) {
          fill_parameter(slot.spec, values, key.with(p));
          continue;
        }
        const auto fill = op.kind == OpKind::loss ? op.loss.fill : op.layer.fill;
        if (fill == nullptr)
          fail("parameter '", slot.name,
               "' asks for Fill::custom(), but its layer has no `fill(Dims, index, values, key)`");
        fill(op.kind == OpKind::loss ? op.loss.in : op.layer.in, p, values, key.with(p));
      }
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) pointers_[i] = parameters_.floats() + slots_[i].offset;
  }

  // Memory ----------------------------------------------------------------------------------------------------------

  /// Room for a batch; allocates only when it is larger than any before.
  void prepare(std::size_t batch, bool training) {
    const PlanView& plan = training ? tables_.training : tables_.inference;
    grow(arena_, plan.bytes_per_sample * batch);
    std::size_t workspace = 0, saved = 0, scratch = 0;
    saved_at_.resize(tables_.ops.size());
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      if (op.kind == OpKind::layer) {
        workspace = std::max(workspace, op.layer.workspace.bytes(batch));
        saved_at_[i] = saved;
        saved += align_up(op.layer.saved.bytes(batch));
        if (!op.layer.streams_gradients) scratch = std::max(scratch, parameter_floats(i));
      } else if (op.kind == OpKind::weave) {
        if (tables_.unit.workspace != nullptr)
          workspace =
              std::max(workspace,
                       tables_.unit.workspace(op.input_count, tables_.tensors[index(op.inputs[0])].dims).bytes(batch));
        scratch = std::max(scratch, parameter_floats(i));
      }
    }
    grow(workspace_, workspace);
    if (training) {
      grow(saved_, saved);
      grow(scratch_, scratch * sizeof(float));
    } else {
      predictions_.resize(heads_.size());
      for (std::size_t h = 0; h < heads_.size(); ++h)
        grow(predictions_[h], batch * heads_[h].prediction.size() * sizeof(float));
    }
  }
  static void grow(Memory& memory, std::size_t bytes) {
    if (memory.bytes() >= bytes) return;
    memory = Memory();  // the old block goes before the new one comes
    memory = Memory(bytes);
  }
  [[nodiscard]] std::size_t parameter_floats(std::size_t i) const {
    if (op_parameters_[i] == 0) return 0;
    const ParameterSlot& last = slots_[op_first_[i] + op_parameters_[i] - 1];
    return last.offset - slots_[op_first_[i]].offset + align_up(last.count * sizeof(float)) / sizeof(float);
  }

  void check(const Batch& batch, bool labels) const {
    if (batch.size == 0) fail(tables_.kind, ": a batch without samples");
    if (batch.inputs.size() != inputs_.size())
      fail(tables_.kind, ": the batch has ", batch.inputs.size(), " inputs, the network has ", inputs_.size());
    for (std::size_t s = 0; s < inputs_.size(); ++s) {
      const std::size_t from = source(batch, s);
      const std::size_t want = batch.size * inputs_[s].shape.size();
      if (from >= batch.inputs.size() || batch.inputs[from].size() < want)
        fail("input of tower '", inputs_[s].tower, "': ", from < batch.inputs.size() ? batch.inputs[from].size() : 0,
             " numbers, expected ", want, " (", batch.size, " samples of ", to_string(inputs_[s].shape), ")");
    }
    if (!labels) return;
    if (batch.labels.size() != heads_.size())
      fail(tables_.kind, ": the batch has labels for ", batch.labels.size(), " heads, the network has ", heads_.size());
    for (std::size_t h = 0; h < heads_.size(); ++h) {
      const LabelBatch& label = batch.labels[h];
      const std::size_t have = heads_[h].label.integral() ? label.indices.size() : label.values.size();
      const std::size_t want = batch.size * heads_[h].label.shape.size();
      if (have < want || label.present.size() < batch.size)
        fail("label of '", heads_[h].name(), "': ", have, " numbers and ", label.present.size(),
             " presence flags, expected ", want, " and ", batch.size);
      if (!label.mask.empty() && label.mask.size() < batch.size * heads_[h].label.mask.size())
        fail("mask of '", heads_[h].name(), "': ", label.mask.size(), " entries, expected ",
             batch.size * heads_[h].label.mask.size());
    }
  }
  [[nodiscard]] static std::size_t source(const Batch& batch, std::size_t slot) {
    return slot < batch.shared_input.size() && batch.inputs[slot].empty() ? batch.shared_input[slot] : slot;
  }

  [[nodiscard]] float* value(int tensor, const Batch& batch, bool training) const {
    const Tensor& t = tables_.tensors[index(tensor)];
    if (t.producer == none) return const_cast<float*>(batch.inputs[source(batch, index(t.input_slot))].data());
    const PlanView& plan = training ? tables_.training : tables_.inference;
    return reinterpret_cast<float*>(arena_.data() + plan.value[index(tensor)] * batch.size);
  }
  [[nodiscard]] float* gradient_of(int tensor, std::size_t batch) const {
    const std::size_t at = tables_.training.gradient[index(tensor)];
    return at == static_cast<std::size_t>(-1) ? nullptr : reinterpret_cast<float*>(arena_.data() + at * batch);
  }
  [[nodiscard]] bool adds(std::size_t op, int k) const { return tables_.training.adds[op * max_towers + index(k)]; }
  /// Where operation `op` writes the gradient of its k-th input.
  [[nodiscard]] float* gradient_target(std::size_t op, int k, std::size_t batch) const {
    if (adds(op, k))
      return reinterpret_cast<float*>(arena_.data() + tables_.training.staged[op * max_towers + index(k)] * batch);
    return gradient_of(tables_.ops[op].inputs[index(k)], batch);
  }
  [[nodiscard]] float* const* parameter_pointers(std::size_t op) const { return pointers_.data() + op_first_[op]; }

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
                               training};
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
      if (!all_finite(batch.inputs[source(batch, s)].data(), batch.size * inputs_[s].shape.size()))
        return "input of tower '" + std::string(inputs_[s].tower) + "'";
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      for (std::size_t p = 0; p < op_parameters_[i]; ++p) {
        const std::size_t slot = op_first_[i] + p;
        if (!all_finite(pointers_[slot], slots_[slot].count))
          return place_of(op) + ", parameter '" + slots_[slot].name + "'";
      }
      run_forward(i, batch, step, threads, true);
      for (int k = 0; k < op.output_count; ++k) {
        const std::size_t size = batch.size * tables_.tensors[index(op.outputs[index(k)])].dims.size();
        if (!all_finite(value(op.outputs[index(k)], batch, true), size)) return place_of(op);
      }
      if (op.kind == OpKind::loss && !std::isfinite(result_.losses[op_head_[i]].value())) return place_of(op);
    }
    return "the sum of the losses";
  }

  [[nodiscard]] std::string place_of(const Op& op) const {
    if (op.kind == OpKind::weave) return "weave unit at seam '" + std::string(op.name) + "'";
    const std::string tower = " of tower '" + std::string(tables_.lanes[index(op.lane)].tower) + "'";
    switch (op.kind) {
      case OpKind::layer: {
        // A layer without a name of its own is placed by the last one that has one.
        std::string_view after;
        for (const Op& other : tables_.ops) {
          if (&other == &op) break;
          if (other.kind == OpKind::layer && other.lane == op.lane && !other.layer.name.empty())
            after = other.layer.name;
        }
        if (!op.layer.name.empty()) return "layer '" + std::string(op.layer.name) + "'" + tower;
        return "layer " + std::string(op.layer.kind) + (after.empty() ? "" : " behind '" + std::string(after) + "'") +
               tower;
      }
      case OpKind::loss:
        return "loss " + std::string(op.loss.kind) +
               (op.name.empty() ? "" : " of head '" + std::string(op.name) + "'") + tower;
      case OpKind::add:
        return "sum of Residual" + tower;
      default:
        return "Concat" + tower;
    }
  }

  // Backward --------------------------------------------------------------------------------------------------------

  /// `update` null: gradients are stored.
  void backward(const Batch& batch, std::uint64_t step, ThreadPool& threads, const Update* update) {
    if (update == nullptr) grow(gradients_, parameter_floats_ * sizeof(float));
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      float* store = update == nullptr ? gradients_.floats() + slots_[s].offset : nullptr;
      gradient_pointers_[s] = store;
      sinks_[s] = GradientSink(&Engine::take_gradient, update, s, store);
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
      if (slots_[s].spec.group == ParameterGroup::state) gradient_pointers_[s] = nullptr;
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

  // Update ----------------------------------------------------------------------------------------------------------

  void multiply_rates(const OptimizerRef& optimizer, const StepOptions& options) {
    const float rate = optimizer.rate() * options.rate_factor;
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      const ParameterSpec& spec = slots_[s].spec;
      const Multipliers m = optimizer.multipliers(spec.group);
      rates_[s] = {rate * m.rate * spec.rate_multiplier, m.decay * spec.decay_multiplier};
    }
  }

  void update_piece(const Update& update, std::size_t s, std::size_t offset, const float* gradient, std::size_t count) {
    UpdateCall call;
    call.weight = pointers_[s] + offset;
    for (std::size_t k = 0; k < update.optimizer->state_count(); ++k)
      call.state[k] = optimizer_state_[k].floats() + slots_[s].offset + offset;
    call.gradient = gradient;
    call.count = count;
    call.rate = rates_[s].rate;
    call.decay = rates_[s].decay;
    call.step = update.step;
    update.optimizer->update(call);
  }

  [[nodiscard]] bool trained(std::size_t s) const {
    return slots_[s].spec.group != ParameterGroup::state && slots_[s].spec.rate_multiplier != 0.0F;
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
    if (update.engine->trained(parameter)) update.engine->update_piece(update, parameter, offset, gradient, count);
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

  NetworkTables tables_;
  Seed seed_;
  std::vector<InputSlot> inputs_;
  std::vector<HeadSlot> heads_;
  std::vector<ParameterSlot> slots_;
  std::size_t parameter_floats_ = 0;
  std::vector<std::size_t> op_head_, op_first_, op_parameters_, saved_at_;
  std::vector<RandomKey> keys_;
  std::vector<Multipliers> rates_;
  std::vector<float*> pointers_, gradient_pointers_;
  std::vector<GradientSink> sinks_;
  std::vector<double> norms_;
  Memory parameters_, gradients_, arena_, saved_, workspace_, scratch_;
  std::vector<Memory> optimizer_state_, predictions_;
  std::uint64_t parameter_version_ = 0;
  std::size_t evaluated_ = 0;
  StepResult result_;
};

}  // namespace xstitch::inline XSTITCH_ISA
