#pragma once
/// \file
/// A problem of a network as a compile error. Each is a class template whose arguments say what is wrong; both
/// compilers print them first. The network's class asks for the verdict in its own body, so the message names the
/// network once.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/weave/problem.hpp>

#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace refused {

// `ok` is true in each of them: the message has been given, and a second one would only repeat it.

/// A shape in a message: height, width, channels.
template <int Height, int Width, int Channels>
struct Shape {};
/// Rows of a sample, each of that shape.
template <int Rows, int Height, int Width, int Channels>
struct RowsOf {};

template <auto>
constexpr bool never = false;  ///< false, whatever the argument: static_assert fails when the type is used
template <class>
constexpr bool never_type = false;  ///< the same for a type

template <FixedString Tower, FixedString Block, FixedString Layer, class Got, FixedString Needs>
struct LayerDoesNotFitItsInput {
  static_assert(never<Tower>,
                "xstitch: a layer cannot take its input: LayerDoesNotFitItsInput says tower, block, layer, "
                "the shape it got and what it needs");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer, FixedString Option>
struct OptionOfAnotherLayer {
  static_assert(never<Tower>,
                "xstitch: a layer got an option that it does not have: OptionOfAnotherLayer says tower, "
                "block, layer and option (the layer's header lists its options)");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, class Got, class Wanted>
struct ResidualChangesShape {
  static_assert(never<Tower>,
                "xstitch: the two ways of a Residual end in different shapes: ResidualChangesShape says "
                "tower, block, the shape of its items and that of its input or Shortcut");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, class Got, class Wanted>
struct BranchesDiffer {
  static_assert(never<Tower>,
                "xstitch: the branches of Concat need equal height and width: BranchesDiffer says tower, "
                "block, the branch that differs and the first");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer, class Got, class Other, FixedString Needs>
struct OperationDoesNotFitItsInputs {
  static_assert(never<Tower>,
                "xstitch: an operation cannot take its inputs: OperationDoesNotFitItsInputs says tower, "
                "block, operation, first and last shape and what it needs");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct NotALayer {
  static_assert(never<Tower>,
                "xstitch: this is no layer, structure or loss: NotALayer says tower, block and the type (a "
                "layer has `static constexpr Dims output_shape(Dims)`)");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer, class Got, FixedString Needs>
struct LossDoesNotFitItsInput {
  static_assert(never<Tower>,
                "xstitch: a loss cannot take its input: LossDoesNotFitItsInput says tower, block, loss, the "
                "shape it got and what it needs");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct LayerNeedsAName {
  static_assert(never<Tower>,
                "xstitch: a layer with parameters needs a name, static constexpr xstitch::FixedString "
                "name{\"...\"}: LayerNeedsAName says tower, block and layer");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Head>
struct TowerHasNoLoss {
  static_assert(never<Tower>,
                "xstitch: a tower ends in a loss, or in heads that do: TowerHasNoLoss says the tower (and the "
                "head)");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct ItemAfterTheLoss {
  static_assert(never<Tower>,
                "xstitch: something stands after the loss of a tower or head: ItemAfterTheLoss says the tower "
                "and the item");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct HeadInsideBranch {
  static_assert(never<Tower>,
                "xstitch: a head or loss stands inside Residual, Concat or another branch: HeadInsideBranch "
                "says the tower and the item");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct NameUsedTwice {
  static_assert(never<Tower>, "xstitch: a name stands twice in a tower: NameUsedTwice says tower, block and the name");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Layer>
struct HeadNamedTwice {
  static_assert(never<Tower>,
                "xstitch: two heads of a tower have the same name: HeadNamedTwice says the tower and the name");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString OtherTower, FixedString Layer>
struct FullNameUsedTwice {
  static_assert(never<Tower>,
                "xstitch: names of different towers, heads or blocks form the same full name: "
                "FullNameUsedTwice says the towers and the name");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Block, FixedString Layer>
struct NoTensorOfThisName {
  static_assert(never<Tower>,
                "xstitch: Recall names a tensor that no Mark or Input before it names: NoTensorOfThisName "
                "says the tower and the name");
  static constexpr bool ok = true;
};
template <FixedString Seam, FixedString Tower, class Got, FixedString OtherTower, class Wanted>
struct SeamShapesDiffer {
  static_assert(never<Seam>,
                "xstitch: two towers have different shapes at a seam: SeamShapesDiffer says the seam, and "
                "each tower with the shape it has there");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Layer, FixedString OtherTower, FixedString OtherLayer>
struct SeamsInDifferentOrder {
  static_assert(never<Tower>,
                "xstitch: towers have the same seams in a different order, so each waits for the other: "
                "SeamsInDifferentOrder says which tower waits at which seam");
  static constexpr bool ok = true;
};
template <FixedString Seam>
struct SeamNeedsTwoTowers {
  static_assert(never<Seam>,
                "xstitch: At<...> names a seam that fewer than two towers have: SeamNeedsTwoTowers says which");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString OtherTower>
struct NoCommonSeam {
  static_assert(never<Tower>,
                "xstitch: CrossStitch needs a seam that two or more towers have: NoCommonSeam says the first "
                "two towers");
  static constexpr bool ok = true;
};
template <FixedString Tower>
struct TwoTowersOfOneName {
  static_assert(never<Tower>, "xstitch: two towers of a network have the same name: TwoTowersOfOneName says it");
  static constexpr bool ok = true;
};
template <FixedString Seam>
struct UnitForNoSeam {
  static_assert(never<Seam>,
                "xstitch: UnitAt<\"seam\", ...> names a seam that is not stitched: UnitForNoSeam says which");
  static constexpr bool ok = true;
};
template <FixedString Seam, FixedString Unit, class Got, FixedString Needs>
struct UnitDoesNotFitItsSeam {
  static_assert(never<Seam>,
                "xstitch: a weave unit cannot take the tensors of a seam: UnitDoesNotFitItsSeam says seam, unit, the "
                "shape there and what the unit needs (its outputs(in) must be its inputs' shapes)");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Layer>
struct NoLayerToSplitAt {
  static_assert(never<Tower>,
                "xstitch: Split<\"layer\", ...> names a layer that a tower does not have: NoLayerToSplitAt says "
                "the tower and the layer");
  static constexpr bool ok = true;
};
template <FixedString Tower, FixedString Layer, FixedString OtherTower, FixedString OtherLayer>
struct SharedPartDiffers {
  static_assert(never<Tower>,
                "xstitch: the towers of a shared trunk must be the same up to the split: SharedPartDiffers "
                "says the towers and the first items that differ");
  static constexpr bool ok = true;
};
template <FixedString Tower, class Got, FixedString OtherTower, class Wanted>
struct SharedInputDiffers {
  static_assert(never<Tower>,
                "xstitch: towers that share a trunk need the same input shape: SharedInputDiffers says both");
  static constexpr bool ok = true;
};

template <FixedString Type>
struct NeitherTowerNorSetting {
  static_assert(never<Type>, "xstitch: a network is made of towers and settings: NeitherTowerNorSetting says the type");
  static constexpr bool ok = true;
};
template <FixedString Network, FixedString Setting>
struct SettingNotUsed {
  static_assert(never<Setting>,
                "xstitch: a network got a setting that its kind does not use: SettingNotUsed says the kind and the "
                "setting");
  static constexpr bool ok = true;
};
template <FixedString Network, FixedString Setting, FixedString Other>
struct SettingGivenTwice {
  static_assert(never<Setting>,
                "xstitch: a network got two settings of the same thing: SettingGivenTwice says the kind and both");
  static constexpr bool ok = true;
};
template <FixedString Network, FixedString Needs>
struct WrongNumberOfTowers {
  static_assert(never<Needs>,
                "xstitch: a network has too few or too many towers: WrongNumberOfTowers says the kind and what it "
                "needs");
  static constexpr bool ok = true;
};

}  // namespace refused
}  // namespace xstitch::inline XSTITCH_ISA
