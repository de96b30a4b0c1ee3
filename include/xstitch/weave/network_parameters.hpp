#pragma once
/// \file
/// The numbers that a network keeps between steps: one block of parameters, one of each optimizer state, one of
/// gradients where they are stored. Their places, names and initial values follow from the tables of the network's
/// type.

#include <xstitch/core/error.hpp>
#include <xstitch/core/finite.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/weave/batch.hpp>
#include <xstitch/weave/network_tables.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class NetworkParameters {
 public:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  NetworkParameters(const NetworkTables& tables, Seed seed) : tables_(tables), seed_(seed) {
    list_slots();
    list_parameters();
    parameters_ = Memory(parameter_floats_ * sizeof(float));
    initialize_parameters();
  }

  [[nodiscard]] const NetworkTables& tables() const noexcept { return tables_; }
  [[nodiscard]] Seed seed() const noexcept { return seed_; }
  [[nodiscard]] int members() const noexcept { return tables_.members; }
  [[nodiscard]] Precision precision() const noexcept { return tables_.precision; }
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
      if (!all_finite(parameter(i))) return slots_[i].name;
    return {};
  }

  [[nodiscard]] std::size_t optimizer_state_count() const noexcept { return optimizer_state_.size(); }
  /// A training starts from zero, whatever was trained before.
  void reset_optimizer_state() noexcept { optimizer_state_.clear(); }
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

 protected:
  static constexpr std::size_t index(int i) noexcept { return static_cast<std::size_t>(i); }

  [[nodiscard]] float* const* parameter_pointers(std::size_t op) const { return pointers_.data() + op_first_[op]; }

  NetworkTables tables_;
  Seed seed_;
  std::vector<InputSlot> inputs_;
  std::vector<HeadSlot> heads_;
  std::vector<ParameterSlot> slots_;
  std::size_t parameter_floats_ = 0;
  std::vector<std::size_t> op_head_, op_first_, op_parameters_;  ///< [operation]
  std::vector<RandomKey> keys_;                                  ///< [operation]
  std::vector<float*> pointers_;                                 ///< [parameter]
  Memory parameters_, gradients_;
  std::vector<Memory> optimizer_state_;
  std::uint64_t parameter_version_ = 0;

 private:
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
    pointers_.resize(slots_.size());
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

  void initialize_parameters() {
    keys_.resize(tables_.ops.size());
    for (std::size_t i = 0; i < tables_.ops.size(); ++i) {
      const Op& op = tables_.ops[i];
      keys_[i] = op_key(i, "run");
      const RandomKey key = op_key(i, "fill");
      for (std::size_t p = 0; p < op_parameters_[i]; ++p) {
        const ParameterSlot& slot = slots_[op_first_[i] + p];
        float* values = parameters_.floats() + slot.offset;
        if (slot.spec.initializer.kind != InitializerKind::custom) {
          initialize_parameter(slot.spec, values, key.with(p));
          continue;
        }
        const auto initialize = op.kind == OpKind::loss ? op.loss.initialize : op.layer.initialize;
        if (initialize == nullptr)
          fail("parameter '", slot.name,
               "' asks for Initializer::custom(), but its layer has no `initialize(Dims, index, values, key)`");
        initialize(op.kind == OpKind::loss ? op.loss.in : op.layer.in, p, values, key.with(p));
      }
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) pointers_[i] = parameters_.floats() + slots_[i].offset;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
