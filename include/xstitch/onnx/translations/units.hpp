#pragma once
/// \file
/// Weave units, T towers:
///
///     CrossStitch, Simplex   T^2 Mul by alpha [channels, 1, 1] (or one number), T Sum
///     Sluice                 subspaces of all towers as rows of one matrix, MatMul by alpha {T G, T G}, Split
///     Nddr                   Concat, then a 1x1 Conv (Gemm of vectors) a tower

#include <xstitch/onnx/translations/structure.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

/// y_t = sum over s of alpha[t, s] x_s; alpha(t, s) are the elements for each channel, or one for all.
template <class Alpha>
void mix(Operation& o, const Alpha& alpha) {
  const Form form = o.usual_form();
  for (std::size_t t = 0; t < o.inputs(); ++t) {
    Names terms;
    for (std::size_t s = 0; s < o.inputs(); ++s) {
      const std::string name = "alpha." + std::to_string(t) + "." + std::to_string(s);
      const std::vector<float> values = alpha(t, s);
      const Integers extents = values.size() == 1 ? Integers{1} : o.channel_extents(form);
      terms.push_back(o.node("Mul", {o.input(form, s), o.constant(name, extents, values)}));
    }
    o.gives(o.sum(terms), form, t);
  }
}
/// The width elements of row t, column s.
inline std::vector<float> pair_of(std::span<const float> all, std::size_t towers, std::size_t t, std::size_t s) {
  const std::size_t width = all.size() / (towers * towers), begin = (t * towers + s) * width;
  return {all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(begin + width)};
}
inline void cross_stitch(Operation& o) {
  mix(o, [&](std::size_t t, std::size_t s) { return pair_of(o.parameter(0), o.inputs(), t, s); });
}
/// alpha = the softmax of a row of logits.
inline void simplex(Operation& o) {
  mix(o, [&](std::size_t t, std::size_t s) {
    std::vector<float> mine = pair_of(o.parameter(0), o.inputs(), t, s);
    for (std::size_t c = 0; c < mine.size(); ++c) {
      double sum = 0.0;
      for (std::size_t k = 0; k < o.inputs(); ++k)
        sum +=
            std::exp(static_cast<double>(pair_of(o.parameter(0), o.inputs(), t, k)[c]) - static_cast<double>(mine[c]));
      mine[c] = static_cast<float>(1.0 / sum);
    }
    return mine;
  });
}
inline void sluice(Operation& o) {
  const Form form = o.usual_form();
  const auto towers = static_cast<std::int64_t>(o.inputs());
  const std::int64_t parts = o.integer("subspaces"), all = towers * parts;
  Names rows;
  for (std::size_t s = 0; s < o.inputs(); ++s)
    rows.push_back(o.node("Reshape", {o.input(form, s), o.constant({0, parts, -1})}));
  const std::string mixed = o.node("MatMul", {o.weight(0, {all, all}), o.node("Concat", rows, {{"axis", 1}})});
  const Names made = o.nodes("Split", {mixed, o.constant(Integers(o.inputs(), parts))}, o.inputs(), {{"axis", 1}});
  Integers extents = extents_of(o.input_shape(), form);
  extents.insert(extents.begin(), -1);
  for (std::size_t t = 0; t < o.inputs(); ++t) o.gives(o.node("Reshape", {made[t], o.constant(extents)}), form, t);
}
inline void nddr(Operation& o) {
  const Form form = o.usual_form();
  const std::size_t towers = o.inputs(), c = static_cast<std::size_t>(o.input_shape().dims.channels);
  const auto channels = static_cast<std::int64_t>(c), inputs = static_cast<std::int64_t>(towers * c);
  const std::string x = o.node("Concat", all_inputs(o, form), {{"axis", 1}});
  for (std::size_t t = 0; t < towers; ++t) {
    // W[t] is {towers, in, out}: rows are the channels of all towers.
    const Strided kernel{o.parameter(0).data() + t * towers * c * c, {c, towers * c, 1, 1}, {1, c, 0, 0}};
    const std::string name = "weight." + std::to_string(t);
    if (form == Form::image)
      o.gives(o.node("Conv", {x, o.constant(name, {channels, inputs, 1, 1}, kernel)}), form, t);
    else
      o.gives(o.node("Gemm", {x, o.constant(name, {channels, inputs}, kernel)}, {{"transB", 1}}), form, t);
  }
}

inline constexpr std::array units{Entry{"CrossStitch", &cross_stitch}, Entry{"Simplex", &simplex},
                                  Entry{"Sluice", &sluice}, Entry{"Nddr", &nddr}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
