#pragma once
/// \file
/// What is wrong with a network, as a value: found by the ordinary constexpr code that builds towers and graphs, and
/// turned into a compile error in one place (weave/refused.hpp), so that the message is first, short and true.

#include <xstitch/core/tensor.hpp>

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
  no_layer_to_split_at,
  shared_part_differs,
  shared_input_differs,
  neither_tower_nor_setting,
  setting_not_used,
  setting_twice,
  wrong_number_of_towers,
};

/// The first problem found. Texts are those of the network's own types and live as long as they.
struct Problem {
  ProblemKind kind = ProblemKind::none;
  std::string_view tower{}, other_tower{};
  std::string_view block{};  ///< the innermost Block around it
  std::string_view item{}, other_item{};
  TensorShape got{}, wanted{};

  [[nodiscard]] constexpr bool found() const noexcept { return kind != ProblemKind::none; }
};

}  // namespace xstitch::inline XSTITCH_ISA
