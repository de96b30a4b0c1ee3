#pragma once
/// \file
/// What is wrong with a network, as a value: found by the ordinary constexpr code that builds towers and graphs, and
/// turned into a compile error in one place (weave/refused.hpp), so that the message is first, short and true.

#include <xstitch/core/tensor.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

enum class ProblemKind : std::uint8_t {
  none,
  layer_does_not_fit,
  unknown_option,
  residual_changes_shape,
  branches_differ,
  operation_does_not_fit,
  not_a_layer,
  loss_does_not_fit,
  layer_without_name,
  loss_missing,
  item_after_the_end,
  end_inside_branch,
  name_used_twice,
  head_named_twice,
  full_name_used_twice,
  no_tensor_of_this_name,
  seam_shapes_differ,
  seams_in_different_order,
  seam_needs_two_towers,
  no_common_seam,
  two_towers_of_one_name,
  unit_for_no_seam,
  unit_does_not_fit,
  no_layer_to_split_at,
  shared_part_differs,
  shared_input_differs,
  neither_tower_nor_setting,
  setting_not_used,
  setting_twice,
  wrong_number_of_towers,
};

/// The names of the Blocks around an item, outermost first; of more than `most` the innermost.
struct BlockNames {
  static constexpr std::size_t most = 6;
  std::string_view names[most]{};
  std::size_t count = 0;

  /// Puts a further name around the others.
  constexpr void add_outer(std::string_view name) {
    if (count == most) return;
    for (std::size_t i = count++; i > 0; --i) names[i] = names[i - 1];
    names[0] = name;
  }
  /// "layer1.0", to `out` unless it is null; returns the length.
  constexpr std::size_t write(char* out) const {
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && out != nullptr) out[length] = '.';
      length += i > 0 ? 1U : 0U;
      for (const char c : names[i]) {
        if (out != nullptr) out[length] = c;
        ++length;
      }
    }
    return length;
  }
};

/// The first problem found. Texts are those of the network's own types and live as long as they.
struct Problem {
  ProblemKind kind = ProblemKind::none;
  std::string_view tower{}, other_tower{};
  BlockNames blocks{};
  std::string_view item{}, other_item{};
  TensorShape got{}, wanted{};

  [[nodiscard]] constexpr bool found() const noexcept { return kind != ProblemKind::none; }
};

}  // namespace xstitch::inline XSTITCH_ISA
