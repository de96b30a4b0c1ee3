#pragma once
/// \file
/// A network's parameters as what people already use: Eigen matrices and xtensor views, without a copy.
///
///     weights<"upper.conv1">(net)       Eigen::Map, [kernel height * kernel width * in, out], row-major
///     bias<"upper.conv1">(net)          Eigen::Map of a vector
///     parameter<"stitch.pool1.alpha">   Eigen::Map, all extents but the last as rows
///
/// A wrong name is a compile error. A mutable view invalidates what the network has packed from the parameter, so ask
/// for a new one after running the network, rather than keeping it.

#include <xstitch/networks/network.hpp>

#include <xstitch/core/eigen.hpp>
#include <xstitch/core/views.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

namespace refused {
template <FixedString Name, class Net>
struct NoParameterOfThisName {
  static_assert(never_type<Net>,
                "xstitch: the network has no parameter of this name: NoParameterOfThisName says it (names are "
                "tower.layer.parameter, e.g. \"upper.conv1.weight\")");
};
}  // namespace refused

namespace detail {

/// Takes `prefix` away from the front of a name; false where it does not begin so.
constexpr bool takes_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}
constexpr bool takes_word(std::string_view& text, std::string_view word) {
  return takes_prefix(text, word) && takes_prefix(text, ".");
}
constexpr bool takes_number(std::string_view& text, int number) {
  char digits[12]{};
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (count-- > 0)
    if (!takes_prefix(text, {digits + count, 1})) return false;
  return true;
}
constexpr bool takes_blocks(std::string_view& text, const ChainView& chain, int block) {
  if (block == none) return true;
  return takes_blocks(text, chain, chain.blocks[at(block)].parent) && takes_word(text, chain.blocks[at(block)].name);
}
/// The part of a name that comes before the parameter's own: as Layout gives names.
constexpr bool takes_owner(std::string_view& text, const Program& program, const Op& op) {
  if (op.chain == none) return takes_word(text, "stitch") && takes_word(text, op.place);
  const ChainView& chain = program.chains[at(op.chain)];
  if (program.members > 1 &&
      !(takes_prefix(text, "ensemble") && takes_number(text, chain.member) && takes_prefix(text, ".")))
    return false;
  if (!takes_word(text, chain.tower)) return false;
  if (op.is_loss) return (op.place.empty() || takes_word(text, op.place)) && takes_word(text, "loss");
  return takes_blocks(text, chain, op.block) && takes_word(text, op.record->name);
}

/// Does the type have this parameter? The same names as Layout's, worked out by the compiler.
constexpr bool has_parameter(const Program& program, std::string_view name) {
  for (const Op& op : program.ops) {
    std::string_view rest = name;
    if (op.record->parameters.empty() || !takes_owner(rest, program, op)) continue;
    for (const ParameterSpec& spec : op.record->parameters)
      if (rest == spec.name) return true;
  }
  return false;
}

/// Rows: all extents but the last.
inline Eigen::Index parameter_columns(const ParameterSlot& slot) {
  return slot.spec.extents.size[static_cast<std::size_t>(slot.spec.extents.rank - 1)];
}

template <FixedString Name, FixedString Suffix>
constexpr auto joined() {
  constexpr std::size_t a = Name.view().size(), b = Suffix.view().size();
  char text[a + b + 1]{};
  for (std::size_t i = 0; i < a; ++i) text[i] = Name.text[i];
  for (std::size_t i = 0; i < b; ++i) text[a + i] = Suffix.text[i];
  return FixedString<a + b + 1>(text);
}

}  // namespace detail

/// The parameter of this name as a matrix; const networks give const views.
template <FixedString Name, class Net>
requires Network<std::remove_const_t<Net>>
auto parameter(Net& net) {
  if constexpr (!detail::has_parameter(std::remove_const_t<Net>::program_of_type, Name.view())) {
    static_assert(sizeof(refused::NoParameterOfThisName<Name, std::remove_const_t<Net>>) != 0);
  } else {
    const std::size_t i = net.find_parameter(Name.view());
    const ParameterSlot& slot = net.parameters()[i];
    const Eigen::Index columns = detail::parameter_columns(slot);
    const Eigen::Index rows = static_cast<Eigen::Index>(slot.count) / columns;
    if constexpr (std::is_const_v<Net>)
      return ConstMatrixView(net.parameter(i).data(), rows, columns);
    else
      return MatrixView(net.mutable_parameter(i).data(), rows, columns);
  }
}

/// weights<"upper.conv1">(net) is parameter<"upper.conv1.weight">(net).
template <FixedString Layer, class Net>
auto weights(Net& net) {
  return parameter<detail::joined<Layer, FixedString{".weight"}>()>(net);
}
/// A view of the bias of a layer: bias<"upper.conv1">(net).
template <FixedString Layer, class Net>
auto bias(Net& net) {
  return parameter<detail::joined<Layer, FixedString{".bias"}>()>(net);
}

}  // namespace xstitch::inline XSTITCH_ISA
