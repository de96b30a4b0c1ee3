#pragma once
/// \file
/// Bounding-volume tree over the primitives of a room: closest hit and "is anything in between".

#include <xstitch/data/rooms/primitive.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

class Tree {
 public:
  Tree() = default;
  explicit Tree(const std::vector<Primitive>& primitives) {
    order_.resize(primitives.size());
    boxes_.resize(primitives.size());
    for (std::size_t i = 0; i < primitives.size(); ++i) {
      order_[i] = static_cast<std::uint32_t>(i);
      const Vec half = world_half(primitives[i]) + Vec{1e-4F, 1e-4F, 1e-4F};
      boxes_[i] = {primitives[i].centre - half, primitives[i].centre + half};
    }
    nodes_.reserve(2 * primitives.size() + 1);
    if (!primitives.empty()) split(0, static_cast<std::uint32_t>(primitives.size()));
  }

  /// Index of the first primitive along the ray before `distance`, which becomes the hit's; -1 if there is none.
  int closest(const std::vector<Primitive>& primitives, Vec o, Vec d, float& distance) const noexcept {
    int found = -1;
    visit(o, d, distance, [&](std::uint32_t i) {
      const Primitive& p = primitives[i];
      const float t = intersect_local(p, p.axes.to_local(o - p.centre), p.axes.to_local(d), distance);
      if (t < distance) {
        distance = t;
        found = static_cast<int>(i);
      }
      return false;
    });
    return found;
  }

  /// Whether a primitive that casts shadows crosses o + t d for t in (0, distance).
  bool blocked(const std::vector<Primitive>& primitives, Vec o, Vec d, float distance) const noexcept {
    return visit(o, d, distance, [&](std::uint32_t i) {
      const Primitive& p = primitives[i];
      return p.casts_shadow &&
             intersect_local(p, p.axes.to_local(o - p.centre), p.axes.to_local(d), distance) < distance;
    });
  }

 private:
  struct Box {
    Vec low, high;
  };
  struct Node {
    Box box;
    std::uint32_t first = 0;  ///< of a leaf: in order_; of an inner node: the right child (the left one is next)
    std::uint32_t count = 0;  ///< 0: inner node
  };

  std::uint32_t split(std::uint32_t begin, std::uint32_t end) {
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
    Box box{{infinity, infinity, infinity}, {-infinity, -infinity, -infinity}};
    for (std::uint32_t i = begin; i < end; ++i) {
      box.low = smaller(box.low, boxes_[order_[i]].low);
      box.high = larger(box.high, boxes_[order_[i]].high);
    }
    nodes_[index].box = box;
    if (end - begin <= 2) {
      nodes_[index].first = begin;
      nodes_[index].count = end - begin;
      return index;
    }
    const Vec size = box.high - box.low;
    const auto middle_of = [&](std::uint32_t i) {
      const Vec m = boxes_[i].low + boxes_[i].high;
      return size.x >= size.y && size.x >= size.z ? m.x : size.y >= size.z ? m.y : m.z;
    };
    const std::uint32_t middle = (begin + end) / 2;
    // Ties are broken by the index so that the tree depends on the scene alone.
    std::nth_element(order_.begin() + begin, order_.begin() + middle, order_.begin() + end,
                     [&](std::uint32_t a, std::uint32_t b) {
                       const float ma = middle_of(a), mb = middle_of(b);
                       return ma < mb || (ma == mb && a < b);
                     });
    split(begin, middle);
    const std::uint32_t right = split(middle, end);
    nodes_[index].first = right;
    return index;
  }

  /// Calls `test` for each primitive whose box the ray meets before `distance`; stops when it says true.
  template <class Test>
  bool visit(Vec o, Vec d, const float& distance, Test&& test) const noexcept {
    if (nodes_.empty()) return false;
    const Vec inverse{1.0F / d.x, 1.0F / d.y, 1.0F / d.z};
    std::array<std::uint32_t, 48> stack;
    int top = 0;
    stack[0] = 0;
    while (top >= 0) {
      const std::uint32_t index = stack[static_cast<std::size_t>(top--)];
      const Node& node = nodes_[index];
      const Vec a = (node.box.low - o) * inverse, b = (node.box.high - o) * inverse;
      const Vec low = smaller(a, b), high = larger(a, b);
      const float near = larger(larger(low.x, low.y), larger(low.z, 0.0F));
      const float far = smaller(smaller(high.x, high.y), smaller(high.z, distance));
      if (!(near <= far)) continue;
      if (node.count == 0) {
        stack[static_cast<std::size_t>(++top)] = node.first;
        stack[static_cast<std::size_t>(++top)] = index + 1;
        continue;
      }
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (test(order_[node.first + i])) return true;
    }
    return false;
  }

  std::vector<Node> nodes_;
  std::vector<Box> boxes_;
  std::vector<std::uint32_t> order_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
