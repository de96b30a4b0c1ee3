#pragma once
/// \file
/// A network's numbers as what people already use: Eigen matrices and xtensor views, without a copy.
///
///     weights<"upper.conv1">(net)       Eigen::Map, [kernel height * kernel width * in, out], row-major
///     bias<"upper.conv1">(net)          Eigen::Map of a vector
///     parameter<"stitch.pool1.alpha">   Eigen::Map, all extents but the last as rows
///
/// A wrong name is a compile error. A mutable view invalidates what the network has packed from the parameter, so ask
/// for a new one after running the network, rather than keeping it.

#include <xstitch/weave/network.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace xstitch::inline XSTITCH_ISA {

using MatrixView = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using ConstMatrixView = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

namespace refused {
template <FixedString Name, class Net>
struct NoParameterOfThisName {
  static_assert(never<Net>,
                "xstitch: the network has no parameter of this name: NoParameterOfThisName says it (names are "
                "tower.layer.parameter, e.g. \"upper.conv1.weight\")");
};
}  // namespace refused

namespace detail {

/// Does the type have this parameter? The same names as Engine::parameters(), worked out by the compiler.
constexpr bool takes_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}
constexpr bool is_dotted(std::string_view text, std::string_view a, std::string_view b) {
  return takes_prefix(text, a) && takes_prefix(text, ".") && text == b;
}

constexpr bool has_parameter(const NetworkTables& tables, std::string_view name) {
  for (const Op& op : tables.ops) {
    std::string_view rest = name;
    if (op.kind == OpKind::weave) {
      const auto specs =
          tables.unit.parameters(op.input_count, tables.tensors[static_cast<std::size_t>(op.inputs[0])].dims);
      if (!takes_prefix(rest, "stitch.")) continue;
      for (std::size_t p = 0; p < tables.unit.parameter_count; ++p)
        if (is_dotted(rest, op.name, specs[p].name)) return true;
      continue;
    }
    if (op.lane == none) continue;
    const LaneRecord& lane = tables.lanes[static_cast<std::size_t>(op.lane)];
    if (tables.members > 1) {
      const char digit[2] = {static_cast<char>('0' + lane.member), '\0'};
      if (!takes_prefix(rest, "ensemble") || !takes_prefix(rest, std::string_view(digit, 1)) ||
          !takes_prefix(rest, "."))
        continue;
    }
    if (!takes_prefix(rest, lane.tower) || !takes_prefix(rest, ".")) continue;
    for (std::size_t p = 0; p < op.layer.parameter_count; ++p)
      if (is_dotted(rest, op.layer.name, op.layer.parameters[p].name)) return true;
    if (op.kind != OpKind::loss) continue;
    if (!op.name.empty() && (!takes_prefix(rest, op.name) || !takes_prefix(rest, "."))) continue;
    for (std::size_t p = 0; p < op.loss.parameter_count; ++p)
      if (is_dotted(rest, "loss", op.loss.parameters[p].name)) return true;
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
  if constexpr (!detail::has_parameter(std::remove_const_t<Net>::tables_of_type, Name.view())) {
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
template <FixedString Layer, class Net>
auto bias(Net& net) {
  return parameter<detail::joined<Layer, FixedString{".bias"}>()>(net);
}

}  // namespace xstitch::inline XSTITCH_ISA
