#pragma once
/// \file
/// What goes into a network in one step, what comes out, and the places where it does.

#include <xstitch/core/labels.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/parameter.hpp>
#include <xstitch/core/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What an input of a network holds; augmentation treats each kind in its own way.
enum class InputKind : std::uint8_t {
  image,  ///< height x width x channels: cropped, mirrored, scaled
  boxes,  ///< n x 1 x 5: n rows of (1 if used, x0, y0, x1, y1 in pixels): moved with the image of the same tower
  plain,  ///< left as it is
};

/// A place where data enters: one a tower (and ensemble member), and one for each further Input of it. Towers of equal
/// input shape may be fed the same.
struct InputSlot {
  std::string_view tower;             ///< the tower that reads it
  int member = 0;                     ///< of an ensemble, else 0
  Dims shape{};                       ///< of one sample
  std::string_view input{};           ///< the name of an Input; empty: the tower's own
  InputKind kind = InputKind::image;  ///< what augmentation does with it

  /// "tower" or "tower.input".
  [[nodiscard, gnu::cold]] std::string name() const {
    return input.empty() ? std::string(tower) : std::string(tower) + "." + std::string(input);
  }
};

/// The end of a head: where a label enters and a prediction leaves.
struct HeadSlot {
  std::string_view tower;     ///< the tower that ends here
  std::string_view head;      ///< empty for a tower's only, unnamed head
  int member = 0;             ///< of an ensemble, else 0
  LabelSpec label{};          ///< what a data set must deliver for it
  TensorShape output{};       ///< of the head's last layer: the logits
  TensorShape prediction{};   ///< of the loss's Prediction
  float weight = 1.0F;        ///< the loss's factor in the total, by its type
  bool unit_vectors = false;  ///< whether averages of predictions are scaled to unit length
  std::size_t operation = 0;  ///< the loss within the program

  /// "tower" or "tower.head".
  [[nodiscard, gnu::cold]] std::string name() const {
    return head.empty() ? std::string(tower) : std::string(tower) + "." + std::string(head);
  }
};

/// One parameter of the network within the parameter block.
struct ParameterSlot {
  std::string name;        ///< "upper.conv1.weight", "stitch.pool1.alpha", "shared.conv1.weight", "ensemble1.upper..."
  ParameterSpec spec;      ///< extents, initial values and group
  std::size_t offset = 0;  ///< in floats, a multiple of 16
  std::size_t count = 0;   ///< how many floats
};

/// Data of one step. Slots follow the network's inputs() and heads().
struct Batch {
  std::size_t size = 0;                   ///< samples
  std::size_t first_position = 0;         ///< of the first sample within the global batch (data-parallel training)
  std::vector<AlignedVector> inputs;      ///< [slot][size * shape]; an empty one repeats the slot `shared_input`
  std::vector<std::size_t> shared_input;  ///< [slot]: which slot's memory to read (its own index if not shared)
  std::vector<LabelBatch> labels;         ///< [head slot]
};

}  // namespace xstitch::inline XSTITCH_ISA
