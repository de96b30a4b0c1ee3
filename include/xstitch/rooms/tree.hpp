#pragma once
/// \file
/// Bounding-volume tree over the primitives of a room: closest hit and "is anything in between".
///
/// Built by the surface-area heuristic as a binary tree, then flattened into nodes of up to eight children whose
/// boxes are tested together by a loop of fixed length (which compilers turn into vector code).

#include <xstitch/rooms/primitive.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data::rooms {

class Tree {
 public:
  Tree() = default;
  XSTITCH_INLINE explicit Tree(const std::vector<Primitive>& primitives) {
    if (primitives.empty()) return;
    order_.resize(primitives.size());
    leaf_boxes_.resize(primitives.size());
    for (std::size_t i = 0; i < primitives.size(); ++i) {
      order_[i] = static_cast<std::int32_t>(i);
      const Vec half = world_half(primitives[i]) + Vec{1e-4F, 1e-4F, 1e-4F};
      leaf_boxes_[i] = {primitives[i].centre - half, primitives[i].centre + half};
    }
    binary_.reserve(2 * primitives.size());
    split(0, static_cast<std::int32_t>(primitives.size()), 0);
    nodes_.reserve(primitives.size());
    flatten(0);
    binary_ = {};
    leaf_boxes_ = {};
    order_ = {};
  }

  /// Index of the first primitive along the ray before `distance`, which becomes the hit's; -1 if there is none.
  int closest(const std::vector<Primitive>& primitives, Vec o, Vec d, float& distance) const noexcept {
    int found = -1;
    visit(o, d, distance, [&](std::int32_t i) {
      const Primitive& p = primitives[static_cast<std::size_t>(i)];
      const float t = intersect_local(p, p.axes.to_local(o - p.centre), p.axes.to_local(d), distance);
      if (t < distance) {
        distance = t;
        found = i;
      }
      return false;
    });
    return found;
  }

  /// Whether a primitive that casts shadows crosses o + t d for t in (0, distance).
  bool blocked(const std::vector<Primitive>& primitives, Vec o, Vec d, float distance) const noexcept {
    return visit(o, d, distance, [&](std::int32_t i) {
      const Primitive& p = primitives[static_cast<std::size_t>(i)];
      return p.casts_shadow &&
             intersect_local(p, p.axes.to_local(o - p.centre), p.axes.to_local(d), distance) < distance;
    });
  }

 private:
  static constexpr std::size_t lanes = 8;
  /// At most deepest_choice + 16 levels for 65536 primitives, each with at most 7 children waiting.
  static constexpr int deepest_choice = 20;

  struct Box {
    Vec low{infinity, infinity, infinity}, high{-infinity, -infinity, -infinity};

    void add(const Box& b) noexcept { low = smaller(low, b.low), high = larger(high, b.high); }
    [[nodiscard]] float area() const noexcept {
      const Vec s = high - low;
      return s.x * s.y + s.y * s.z + s.z * s.x;
    }
  };
  struct Binary {
    Box box;
    std::int32_t left = -1, right = -1;  ///< nodes; a leaf has the primitive in `right`
  };
  struct alignas(32) Node {
    float bounds[2][3][lanes];  ///< lower and upper, x y z
    std::int32_t child[lanes];  ///< a node, or ~primitive
    std::uint32_t used = 0;     ///< one bit a child
  };

  XSTITCH_INLINE std::int32_t split(std::int32_t begin, std::int32_t end, int depth) {
    const auto index = static_cast<std::int32_t>(binary_.size());
    binary_.emplace_back();
    Box box;
    for (std::int32_t i = begin; i < end; ++i) box.add(leaf(i));
    binary_[static_cast<std::size_t>(index)].box = box;
    if (end - begin == 1) {
      binary_[static_cast<std::size_t>(index)].right = order_[static_cast<std::size_t>(begin)];
      return index;
    }
    // Sweeps the primitives sorted along each axis; ties are broken by number, so that the scene alone decides.
    float best = infinity;
    int best_axis = 0;
    std::int32_t best_middle = (begin + end) / 2;
    std::vector<float> left_cost(static_cast<std::size_t>(end - begin));
    for (int axis = 0; axis < 3; ++axis) {
      sort(begin, end, axis);
      Box grown;
      for (std::int32_t i = begin; i < end - 1; ++i) {
        grown.add(leaf(i));
        left_cost[static_cast<std::size_t>(i - begin)] = grown.area() * static_cast<float>(i - begin + 1);
      }
      grown = {};
      for (std::int32_t i = end - 1; i > begin; --i) {
        grown.add(leaf(i));
        const float cost =
            left_cost[static_cast<std::size_t>(i - 1 - begin)] + grown.area() * static_cast<float>(end - i);
        if (cost < best) best = cost, best_axis = axis, best_middle = i;
      }
    }
    sort(begin, end, best_axis);
    // Halves from some depth on: `visit` has a stack of fixed size.
    if (depth >= deepest_choice) best_middle = (begin + end) / 2;
    const std::int32_t left = split(begin, best_middle, depth + 1), right = split(best_middle, end, depth + 1);
    binary_[static_cast<std::size_t>(index)].left = left;
    binary_[static_cast<std::size_t>(index)].right = right;
    return index;
  }

  [[nodiscard]] const Box& leaf(std::int32_t i) const {
    return leaf_boxes_[static_cast<std::size_t>(order_[static_cast<std::size_t>(i)])];
  }

  XSTITCH_INLINE void sort(std::int32_t begin, std::int32_t end, int axis) {
    std::sort(order_.begin() + begin, order_.begin() + end, [&](std::int32_t a, std::int32_t b) {
      const Vec m = leaf_boxes_[static_cast<std::size_t>(a)].low + leaf_boxes_[static_cast<std::size_t>(a)].high;
      const Vec n = leaf_boxes_[static_cast<std::size_t>(b)].low + leaf_boxes_[static_cast<std::size_t>(b)].high;
      const float x = axis == 0 ? m.x : axis == 1 ? m.y : m.z, y = axis == 0 ? n.x : axis == 1 ? n.y : n.z;
      return x < y || (x == y && a < b);
    });
  }

  /// Opens the largest children of a binary node until there are eight.
  XSTITCH_INLINE std::int32_t flatten(std::int32_t root) {
    const auto index = static_cast<std::int32_t>(nodes_.size());
    nodes_.emplace_back();
    std::array<std::int32_t, lanes> children{root};
    std::size_t count = 1;
    while (count < lanes) {
      std::size_t widest = lanes;
      float area = -1.0F;
      for (std::size_t i = 0; i < count; ++i) {
        const Binary& node = binary_[static_cast<std::size_t>(children[i])];
        if (node.left >= 0 && node.box.area() > area) area = node.box.area(), widest = i;
      }
      if (widest == lanes) break;
      const Binary& node = binary_[static_cast<std::size_t>(children[widest])];
      children[widest] = node.left;
      children[count++] = node.right;
    }
    Node made;
    for (std::size_t i = 0; i < lanes; ++i) {
      const Binary& node = binary_[static_cast<std::size_t>(children[i < count ? i : 0])];
      const float low[3] = {node.box.low.x, node.box.low.y, node.box.low.z};
      const float high[3] = {node.box.high.x, node.box.high.y, node.box.high.z};
      for (std::size_t axis = 0; axis < 3; ++axis)
        made.bounds[0][axis][i] = low[axis], made.bounds[1][axis][i] = high[axis];
      made.child[i] = i >= count ? 0 : node.left < 0 ? ~node.right : flatten(children[i]);
    }
    made.used = (1U << count) - 1U;
    nodes_[static_cast<std::size_t>(index)] = made;
    return index;
  }

  /// Calls `test` for each primitive whose box the ray meets before `distance`; stops when it says true.
  template <class Test>
  bool visit(Vec o, Vec d, const float& distance, Test&& test) const noexcept {
    if (nodes_.empty()) return false;
    const Vec inverse{1.0F / d.x, 1.0F / d.y, 1.0F / d.z};
    const std::size_t sx = inverse.x < 0.0F, sy = inverse.y < 0.0F, sz = inverse.z < 0.0F;
    std::array<std::int32_t, 7 * (deepest_choice + 16) + 8> stack;
    std::size_t top = 0;
    stack[top++] = 0;
    while (top > 0) {
      const Node& node = nodes_[static_cast<std::size_t>(stack[--top])];
      const float* const near_x = node.bounds[sx][0];
      const float* const near_y = node.bounds[sy][1];
      const float* const near_z = node.bounds[sz][2];
      const float* const far_x = node.bounds[1 - sx][0];
      const float* const far_y = node.bounds[1 - sy][1];
      const float* const far_z = node.bounds[1 - sz][2];
      const float limit = distance;
      alignas(32) float gap[lanes];
      for (std::size_t k = 0; k < lanes; ++k) {
        const float near = larger(larger((near_x[k] - o.x) * inverse.x, (near_y[k] - o.y) * inverse.y),
                                  larger((near_z[k] - o.z) * inverse.z, 0.0F));
        const float far = smaller(smaller((far_x[k] - o.x) * inverse.x, (far_y[k] - o.y) * inverse.y),
                                  smaller((far_z[k] - o.z) * inverse.z, limit));
        gap[k] = far - near;
      }
      std::uint32_t hits = 0;
      for (std::uint32_t k = 0; k < lanes; ++k) hits |= static_cast<std::uint32_t>(gap[k] >= 0.0F) << k;
      for (hits &= node.used; hits != 0; hits &= hits - 1) {
        const std::int32_t child = node.child[static_cast<std::size_t>(std::countr_zero(hits))];
        if (child >= 0)
          stack[top++] = child;
        else if (test(~child))
          return true;
      }
    }
    return false;
  }

  std::vector<Node> nodes_;
  std::vector<Binary> binary_;
  std::vector<Box> leaf_boxes_;
  std::vector<std::int32_t> order_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data::rooms
