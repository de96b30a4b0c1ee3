#pragma once
/// \file
/// The list of the algorithms of a convolution, first come first served, and what it says of a shape: which entries
/// each pass takes and what they need. conv_algorithms.hpp has the entries.

#include <xstitch/core/algorithm_note.hpp>
#include <xstitch/kernels/conv_algorithms.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Entries of the list by number: `first` on a processor that can, `otherwise` on others. Mostly the same.
struct ConvChoice {
  int first = -1, otherwise = -1;
  constexpr bool operator==(const ConvChoice&) const noexcept = default;
};

template <class... Entries>
class ConvAlgorithmList {
  template <class Entry>
  static constexpr bool needs_unit = requires {
    Entry::needs_unit;
  };
  template <class Entry>
  static constexpr bool joins_both = requires {
    Entry::joins_backward;
  };

  /// f(number, entry) for each entry.
  template <class Function>
  static constexpr void for_each(Function&& f) {
    int i = 0;
    (f(i++, Entries{}), ...);
  }

 public:
  template <int I>
  using Entry = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<Entries...>>;

  template <class Arithmetic>
  static constexpr ConvChoice choose(const ConvShape& s, ConvPass pass) noexcept {
    ConvChoice c;
    for_each([&]<class E>(int i, E) {
      if (c.otherwise >= 0 || (needs_unit<E> && c.first >= 0) || !E::template suits<Arithmetic>(s, pass)) return;
      if (c.first < 0) c.first = i;
      if (!needs_unit<E>) c.otherwise = i;
    });
    return c;
  }

  /// Enough for either.
  template <class Arithmetic>
  static constexpr Extent workspace(const ConvShape& s, ConvPass pass) noexcept {
    const ConvChoice c = choose<Arithmetic>(s, pass);
    Extent most;
    for_each([&]<class E>(int i, E) {
      if (i == c.first || i == c.otherwise) most = larger(most, E::template workspace<Arithmetic>(s, pass));
    });
    return most;
  }
  template <class Arithmetic>
  static constexpr std::size_t packed_bytes(const ConvShape& s) noexcept {
    const ConvChoice c = choose<Arithmetic>(s, ConvPass::forward);
    std::size_t most = 0;
    for_each([&]<class E>(int i, E) {
      if (i == c.first || i == c.otherwise) most = std::max(most, E::template packed_bytes<Arithmetic>(s));
    });
    return most;
  }

  /// Whether one algorithm makes both gradients at once.
  template <class Arithmetic>
  static constexpr bool joins_backward(const ConvShape& s) noexcept {
    const ConvChoice c = choose<Arithmetic>(s, ConvPass::backward_weights);
    bool joins = false;
    for_each([&]<class E>(int i, E) { joins = joins || (i == c.first && joins_both<E>); });
    return joins;
  }

  /// On this processor.
  template <class Arithmetic>
  static AlgorithmNote note(const ConvShape& s, ConvPass pass) {
    const ConvChoice c = choose<Arithmetic>(s, pass);
    const int taken = c.first == c.otherwise || matrix_unit::available() ? c.first : c.otherwise;
    AlgorithmNote n;
    for_each([&]<class E>(int i, E) {
      if (i != taken) return;
      n.name = E::name;
      n.reason = E::reason;
      if constexpr (requires { E::products(s, pass); })
        n.products = static_cast<double>(E::products(s, pass)) / static_cast<double>(s.multiply_adds());
    });
    return n;
  }
};

using ConvAlgorithms =
    ConvAlgorithmList<conv_algorithms::Depthwise, conv_algorithms::Im2col, conv_algorithms::MatrixUnit,
                      conv_algorithms::Winograd, conv_algorithms::WinogradCells, conv_algorithms::Direct>;

/// The passes of entries by number (those of a ConvChoice) as types.
template <int First, int Otherwise>
struct ChosenConv {
  using One = ConvAlgorithms::Entry<First>;
  using Other = ConvAlgorithms::Entry<Otherwise>;
  template <ConvShape S, class A>
  using Forward = UnitOr<typename One::template Forward<S, A>, typename Other::template Forward<S, A>>;
  template <ConvShape S, class A>
  using BackwardData = UnitOr<typename One::template BackwardData<S, A>, typename Other::template BackwardData<S, A>>;
  template <ConvShape S, class A>
  using BackwardWeights =
      UnitOr<typename One::template BackwardWeights<S, A>, typename Other::template BackwardWeights<S, A>>;
};
template <int I>
struct ChosenConv<I, I> : ConvAlgorithms::Entry<I> {};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
