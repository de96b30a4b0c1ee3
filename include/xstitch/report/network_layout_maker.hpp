#pragma once
/// \file
/// Makes the layout of a network's picture: a column a tower (a trunk above the middle of its towers), from top to
/// bottom in the order of forward.
///
/// A box is an operation with a name or parameters and what follows it without either (Relu, pooling); a Block is one
/// box; a weave unit lies across the columns of its towers.

#include <xstitch/report/network_layout.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {
namespace network_layout {

/// One layout while it is made.
class Maker {
 public:
  XSTITCH_INLINE Maker(const Program& program, const DrawOptions& options) : program_(program), options_(options) {
    place_columns();
    column_end_.assign(program.chains.size(), NetworkLayout::margin + NetworkLayout::title_height);
    last_box_.assign(program.chains.size(), none);
    started_.assign(program.chains.size(), false);
    box_of_op_.assign(program.ops.size(), none);
    box_of_input_.assign(program.inputs.size(), none);
    for (std::size_t i = 0; i < program.inputs.size(); ++i) add_input(i);
    for (std::size_t o = 0; o < program.ops.size(); ++o) add(static_cast<int>(o));
    for (const NetworkLayout::Box& box : layout_.boxes) layout_.height = std::max(layout_.height, box.y + box.height);
    layout_.height += NetworkLayout::margin + NetworkLayout::title_height;
  }
  [[nodiscard]] NetworkLayout take() { return std::move(layout_); }

 private:
  XSTITCH_INLINE void place_columns() {
    const std::size_t chains = program_.chains.size();
    std::vector<std::size_t> children(chains, 0);
    for (const ChainView& chain : program_.chains)
      if (chain.parent != none) ++children[at(chain.parent)];
    layout_.x.assign(chains, 0);
    constexpr int pitch = NetworkLayout::column_width + NetworkLayout::gap;
    int columns = 0;
    for (std::size_t c = 0; c < chains; ++c)
      if (children[c] == 0)
        layout_.x[c] =
            NetworkLayout::margin + NetworkLayout::gap / 2 + NetworkLayout::column_width / 2 + pitch * columns++;
    for (std::size_t c = chains; c-- > 0;) {  // a trunk comes before what follows it
      if (children[c] == 0) continue;
      int least = 1 << 30, most = 0;
      for (std::size_t k = 0; k < chains; ++k)
        if (program_.chains[k].parent == static_cast<int>(c))
          least = std::min(least, layout_.x[k]), most = std::max(most, layout_.x[k]);
      layout_.x[c] = (least + most) / 2;
    }
    layout_.width = 2 * NetworkLayout::margin + NetworkLayout::gap / 2 + pitch * columns;
  }

  XSTITCH_INLINE void add_input(std::size_t i) {
    const GraphInput& input = program_.inputs[i];
    NetworkLayout::Box box;
    box.kind = NetworkLayout::Kind::input;
    box.chain = input.chain;
    const std::string name = input.name.empty() ? "input" : "input " + std::string(input.name);
    box.lines.push_back({name, to_string(program_.tensors[at(input.tensor)].shape), name});
    box_of_input_[i] = place(std::move(box), column_end_[at(input.chain)]);
  }

  /// Adds a box under `y`, at the end of its column.
  XSTITCH_INLINE int place(NetworkLayout::Box box, int y) {
    // A tower below a trunk has its name above its first box.
    if (program_.chains[at(box.chain)].parent != none && !started_[at(box.chain)]) y += NetworkLayout::title_height;
    started_[at(box.chain)] = true;
    int& end = column_end_[at(box.chain)];
    box.y = std::max(end, y);
    const int number = static_cast<int>(layout_.boxes.size());
    layout_.boxes.push_back(std::move(box));
    resize(layout_.boxes.back());
    last_box_[at(layout_.boxes.back().chain)] = number;
    return number;
  }
  void resize(NetworkLayout::Box& box) {
    box.height = 10 + NetworkLayout::line_height * static_cast<int>(box.lines.size());
    column_end_[at(box.chain)] = box.y + box.height + 14;
  }

  [[nodiscard]] int producer_box(int tensor) const {
    const Tensor& t = program_.tensors[at(tensor)];
    return t.producer == none ? box_of_input_[at(t.input_slot)] : box_of_op_[at(t.producer)];
  }
  /// Below everything that the operation reads.
  [[nodiscard]] int below_inputs(const Op& op) const {
    int y = 0;
    for (const int tensor : program_.inputs_of(op)) {
      const NetworkLayout::Box& box = layout_.boxes[at(producer_box(tensor))];
      y = std::max(y, box.y + box.height + 14);
    }
    return y;
  }
  [[nodiscard]] int outermost_block(const Op& op) const {
    int block = op.block;
    if (op.chain == none || options_.open_blocks) return none;
    const auto& blocks = program_.chains[at(op.chain)].blocks;
    while (block != none && blocks[at(block)].parent != none) block = blocks[at(block)].parent;
    return block;
  }
  /// Whether an operation joins the last box of its column: it reads that box alone, and has nothing of its own to say.
  [[nodiscard]] XSTITCH_INLINE bool joins(const Op& op) const {
    const int last = last_box_[at(op.chain)];
    if (last == none || layout_.boxes[at(last)].kind == NetworkLayout::Kind::input) return false;
    const NetworkLayout::Box& box = layout_.boxes[at(last)];
    const int block = outermost_block(op);
    if (box.kind == NetworkLayout::Kind::block)
      return block != none && box.first_op != none && block == outermost_block(program_.ops[at(box.first_op)]);
    if (block != none || op.is_loss || !op.record->parameters.empty() || !op.record->name.empty()) return false;
    const auto inputs = program_.inputs_of(op);
    return box.kind == NetworkLayout::Kind::layers && std::all_of(inputs.begin(), inputs.end(), [&](int tensor) {
             const Tensor& t = program_.tensors[at(tensor)];
             return t.producer == last_op_ && box_of_op_[at(t.producer)] == last;
           });
  }

  void add(int o) {
    const Op& op = program_.ops[at(o)];
    if (op.chain == none) return add_unit(o);
    const std::string shape = op.record->outputs.empty() ? "" : to_string(op.record->outputs[0]);
    if (joins(op)) {
      const int box = last_box_[at(op.chain)];
      box_of_op_[at(o)] = box;
      append(layout_.boxes[at(box)], op, shape);
    } else {
      start(o, shape);
    }
    add_edges(o);
    last_op_ = o;
  }
  /// A further operation of a box.
  XSTITCH_INLINE void append(NetworkLayout::Box& box, const Op& op, const std::string& shape) {
    if (box.kind == NetworkLayout::Kind::block) {
      ++box.operations;
      for (const ParameterSpec& spec : op.record->parameters) box.parameters += spec.extents.count();
      box.lines[0].right = shape;
      box.lines[1].left =
          std::to_string(box.operations) + " operations, " + with_commas(box.parameters) + " parameters";
      return;
    }
    std::string text = std::string(op.record->kind), settings = settings_of(*op.record);
    if (!settings.empty()) text += " " + settings;
    const bool same = op.record->inputs.size() == 1 && to_string(op.record->inputs[0]) == shape;
    box.lines.push_back({text, same ? "" : shape, text});
    resize(box);
  }
  XSTITCH_INLINE void start(int o, const std::string& shape) {
    const Op& op = program_.ops[at(o)];
    NetworkLayout::Box box;
    box.chain = op.chain;
    box.first_op = o;
    const int block = outermost_block(op);
    if (block != none) {
      box.kind = NetworkLayout::Kind::block;
      const std::string name(program_.chains[at(op.chain)].blocks[at(block)].name);
      box.lines = {{name, shape, "Block " + name}, {}};
      append(box, op, shape);
    } else {
      const std::string kind(op.record->kind), settings = settings_of(*op.record);
      const std::string name = op.is_loss ? std::string(op.place) : full_name(program_, op);
      box.kind = op.is_loss ? NetworkLayout::Kind::loss : NetworkLayout::Kind::layers;
      box.lines.push_back(
          {name.empty() ? kind : name, op.is_loss && !name.empty() ? "" : shape, place_of(program_, op)});
      const std::string second = name.empty() ? settings : kind + (settings.empty() ? "" : " " + settings);
      if (!second.empty()) box.lines.push_back({second, "", second});
    }
    const int below = below_inputs(op);  // before the box is there: it may read nothing but itself
    box_of_op_[at(o)] = place(std::move(box), below);
  }
  XSTITCH_INLINE void add_unit(int o) {
    const Op& op = program_.ops[at(o)];
    NetworkLayout::Box box;
    box.kind = NetworkLayout::Kind::unit;
    box.first_op = o;
    const std::string extents = op.record->parameters.empty() ? "" : extents_text(op.record->parameters[0].extents);
    box.lines.push_back({std::string(op.place), extents, std::string(op.record->kind) + " " + settings_of(*op.record)});
    box.y = below_inputs(op) - 6;
    box.height = NetworkLayout::unit_height;
    box_of_op_[at(o)] = static_cast<int>(layout_.boxes.size());
    for (int k = 0; k < op.input_count; ++k) {
      const int chain = chain_of(program_.edges[at(op.first_input + k)]);
      column_end_[at(chain)] = std::max(column_end_[at(chain)], box.y + box.height + 8);
      last_box_[at(chain)] = none;  // what follows starts a box
    }
    layout_.boxes.push_back(std::move(box));
    add_edges(o);
    last_op_ = o;
  }
  /// The column in which a tensor flows: of a unit's output, that of the tower that it belongs to.
  [[nodiscard]] int chain_of(int tensor) const {
    for (;;) {
      const Tensor& t = program_.tensors[at(tensor)];
      if (t.producer == none) return program_.inputs[at(t.input_slot)].chain;
      const Op& op = program_.ops[at(t.producer)];
      if (op.chain != none) return op.chain;
      tensor = program_.edges[at(op.first_input + (tensor - op.first_output))];
    }
  }
  XSTITCH_INLINE void add_edges(int o) {
    const Op& op = program_.ops[at(o)];
    const int to = box_of_op_[at(o)];
    for (const int tensor : program_.inputs_of(op)) {
      const int from = producer_box(tensor), chain = chain_of(tensor);
      if (from == to) continue;
      NetworkLayout::Edge edge{from, to, layout_.x[at(chain)], layout_.x[at(op.chain == none ? chain : op.chain)],
                               false};
      const NetworkLayout::Box& top = layout_.boxes[at(from)];
      for (const NetworkLayout::Box& box : layout_.boxes)
        edge.skips =
            edge.skips || (box.chain != none && layout_.x[at(box.chain)] == edge.from_x && edge.from_x == edge.to_x &&
                           box.y >= top.y + top.height && box.y + box.height <= layout_.boxes[at(to)].y);
      const auto equal = [&](const NetworkLayout::Edge& e) {
        return e.from == from && e.to == to && e.from_x == edge.from_x;
      };
      if (std::none_of(layout_.edges.begin(), layout_.edges.end(), equal)) layout_.edges.push_back(edge);
    }
  }

  const Program& program_;
  DrawOptions options_;
  NetworkLayout layout_;
  std::vector<int> column_end_, last_box_;     ///< [chain]
  std::vector<bool> started_;                  ///< [chain] has a box
  std::vector<int> box_of_op_, box_of_input_;  ///< boxes
  int last_op_ = none;
};

}  // namespace network_layout
}  // namespace xstitch::inline XSTITCH_ISA::report
