#pragma once
/// \file
/// The optional members of an operation, with the values that stand for those it does not have.

#include <xstitch/core/type_text.hpp>
#include <xstitch/layers/operation.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace traits {

template <class L>
constexpr std::string_view name() {
  if constexpr (requires { L::name.view(); })
    return L::name.view();
  else
    return {};
}
template <class L, class In>
constexpr auto parameters(const In& in) {
  if constexpr (requires { L::parameters(in); })
    return L::parameters(in);
  else
    return std::array<ParameterSpec, 0>{};
}
template <class L, class In>
constexpr auto attributes(const In& in) {
  if constexpr (requires { L::attributes(in); })
    return L::attributes(in);
  else if constexpr (requires { L::attributes(); })
    return L::attributes();
  else
    return std::array<Attribute, 0>{};
}
template <class L>
constexpr std::string_view unknown_option() {
  if constexpr (requires { L::unknown_option; })
    return L::unknown_option;
  else
    return {};
}
template <class L>
constexpr std::string_view kind() {
  if constexpr (requires { L::kind; })
    return L::kind;
  else
    return type_name<L>();
}
template <class L>
constexpr std::string_view requirement() {
  if constexpr (requires { L::requirement; })
    return L::requirement;
  else
    return {};
}
template <class L>
constexpr bool reads_input = [] {
  if constexpr (requires { L::reads_input; })
    return static_cast<bool>(L::reads_input);
  else
    return true;
}();
template <class L>
constexpr bool reads_output = [] {
  if constexpr (requires { L::reads_output; })
    return static_cast<bool>(L::reads_output);
  else
    return true;
}();
template <class L>
constexpr std::size_t shape_inputs = [] {
  if constexpr (requires { L::shape_inputs; })
    return std::size_t{L::shape_inputs};
  else
    return std::size_t{0};
}();
template <class L>
constexpr bool in_place = [] {
  if constexpr (requires { L::in_place; })
    return static_cast<bool>(L::in_place);
  else
    return false;
}();
template <class L>
constexpr bool gradient_in_place = [] {
  if constexpr (requires { L::gradient_in_place; })
    return static_cast<bool>(L::gradient_in_place);
  else
    return in_place<L>;
}();
template <class L>
constexpr bool streams_gradients = [] {
  if constexpr (requires { L::streams_gradients; })
    return static_cast<bool>(L::streams_gradients);
  else
    return false;
}();
template <class L>
constexpr bool updates_buffers = [] {
  if constexpr (requires { L::updates_buffers; })
    return static_cast<bool>(L::updates_buffers);
  else
    return false;
}();
template <class L>
constexpr bool keeps_in_gradient = [] {
  if constexpr (requires { L::keeps_in_gradient; })
    return static_cast<bool>(L::keeps_in_gradient);
  else
    return false;
}();
template <class L, class In>
constexpr Extent saved(const In& in) {
  if constexpr (requires { L::saved(in); })
    return L::saved(in);
  else
    return {};
}
template <class L, class In>
constexpr Extent workspace(const In& in) {
  if constexpr (requires { L::workspace(in); })
    return L::workspace(in);
  else
    return {};
}
template <class L, class In>
constexpr std::size_t multiply_adds(const In& in) {
  if constexpr (requires { L::multiply_adds(in); })
    return L::multiply_adds(in);
  else
    return 0;
}

}  // namespace traits
}  // namespace xstitch::inline XSTITCH_ISA
