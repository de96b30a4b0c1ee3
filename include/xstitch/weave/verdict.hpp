#pragma once
/// \file
/// From a problem, found as a value, to the compile error that says it (weave/refused.hpp).

#include <xstitch/weave/refused.hpp>

#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace refused {

/// Chooses the message.
template <ProblemKind Kind, FixedString Tower, FixedString OtherTower, FixedString Block, FixedString Item,
          FixedString OtherItem, class GotShape, class WantedShape>
struct Verdict;
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::none, T, T2, B, I, I2, G, W> {
  static constexpr bool ok = true;
};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::layer_does_not_fit, T, T2, B, I, I2, G, W> : LayerDoesNotFitItsInput<T, B, I, G, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::unknown_option, T, T2, B, I, I2, G, W> : OptionOfAnotherLayer<T, B, I, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::residual_changes_shape, T, T2, B, I, I2, G, W> : ResidualChangesShape<T, B, G, W> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::branches_differ, T, T2, B, I, I2, G, W> : BranchesDiffer<T, B, G, W> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::operation_does_not_fit, T, T2, B, I, I2, G, W>
    : OperationDoesNotFitItsInputs<T, B, I, G, W, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::not_a_layer, T, T2, B, I, I2, G, W> : NotALayer<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::loss_does_not_fit, T, T2, B, I, I2, G, W> : LossDoesNotFitItsInput<T, B, I, G, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::layer_without_name, T, T2, B, I, I2, G, W> : LayerNeedsAName<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::loss_missing, T, T2, B, I, I2, G, W> : TowerHasNoLoss<T, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::item_after_the_end, T, T2, B, I, I2, G, W> : ItemAfterTheLoss<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::end_inside_branch, T, T2, B, I, I2, G, W> : HeadInsideBranch<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::name_used_twice, T, T2, B, I, I2, G, W> : NameUsedTwice<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::head_named_twice, T, T2, B, I, I2, G, W> : HeadNamedTwice<T, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::full_name_used_twice, T, T2, B, I, I2, G, W> : FullNameUsedTwice<T, T2, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::no_tensor_of_this_name, T, T2, B, I, I2, G, W> : NoTensorOfThisName<T, B, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::seam_shapes_differ, T, T2, B, I, I2, G, W> : SeamShapesDiffer<I, T, G, T2, W> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::seams_in_different_order, T, T2, B, I, I2, G, W> : SeamsInDifferentOrder<T, I, T2, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::seam_needs_two_towers, T, T2, B, I, I2, G, W> : SeamNeedsTwoTowers<I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::no_common_seam, T, T2, B, I, I2, G, W> : NoCommonSeam<T, T2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::two_towers_of_one_name, T, T2, B, I, I2, G, W> : TwoTowersOfOneName<T> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::unit_for_no_seam, T, T2, B, I, I2, G, W> : UnitForNoSeam<I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::unit_does_not_fit, T, T2, B, I, I2, G, W> : UnitDoesNotFitItsSeam<T, I, G, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::no_layer_to_split_at, T, T2, B, I, I2, G, W> : NoLayerToSplitAt<T, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::shared_part_differs, T, T2, B, I, I2, G, W> : SharedPartDiffers<T, I, T2, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::shared_input_differs, T, T2, B, I, I2, G, W> : SharedInputDiffers<T, G, T2, W> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::neither_tower_nor_setting, T, T2, B, I, I2, G, W> : NeitherTowerNorSetting<I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::setting_not_used, T, T2, B, I, I2, G, W> : SettingNotUsed<T, I> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::setting_twice, T, T2, B, I, I2, G, W> : SettingGivenTwice<T, I, I2> {};
template <FixedString T, FixedString T2, FixedString B, FixedString I, FixedString I2, class G, class W>
struct Verdict<ProblemKind::wrong_number_of_towers, T, T2, B, I, I2, G, W> : WrongNumberOfTowers<T, I> {};

}  // namespace refused

namespace detail {

/// A type's text as a message shows it: Conv<conv1, 8, Size{3, 3}>. Namespaces go, and a FixedString is its characters
/// (compilers would escape its quotes, and cut long texts short). Writes to `out` unless it is null; returns the
/// length.
constexpr std::size_t plain(std::string_view text, char* out) {
  std::size_t length = 0;
  const auto put = [&](std::string_view part) {
    for (const char c : part) {
      if (out != nullptr) out[length] = c;
      ++length;
    }
  };
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("FixedString<") && text.find('"', i) != std::string_view::npos) {
      const std::size_t open = text.find('"', i), close = text.find('"', open + 1);
      put(text.substr(open + 1, close - open - 1));
      std::size_t braces = 0;
      for (const char c : text.substr(i, open - i)) braces += c == '{' ? 1U : 0U;
      i = close + 1 + braces;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > i && text.substr(end).starts_with("::")) {
      i = end + 2;
      continue;
    }
    if (end == i) ++end;
    put(text.substr(i, end - i));
    i = end;
  }
  return length;
}

/// A text found by constant evaluation, as a FixedString. F is a lambda that returns it.
template <class F>
constexpr auto fixed(F) {
  constexpr std::string_view text = F{}();
  char copy[text.size() + 1]{};
  for (std::size_t i = 0; i < text.size(); ++i) copy[i] = text[i];
  return FixedString<text.size() + 1>(copy);
}
template <class F>
constexpr auto fixed_plain(F) {
  constexpr std::string_view text = F{}();
  char copy[plain(text, nullptr) + 1]{};
  plain(text, copy);
  return FixedString<sizeof copy>(copy);
}

template <class F>
constexpr auto fixed_blocks(F) {
  constexpr BlockNames blocks = F{}();
  char copy[blocks.write(nullptr) + 1]{};
  blocks.write(copy);
  return FixedString<sizeof copy>(copy);
}

template <TensorShape S>
constexpr auto message_shape() {
  if constexpr (S.rows == 1)
    return refused::Shape<S.dims.height, S.dims.width, S.dims.channels>{};
  else
    return refused::RowsOf<S.rows, S.dims.height, S.dims.width, S.dims.channels>{};
}

/// The problem of `C` (a type with a static constant `problem`) as texts and types.
template <class C>
struct ProblemTexts {
  static constexpr auto tower = fixed([] { return C::problem.tower; });
  static constexpr auto other_tower = fixed([] { return C::problem.other_tower; });
  static constexpr auto block = fixed_blocks([] { return C::problem.blocks; });
  static constexpr auto item = fixed_plain([] { return C::problem.item; });
  static constexpr auto other_item = fixed_plain([] { return C::problem.other_item; });
  using got = decltype(message_shape<C::problem.got>());
  using wanted = decltype(message_shape<C::problem.wanted>());
};

/// `static_assert(VerdictOf<Compiled>::ok)` in the body of a network's class.
template <class C>
using VerdictOf = refused::Verdict<C::problem.kind, ProblemTexts<C>::tower, ProblemTexts<C>::other_tower,
                                   ProblemTexts<C>::block, ProblemTexts<C>::item, ProblemTexts<C>::other_item,
                                   typename ProblemTexts<C>::got, typename ProblemTexts<C>::wanted>;

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
