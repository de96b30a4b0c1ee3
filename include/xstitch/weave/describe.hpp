#pragma once
/// \file
/// describe<Net>(): a table of a network's operations: shapes, parameters, arithmetic, memory, seams. From the type
/// alone; nothing is allocated.

#include <xstitch/weave/network.hpp>

#include <cstdio>
#include <iomanip>
#include <sstream>
#include <string>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// 1234567 -> "1,234,567".
inline std::string with_commas(std::size_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

inline std::string format_double(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

inline std::string describe_tables(const NetworkTables& tables, std::size_t parameter_count) {
  std::ostringstream out;
  const auto at = [](int i) { return static_cast<std::size_t>(i); };
  const auto row = [&](const std::string& tower, const std::string& operation, const std::string& shape,
                       const std::string& parameters, const std::string& flops, const std::string& memory) {
    out << std::left << std::setw(14) << tower << std::setw(26) << operation << std::right << std::setw(14) << shape
        << std::setw(14) << parameters << std::setw(12) << flops << std::setw(12) << memory << '\n';
  };
  row("tower", "operation", "output", "parameters", "MFLOP", "KiB");
  double flops = 0.0;
  for (const Op& op : tables.ops) {
    std::size_t parameters = 0;
    double mine = 0.0;
    std::string operation, tower, shape;
    if (op.lane != none) {
      const LaneRecord& lane = tables.lanes[at(op.lane)];
      tower = (tables.members > 1 ? std::to_string(lane.member) + ":" : std::string{}) + std::string(lane.tower);
    }
    if (op.output_count > 0) shape = to_string(tables.tensors[at(op.outputs[0])].dims);
    switch (op.kind) {
      case OpKind::layer:
        operation = std::string(op.layer.kind) + (op.layer.name.empty() ? "" : " " + std::string(op.layer.name));
        if (op.done_by_previous) operation += " (in the layer above)";
        for (std::size_t p = 0; p < op.layer.parameter_count; ++p) parameters += op.layer.parameters[p].extents.count();
        mine = 2.0 * static_cast<double>(op.layer.multiply_adds) * 1e-6;
        break;
      case OpKind::weave: {
        const Dims d = tables.tensors[at(op.inputs[0])].dims;
        operation = std::string(tables.unit.kind) + " " + std::string(op.name);
        for (int k = 0; k < op.input_count; ++k)
          tower += (k > 0 ? "+" : "") + std::string(tables.lanes[at(op.lanes[at(k)])].tower);
        const auto specs = tables.unit.parameters(op.input_count, d);
        for (std::size_t p = 0; p < tables.unit.parameter_count; ++p) parameters += specs[p].extents.count();
        mine = 2.0 * static_cast<double>(op.input_count * op.input_count) * static_cast<double>(d.size()) * 1e-6;
        break;
      }
      case OpKind::add:
        operation = "Residual sum";
        break;
      case OpKind::concat:
        operation = "Concat";
        break;
      case OpKind::loss:
        operation = std::string(op.loss.kind) + (op.name.empty() ? "" : " " + std::string(op.name));
        shape = to_string(op.loss.prediction);
        for (std::size_t p = 0; p < op.loss.parameter_count; ++p) parameters += op.loss.parameters[p].extents.count();
        break;
    }
    flops += mine;
    std::size_t bytes = 0;
    for (int k = 0; k < op.output_count; ++k) bytes += sample_bytes(tables.tensors[at(op.outputs[at(k)])].dims);
    row(tower, operation, shape, parameters == 0 ? "" : with_commas(parameters),
        mine == 0.0 ? "" : format_double("%.1f", mine),
        op.done_by_previous || bytes == 0 ? "" : format_double("%.1f", static_cast<double>(bytes) / 1024.0));
  }
  std::string seams;
  for (const Op& op : tables.ops)
    if (op.kind == OpKind::weave) seams += (seams.empty() ? "" : ", ") + std::string(op.name);
  out << tables.kind << ": " << with_commas(parameter_count) << " parameters, " << format_double("%.1f", flops)
      << " MFLOP a sample forward, activations and gradients " << with_commas(tables.training.bytes_per_sample / 1024)
      << " KiB a sample in training, " << with_commas(tables.inference.bytes_per_sample / 1024) << " KiB in use"
      << (seams.empty() ? "" : "; seams: " + seams) << '\n';
  return out.str();
}

}  // namespace detail

/// Layers, shapes, parameters, forward arithmetic (MFLOP a sample; one multiply-add is two), activation memory (KiB a
/// sample), seams.
template <Network Net>
std::string describe() {
  return detail::describe_tables(Net::tables_of_type, Net::parameter_count);
}

}  // namespace xstitch::inline XSTITCH_ISA
