#pragma once
/// \file
/// What goes into a network in one step, and what comes out.

#include <xstitch/core/memory.hpp>
#include <xstitch/core/parameter.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/metrics/metric.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A place where data enters: one a tower (and ensemble member). Towers of equal input shape may be fed the same.
struct InputSlot {
  std::string_view tower;
  int member = 0;  ///< of an ensemble, else 0
  Dims shape{};
};

/// The end of a head: where a label enters and a prediction leaves.
struct HeadSlot {
  std::string_view tower;
  std::string_view head;  ///< empty for a tower's only, unnamed head
  int member = 0;
  LabelSpec label{};
  Dims output{};      ///< of the head's last layer
  Dims prediction{};  ///< of the loss's predict
  float weight = 1.0F;
  bool unit_vectors = false;
  std::unique_ptr<Metric> (*metric)(Dims) = nullptr;

  /// "tower" or "tower.head".
  [[nodiscard]] std::string name() const {
    return head.empty() ? std::string(tower) : std::string(tower) + "." + std::string(head);
  }
};

/// One parameter of the network within the parameter block.
struct ParameterSlot {
  std::string name;  ///< "upper.conv1.weight", "stitch.pool1.alpha", "shared.conv1.weight", "ensemble1.upper..."
  ParameterSpec spec;
  std::size_t offset = 0;  ///< in floats, a multiple of 16
  std::size_t count = 0;
};

/// Data of one step. Slots follow Engine::inputs() and Engine::heads().
struct Batch {
  std::size_t size = 0;
  std::size_t first_position = 0;         ///< of the first sample within the global batch (data-parallel training)
  std::vector<AlignedVector> inputs;      ///< [slot][size * shape]; an empty one repeats the slot `shared_input`
  std::vector<std::size_t> shared_input;  ///< [slot]: which slot's memory to read (its own index if not shared)
  std::vector<LabelBatch> labels;         ///< [head slot]
};

/// The losses of one step or batch.
struct StepResult {
  std::vector<LossSum> losses;  ///< [head slot]
  double total = 0.0;           ///< sum of weight * loss over heads
  bool finite = true;
  /// Where the first value that is not finite appeared, e.g. "layer 'conv3' of tower 'upper'"; empty if finite.
  std::string location;
};

}  // namespace xstitch::inline XSTITCH_ISA
