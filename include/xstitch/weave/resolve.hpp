#pragma once
/// \file
/// From the words of a tower to a flat list of steps with every shape known. Shapes are inferred left to right; what
/// does not fit is refused here, by a type whose arguments say tower, layer, got and wanted.

#include <xstitch/layers/operation.hpp>
#include <xstitch/losses/loss.hpp>
#include <xstitch/weave/tower.hpp>

#include <array>
#include <concepts>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// A type that ends a head: it says what label it wants.
template <class T>
concept Loss = requires(Dims in) {
  { T::label(in) } -> std::same_as<LabelSpec>;
};

namespace steps {

template <class L, Dims In>
struct RunLayer {
  using layer = L;
  static constexpr Dims in = In;
};
template <FixedString Name, Dims In>
struct AtSeam {};
template <class L, Dims In, FixedString Head>
struct EndHead {};
struct PushInput {};  ///< remember the current tensor
template <Dims In>
struct AddInput {};    ///< current + remembered one
struct NextBranch {};  ///< keep the current tensor, go back to the remembered one
template <int Branches, Dims Out>
struct JoinBranches {};
struct BackToInput {};  ///< the remembered tensor is current again (after a head)

}  // namespace steps

namespace refused {

template <int Height, int Width, int Channels>
struct Got {};

template <class>
constexpr bool never = false;
template <FixedString>
constexpr bool never_named = false;

/// The layer named cannot take the input it gets.
template <FixedString TowerName, class LayerType, class Input>
struct LayerDoesNotFitItsInput {
  static_assert(never<LayerType>,
                "xstitch: a layer cannot take its input: tower, layer and the shape it got stand in the template "
                "arguments of LayerDoesNotFitItsInput (see the layer's `requirement`)");
};
template <FixedString TowerName, class Given, class After>
struct ResidualChangesShape {
  static_assert(never<Given>,
                "xstitch: Residual<...> needs layers that keep the shape: ResidualChangesShape says the "
                "tower, the shape before and the shape after");
};
template <FixedString TowerName, class First, class Other>
struct BranchesDiffer {
  static_assert(never<First>,
                "xstitch: the branches of Concat<...> need equal height and width: BranchesDiffer says "
                "the tower and both shapes");
};
template <FixedString TowerName, class Item>
struct NotALayer {
  static_assert(never<Item>,
                "xstitch: this is neither a layer, a seam, a head nor a loss: NotALayer says the tower and "
                "the type (a layer has `static constexpr Dims output_shape(Dims)`)");
};
template <FixedString TowerName>
struct TowerHasNoLoss {
  static_assert(never_named<TowerName>, "xstitch: a tower ends in a loss, or in heads that do");
};
template <FixedString TowerName, class LossType, class Input>
struct LossDoesNotFitItsInput {
  static_assert(never<LossType>,
                "xstitch: a loss cannot take its input: LossDoesNotFitItsInput says tower, loss and got");
};
template <FixedString TowerName, FixedString SeamName>
struct SeamInsideBranch {
  static_assert(never_named<TowerName>,
                "xstitch: a Seam stands inside Residual, Concat or Head; seams belong to the tower itself");
};

template <Dims D>
struct MakeGot {
  using type = Got<D.height, D.width, D.channels>;
};
template <Dims D>
using GotDims = typename MakeGot<D>::type;

}  // namespace refused

namespace detail {

template <class, class>
struct Join;
template <class... A, class... B>
struct Join<TypeList<A...>, TypeList<B...>> {
  using type = TypeList<A..., B...>;
};

/// Dissolves Layers<...> into the list around it.
template <class Done, class... Todo>
struct Flatten {
  using type = Done;
};
template <class... Done, class... Inner, class... Rest>
struct Flatten<TypeList<Done...>, Layers<Inner...>, Rest...> : Flatten<TypeList<Done...>, Inner..., Rest...> {};
template <class... Done, class First, class... Rest>
struct Flatten<TypeList<Done...>, First, Rest...> : Flatten<TypeList<Done..., First>, Rest...> {};

/// `Nested`: inside Residual, Concat or Head, where seams are refused. `HeadName`: of the head around.
template <FixedString TowerName, FixedString HeadName, bool Nested, Dims In, class Done, class... Todo>
struct Resolve {
  using type = Done;
  static constexpr Dims out = In;
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, class... Inner, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Layers<Inner...>, Rest...>
    : Resolve<T, H, Nested, In, TypeList<Done...>, Inner..., Rest...> {};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, FixedString Name, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Seam<Name>, Rest...>
    : Resolve<T, H, Nested, In, TypeList<Done..., steps::AtSeam<Name, In>>, Rest...> {
  static constexpr bool allowed = [] {
    if constexpr (Nested)
      return sizeof(refused::SeamInsideBranch<T, Name>) != 0;
    else
      return true;
  }();
  static_assert(allowed);
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, class... Inner, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Residual<Inner...>, Rest...> {
  using inner = Resolve<T, H, true, In, TypeList<>, Inner...>;
  static constexpr bool keeps_shape = [] {
    if constexpr (inner::out == In)
      return true;
    else
      return sizeof(refused::ResidualChangesShape<T, refused::GotDims<In>, refused::GotDims<inner::out>>) != 0;
  }();
  static_assert(keeps_shape);
  using before = typename Join<TypeList<Done..., steps::PushInput>, typename inner::type>::type;
  using rest = Resolve<T, H, Nested, In, typename Join<before, TypeList<steps::AddInput<In>>>::type, Rest...>;
  using type = typename rest::type;
  static constexpr Dims out = rest::out;
};

template <FixedString T, FixedString H, Dims In, class List, class... Branches>
struct ResolveBranches {
  using type = List;
  static constexpr int channels = 0;
  static constexpr Dims first{};
};
template <FixedString T, FixedString H, Dims In, class List, class First, class... Branches>
struct ResolveBranches<T, H, In, List, First, Branches...> {
  using inner = Resolve<T, H, true, In, TypeList<>, First>;
  using with_this = typename Join<List, typename Join<typename inner::type, TypeList<steps::NextBranch>>::type>::type;
  using rest = ResolveBranches<T, H, In, with_this, Branches...>;
  static constexpr Dims first = inner::out;
  static constexpr bool equal = [] {
    if constexpr (sizeof...(Branches) == 0)
      return true;
    else if constexpr (rest::first.height == first.height && rest::first.width == first.width)
      return true;
    else
      return sizeof(refused::BranchesDiffer<T, refused::GotDims<first>, refused::GotDims<rest::first>>) != 0;
  }();
  static_assert(equal);
  using type = typename rest::type;
  static constexpr int channels = first.channels + rest::channels;
};
template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, class... Branches, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Concat<Branches...>, Rest...> {
  using branches = ResolveBranches<T, H, In, TypeList<Done..., steps::PushInput>, Branches...>;
  static constexpr Dims joined{branches::first.height, branches::first.width, branches::channels};
  using joint = TypeList<steps::JoinBranches<static_cast<int>(sizeof...(Branches)), joined>>;
  using rest = Resolve<T, H, Nested, joined, typename Join<typename branches::type, joint>::type, Rest...>;
  using type = typename rest::type;
  static constexpr Dims out = rest::out;
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, FixedString Name, class... Inner,
          class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Head<Name, Inner...>, Rest...> {
  using inner = Resolve<T, Name, true, In, TypeList<Done..., steps::PushInput>, Inner...>;
  using rest =
      Resolve<T, H, Nested, In, typename Join<typename inner::type, TypeList<steps::BackToInput>>::type, Rest...>;
  using type = typename rest::type;
  static constexpr Dims out = rest::out;
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, Layer L, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, L, Rest...> {
  static constexpr Dims next = L::output_shape(In);
  static constexpr bool fits = [] {
    if constexpr (next.valid())
      return true;
    else
      return sizeof(refused::LayerDoesNotFitItsInput<T, L, refused::GotDims<In>>) != 0;
  }();
  static_assert(fits);
  using rest = Resolve<T, H, Nested, next, TypeList<Done..., steps::RunLayer<L, In>>, Rest...>;
  using type = typename rest::type;
  static constexpr Dims out = rest::out;
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, Loss L, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, L, Rest...>
    : Resolve<T, H, Nested, In, TypeList<Done..., steps::EndHead<L, In, H>>, Rest...> {
  static constexpr bool fits = [] {
    if constexpr (L::label(In).shape.valid())
      return true;
    else
      return sizeof(refused::LossDoesNotFitItsInput<T, L, refused::GotDims<In>>) != 0;
  }();
  static_assert(fits);
};

template <FixedString T, FixedString H, bool Nested, Dims In, class... Done, class Unknown, class... Rest>
struct Resolve<T, H, Nested, In, TypeList<Done...>, Unknown, Rest...> {
  static_assert(sizeof(refused::NotALayer<T, Unknown>) != 0);
  using type = TypeList<Done...>;
  static constexpr Dims out = In;
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
