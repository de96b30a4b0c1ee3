#pragma once
/// \file
/// What a network type tells the engine: plain constants, worked out by the compiler.

#include <xstitch/core/random.hpp>
#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/plan.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

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
  Precision precision = Precision::fp32;  ///< of the layers' multiplications
};

/// Where an operation stands, in words: "layer 'conv3' of tower 'upper'".
inline std::string place_of(const NetworkTables& tables, const Op& op) {
  if (op.kind == OpKind::weave) return "weave unit at seam '" + std::string(op.name) + "'";
  const std::string tower = " of tower '" + std::string(tables.lanes[static_cast<std::size_t>(op.lane)].tower) + "'";
  switch (op.kind) {
    case OpKind::layer: {
      // A layer without a name of its own is placed by the last one that has one.
      std::string_view after;
      for (const Op& other : tables.ops) {
        if (&other == &op) break;
        if (other.kind == OpKind::layer && other.lane == op.lane && !other.layer.name.empty()) after = other.layer.name;
      }
      if (!op.layer.name.empty()) return "layer '" + std::string(op.layer.name) + "'" + tower;
      return "layer " + std::string(op.layer.kind) + (after.empty() ? "" : " after '" + std::string(after) + "'") +
             tower;
    }
    case OpKind::loss:
      return "loss " + std::string(op.loss.kind) + (op.name.empty() ? "" : " of head '" + std::string(op.name) + "'") +
             tower;
    case OpKind::add:
      return "sum of Residual" + tower;
    default:
      return "Concat" + tower;
  }
}

}  // namespace xstitch::inline XSTITCH_ISA
