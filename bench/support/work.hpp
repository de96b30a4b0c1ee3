#pragma once
// Data for a network, and how much arithmetic a step is.

#include <xstitch/run/training.hpp>

#include <cmath>

namespace bench {

namespace xs = xstitch;

/// Random inputs and labels of every head. Members of an ensemble get data of their own; towers share one input.
inline xs::Batch random_batch(const xs::AnyNet& net, std::size_t size, std::uint64_t number = 0) {
  const xs::RandomKey key = xs::RandomKey(xs::seed(7)).with("benchmark").with(number);
  xs::Batch batch;
  batch.size = size;
  batch.inputs.resize(net.inputs().size());
  batch.shared_input.resize(net.inputs().size());
  for (std::size_t slot = 0; slot < net.inputs().size(); ++slot) {
    const xs::InputSlot& input = net.inputs()[slot];
    std::size_t from = slot;
    for (std::size_t other = slot; other-- > 0;)
      if (net.inputs()[other].shape == input.shape && net.inputs()[other].member == input.member) from = other;
    batch.shared_input[slot] = from;
    if (from != slot) continue;
    const xs::RandomKey mine = key.with("input").with(slot);
    batch.inputs[slot].resize(size * input.shape.size());
    for (std::size_t i = 0; i < batch.inputs[slot].size(); ++i) batch.inputs[slot][i] = mine.normal(i);
  }
  for (std::size_t head = 0; head < net.heads().size(); ++head) {
    const xs::LabelSpec& spec = net.heads()[head].label;
    const xs::RandomKey mine = key.with("label").with(head);
    xs::LabelBatch labels;
    labels.present.assign(size, 1);
    const std::size_t count = size * spec.shape.size();
    if (spec.integral()) {
      labels.indices.resize(count);
      for (std::size_t i = 0; i < count; ++i)
        labels.indices[i] = static_cast<std::int32_t>(mine.below(i, static_cast<std::uint64_t>(spec.classes)));
    } else {
      labels.values.resize(count);
      for (std::size_t i = 0; i < count; ++i)
        labels.values[i] = spec.kind == xs::LabelKind::binary ? static_cast<float>(mine.below(i, 2)) : mine.normal(i);
    }
    if (spec.kind == xs::LabelKind::unit_normal)
      for (std::size_t i = 0; i + 2 < count; i += 3) {
        float* const n = labels.values.data() + i;
        n[2] = std::abs(n[2]) + 0.1F;  // faces the camera
        const float length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
        for (int k = 0; k < 3; ++k) n[k] /= length;
      }
    if (spec.mask.valid()) labels.mask.assign(size * spec.mask.size(), 1);
    batch.labels.push_back(std::move(labels));
  }
  return batch;
}

/// Whether an operation makes a gradient of its input: something below it is trained.
inline bool needs_gradient(const xs::Program& program, const xs::Op& op) {
  return program.training_plan.gradient[static_cast<std::size_t>(program.inputs_of(op)[0])] != xs::nowhere;
}

/// Multiplications and additions of one sample, in layers with weights: forward once; in training again for the
/// gradients of the weights (where they are trained) and of the input (where something below needs it).
inline double operations_per_sample(const xs::AnyNet& net, bool training) {
  const xs::Program& program = net.program();
  double sum = 0.0;
  for (const xs::Op& op : program.ops) {
    if (op.chain == xs::none || op.is_loss) continue;
    bool trained = false;
    for (const xs::ParameterSpec& spec : op.record->parameters)
      trained = trained || (spec.group == xs::ParameterGroup::weight && spec.learning_rate_multiplier != 0.0F);
    int passes = 1;
    if (training && trained) ++passes;
    if (training && needs_gradient(program, op)) ++passes;
    sum += 2.0 * static_cast<double>(op.record->multiply_adds) * passes;
  }
  return sum;
}

/// Multiplications and additions that a training step really does, for the cost model: fewer where an algorithm needs
/// fewer products than the formula.
inline double operations_done_per_sample(const xs::AnyNet& net) {
  const xs::Program& program = net.program();
  double saved = 0.0;
  for (const xs::Op& op : program.ops) {
    if (op.chain == xs::none || op.is_loss || op.record->algorithms == nullptr) continue;
    const auto passes = op.record->algorithms(op.record->attributes, op.record->inputs[0].dims, program.precision);
    for (std::size_t p = 0; p < passes.size(); ++p)
      if (p != 1 || needs_gradient(program, op))
        saved += 2.0 * static_cast<double>(op.record->multiply_adds) * (1.0 - passes[p].products);
  }
  return operations_per_sample(net, true) - saved;
}

/// Bytes a training step moves if every operation goes to memory, where a line that is written new is read first.
/// Forward reads the input and writes the output (1 + 2); backward reads the input and the output's gradient and writes
/// the input's (1 + 1 + 2). Weights are read forward and backward, their momentum once, and both are written back (5).
/// For the cost model.
inline double bytes_per_step(const xs::AnyNet& net, std::size_t batch) {
  const xs::Program& program = net.program();
  double inputs = 0.0, outputs = 0.0, weights = 0.0;
  for (const xs::Op& op : program.ops) {
    if (op.done_by_previous) continue;
    for (const xs::TensorShape& in : op.record->inputs) inputs += static_cast<double>(in.size());
    if (!op.is_loss)
      for (const xs::TensorShape& out : op.record->outputs) outputs += static_cast<double>(out.size());
  }
  for (const xs::ParameterSlot& slot : net.parameters()) weights += static_cast<double>(slot.count);
  return sizeof(float) * ((4.0 * inputs + 3.0 * outputs) * static_cast<double>(batch) + 5.0 * weights);
}

inline std::size_t weight_count(const xs::AnyNet& net) {
  std::size_t count = 0;
  for (const xs::ParameterSlot& slot : net.parameters()) count += slot.count;
  return count;
}

}  // namespace bench
