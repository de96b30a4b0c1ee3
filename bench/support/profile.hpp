#pragma once
// Clocks around the operations of a network, from outside the library: the engine gets a copy of the network's table
// of operations whose functions are wrapped. One network a program.

#include "support/machine.hpp"
#include "support/network.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace bench::profile {

inline constexpr std::size_t most_operations = 192;

struct Operation {
  std::string tower, what;
  double forward = 0.0, backward = 0.0;  ///< seconds in all
};

/// What the wrapped functions see; functions have no other way to reach it.
inline std::vector<xs::Op> wrapped, original;
inline xs::UnitRecord original_unit;
inline std::vector<Operation> operations;
inline std::vector<std::size_t> seams;  ///< operations that are weave units, in order
inline std::size_t next_forward = 0, next_backward = 0;

template <std::size_t I>
void forward(const xs::ForwardCall& call) {
  const double start = now();
  original[I].layer.forward(call);
  operations[I].forward += now() - start;
}
template <std::size_t I>
void forward_relu(const xs::ForwardCall& call) {
  const double start = now();
  original[I].layer.forward_relu(call);
  operations[I].forward += now() - start;
}
template <std::size_t I>
void backward(const xs::BackwardCall& call) {
  const double start = now();
  original[I].layer.backward(call);
  operations[I].backward += now() - start;
}
template <std::size_t I>
xs::LossSum loss(const xs::LossCall& call) {
  const double start = now();
  const xs::LossSum sum = original[I].loss.forward(call);
  operations[I].forward += now() - start;
  return sum;
}
template <std::size_t I>
void predict(const xs::PredictCall& call) {
  const double start = now();
  original[I].loss.predict(call);
  operations[I].forward += now() - start;
}
inline void stitch(const xs::WeaveForward& call) {
  const double start = now();
  original_unit.forward(call);
  operations[seams[next_forward]].forward += now() - start;
  next_forward = (next_forward + 1) % seams.size();
}
inline void stitch_back(const xs::WeaveBackward& call) {
  const double start = now();
  original_unit.backward(call);
  operations[seams[seams.size() - 1 - next_backward]].backward += now() - start;
  next_backward = (next_backward + 1) % seams.size();
}

template <std::size_t... I>
void wrap(std::index_sequence<I...>) {
  constexpr std::array forwards{&forward<I>...};
  constexpr std::array forwards_relu{&forward_relu<I>...};
  constexpr std::array backwards{&backward<I>...};
  constexpr std::array losses{&loss<I>...};
  constexpr std::array predictions{&predict<I>...};
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    xs::Op& op = wrapped[i];
    if (op.kind == xs::OpKind::layer) {
      op.layer.forward = forwards[i];
      if (op.layer.forward_relu != nullptr) op.layer.forward_relu = forwards_relu[i];
      op.layer.backward = backwards[i];
    } else if (op.kind == xs::OpKind::loss) {
      op.loss.forward = losses[i];
      op.loss.predict = predictions[i];
    }
  }
}

/// The same network with clocks.
inline xs::NetworkTables with_clocks(const xs::NetworkTables& tables) {
  if (tables.ops.size() > most_operations)
    xs::fail("profile: the network has ", tables.ops.size(), " operations, expected at most ", most_operations);
  original.assign(tables.ops.begin(), tables.ops.end());
  wrapped = original;
  original_unit = tables.unit;
  for (std::size_t i = 0; i < original.size(); ++i) {
    const xs::Op& op = original[i];
    Operation o;
    if (op.lane != xs::none) {
      const xs::LaneRecord& lane = tables.lanes[static_cast<std::size_t>(op.lane)];
      o.tower = lane.tower;
      if (tables.members > 1) o.tower.append("/").append(std::to_string(lane.member));
    }
    switch (op.kind) {
      case xs::OpKind::layer:
        o.what = std::string(op.layer.kind) + " " + std::string(op.layer.name);
        break;
      case xs::OpKind::loss:
        o.what = std::string(op.loss.kind) + " " + std::string(op.name);
        break;
      case xs::OpKind::weave:
        o.what = "stitch " + std::string(op.name);
        break;
      case xs::OpKind::add:
        o.what = "sum";
        break;
      case xs::OpKind::concat:
        o.what = "concat";
        break;
    }
    if (op.kind == xs::OpKind::weave) seams.push_back(i);
    operations.push_back(std::move(o));
  }
  wrap(std::make_index_sequence<most_operations>());
  xs::NetworkTables edited = tables;
  edited.ops = wrapped;
  if (!seams.empty()) {
    edited.unit.forward = &stitch;
    edited.unit.backward = &stitch_back;
  }
  return edited;
}

/// Forgets what was measured so far (the first steps).
inline void restart() {
  for (Operation& o : operations) o.forward = o.backward = 0.0;
}

/// Seconds a step spends in weave units.
inline double stitch_seconds(std::size_t steps) {
  double sum = 0.0;
  for (const std::size_t i : seams) sum += operations[i].forward + operations[i].backward;
  return sum / static_cast<double>(steps);
}

/// Writes the table of all operations: milliseconds a step and share of the step.
inline void print(std::FILE* out, std::size_t steps, double step_seconds) {
  const double scale = 1e3 / static_cast<double>(steps), whole = 1e3 * step_seconds;
  std::fprintf(out, "%-14s %-24s %10s %10s %7s\n", "tower", "operation", "forward ms", "backward ms", "%");
  double sum = 0.0;
  for (const Operation& o : operations) {
    const double f = o.forward * scale, b = o.backward * scale;
    sum += f + b;
    if (f + b >= 0.0005)
      std::fprintf(out, "%-14s %-24s %10.3f %10.3f %7.2f\n", o.tower.c_str(), o.what.c_str(), f, b,
                   100 * (f + b) / whole);
  }
  std::fprintf(out, "%-14s %-24s %10s %10.3f %7.2f\n", "", "all else", "", whole - sum, 100 * (whole - sum) / whole);
}

}  // namespace bench::profile
