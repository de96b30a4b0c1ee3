#pragma once
/// \file
/// describe<Net>(): a table of a network's operations: shapes, parameters, arithmetic, memory, algorithms, seams. From
/// the type alone; no weights are allocated. Which algorithm a pass takes may depend on the processor.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/signature.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// 1234567 -> "1,234,567".
inline std::string with_commas(std::size_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

/// Tower, operation, output, parameters, MFLOP, KiB, algorithm.
using TableRow = std::array<std::string, 7>;

/// Columns as wide as their longest cell; words to the left, figures to the right.
XSTITCH_INLINE std::string align(const std::vector<TableRow>& rows) {
  std::array<std::size_t, 7> widths{};
  for (const TableRow& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const TableRow& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string gap(widths[c] - row[c].size(), ' ');
      line += (c == 0 ? "" : "  ") + (c < 2 || c == 6 ? row[c] + gap : gap + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

XSTITCH_INLINE std::string tower_text(const Program& program, const Op& op) {
  std::string text;
  if (op.chain == none) {
    for (int k = 0; k < op.input_count; ++k) text += (k > 0 ? "+" : "") + tower_of_input(program, op, k);
    return text;
  }
  const ChainView& chain = program.chains[at(op.chain)];
  return (program.members > 1 ? std::to_string(chain.member) + ":" : std::string{}) + std::string(chain.tower);
}

/// "direct, dW Winograd": of the forward pass, then of each other pass that is made and takes another one. Adds those
/// that `reasons` has not yet.
XSTITCH_INLINE std::string algorithms_text(const Program& program, const Op& op, std::string& reasons) {
  const OperationRecord& record = *op.record;
  if (record.algorithms == nullptr) return {};
  const auto all = record.algorithms(record.attributes, record.inputs[0].dims, program.precision);
  constexpr std::string_view passes[] = {"", ", dx ", ", dW "};
  const bool made[] = {true, program.training_plan.gradient[at(program.inputs_of(op)[0])] != nowhere, true};
  std::string text;
  for (std::size_t p = 0; p < all.size(); ++p) {
    if (!made[p] || (p > 0 && all[p].name == all[0].name)) continue;
    text += std::string(passes[p]) + std::string(all[p].name);
    const std::string reason = std::string(all[p].name) + " (" + std::string(all[p].reason) + ")";
    if (reasons.find(reason) == std::string::npos) reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  return text;
}

XSTITCH_INLINE TableRow describe_row(const Program& program, const Op& op, double& mflop, std::size_t& buffers,
                                     std::string& reasons) {
  const OperationRecord& record = *op.record;
  std::string operation = describe_operation(program, op);
  if (op.done_by_previous) operation += " (in the layer above)";
  std::size_t parameters = 0, state = 0, bytes = 0;
  for (const ParameterSpec& spec : record.parameters)
    (spec.group == ParameterGroup::buffer ? state : parameters) += spec.extents.count();
  buffers += state;
  const double mine = 2.0 * static_cast<double>(record.multiply_adds) * 1e-6;
  mflop += mine;
  for (int k = 0; k < op.output_count; ++k) bytes += program.tensors[at(op.first_output + k)].shape.bytes();
  std::string shapes;
  for (const TensorShape& out : record.outputs)
    if (op.chain != none || shapes.empty()) shapes += (shapes.empty() ? "" : ", ") + to_string(out);
  return {tower_text(program, op),
          operation,
          shapes,
          parameters + state == 0 ? "" : with_commas(parameters) + (state == 0 ? "" : " + " + with_commas(state)),
          mine == 0.0 ? "" : fixed_text(mine, 1),
          op.done_by_previous || bytes == 0 ? "" : fixed_text(static_cast<double>(bytes) / 1024.0, 1),
          algorithms_text(program, op, reasons)};
}

}  // namespace detail

/// Operations, output shapes, parameters (trained + buffers), forward arithmetic (MFLOP a sample; one multiply-add is
/// two), activation memory (KiB a sample), algorithms and why, seams.
XSTITCH_INLINE std::string describe(const Program& program) {
  std::vector<detail::TableRow> rows{{"tower", "operation", "output", "parameters", "MFLOP", "KiB", ""}};
  double mflop = 0.0;
  std::size_t parameters = 0, buffers = 0;
  std::string seams, reasons;
  for (const Op& op : program.ops) {
    rows.push_back(detail::describe_row(program, op, mflop, buffers, reasons));
    for (const ParameterSpec& spec : op.record->parameters)
      if (spec.group != ParameterGroup::buffer) parameters += spec.extents.count();
    if (op.chain == none) seams += (seams.empty() ? "" : ", ") + std::string(op.place);
  }
  if (!reasons.empty()) rows[0].back() = "algorithm";
  std::string text = detail::align(rows) + std::string(program.kind) + ": " + detail::with_commas(parameters) +
                     " parameters" + (buffers == 0 ? "" : " + " + detail::with_commas(buffers) + " in buffers") + ", " +
                     fixed_text(mflop, 1) + " MFLOP a sample forward, activations and gradients " +
                     detail::with_commas(program.training_plan.bytes_per_sample / 1024) +
                     " KiB a sample in training, " +
                     detail::with_commas(program.inference_plan.bytes_per_sample / 1024) + " KiB in inference";
  return text + (seams.empty() ? "" : "; seams: " + seams) + (reasons.empty() ? "" : "\nalgorithms: " + reasons) + '\n';
}

/// A table of a network from its type: shapes, parameters, memory, products and algorithms.
template <class Net>
std::string describe() {
  return describe(Net::program_of_type);
}

}  // namespace xstitch::inline XSTITCH_ISA
