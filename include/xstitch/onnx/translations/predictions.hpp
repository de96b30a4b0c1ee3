#pragma once
/// \file
/// What losses make of a head's last layer, where that is no layer of its own:
///
///     BoxOffsets           Mul by the standard deviations of each output
///     LearnedTemperature   Mul by exp(-s), then the prediction of the loss inside
///     CodebookDecode       Softmax, a 1x1 Conv (Gemm of vectors) by the codewords, and the length taken off; with
///                          best_triangle all probabilities but those of one triangle are set to 0 before

#include <xstitch/losses/spherical_triangulation.hpp>
#include <xstitch/onnx/translations/activations.hpp>
#include <xstitch/onnx/translations/norms.hpp>
#include <xstitch/onnx/translations/structure.hpp>

#include <array>
#include <cmath>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {
namespace translations {

inline void box_offsets(Operation& o) {
  const Form form = o.usual_form();
  std::vector<float> deviations(static_cast<std::size_t>(o.input_shape().dims.channels));
  for (std::size_t i = 0; i < deviations.size(); ++i) deviations[i] = o.ratio(i % 4 < 2 ? "centre" : "extent");
  o.gives(o.node("Mul", {o.input(form), o.per_channel("deviations", std::move(deviations), form)}), form);
}

inline void learned_temperature(Operation& o) {
  const Form form = o.usual_form();
  Value divided{o.input_shape()};
  divided.name(form) = o.node("Mul", {o.input(form), o.number("factor", std::exp(-o.parameter(0)[0]))});
  Operation inside = o.on(divided);
  const auto of = [&](auto... losses) { return ((o.text("of") == losses) || ...); };
  if (of("SoftmaxCrossEntropy", "ClassWeightedSoftmaxCrossEntropy", "LabelSmoothing")) return softmax(inside);
  if (of("SigmoidCrossEntropy")) return sigmoid(inside);
  if (of("Cosine")) return normalise(inside);
  if (of("L1", "L2", "SmoothL1")) return pass(inside);
  o.refuse("what the loss inside predicts is not known here; give a translation of LearnedTemperature");
}

/// Unit vectors [codewords, 3], as losses/codebook.hpp makes them of a parameter.
inline std::vector<float> codewords_of(Operation& o) {
  std::vector<float> all(o.parameter(0).begin(), o.parameter(0).end());
  for (std::size_t w = 0; w + 3 <= all.size(); w += 3) {
    double square = 0.0;
    for (std::size_t k = 0; k < 3; ++k) square += static_cast<double>(all[w + k]) * static_cast<double>(all[w + k]);
    const double length = std::sqrt(square), divisor = std::abs(length - 1.0) < 1e-6 ? 1.0 : length;
    if (!(length > 1e-6) || !std::isfinite(length)) o.refuse("a codeword has no direction");
    for (std::size_t k = 0; k < 3; ++k) all[w + k] = static_cast<float>(static_cast<double>(all[w + k]) / divisor);
  }
  return all;
}
/// 1 where a codeword is in a triangle, [triangles, codewords].
inline std::vector<float> membership(const std::vector<float>& codewords) {
  const std::size_t count = codewords.size() / 3;
  std::vector<triangulation::Vector> points(count);
  std::vector<SphericalTriangle> triangles(2 * count);
  triangles.resize(triangulation::triangulate(codewords, points, triangles));
  std::vector<float> members;
  const auto codeword = [&](int w) {
    const float* v = codewords.data() + 3 * w;
    return triangulation::Vector{static_cast<double>(v[0]), static_cast<double>(v[1]), static_cast<double>(v[2])};
  };
  for (const SphericalTriangle& t : triangles) {
    if (triangulation::is_thin(codeword(t[0]), codeword(t[1]), codeword(t[2]))) continue;
    members.resize(members.size() + count, 0.0F);
    for (const int w : t) members[members.size() - count + static_cast<std::size_t>(w)] = 1.0F;
  }
  return members;
}
/// y = W x over the channels, W [rows, channels].
inline std::string matrix(Operation& o, const std::string& x, const std::string& name, const std::vector<float>& values,
                          Form form) {
  const std::int64_t channels = o.input_shape().dims.channels,
                     rows = static_cast<std::int64_t>(values.size()) / channels;
  if (form == Form::vector) return o.node("Gemm", {x, o.constant(name, {rows, channels}, values)}, {{"transB", 1}});
  return o.node("Conv", {x, o.constant(name, {rows, channels, 1, 1}, values)});
}
inline void codebook_decode(Operation& o) {
  const Form form = o.usual_form();
  const std::vector<float> codewords = codewords_of(o);
  const std::size_t count = codewords.size() / 3;
  std::string p = o.node("Softmax", {o.input(form)}, {{"axis", 1}});
  const std::vector<float> members =
      o.text("decoding") == "best triangle" ? membership(codewords) : std::vector<float>{};
  if (!members.empty()) {
    const std::string best =
        o.node("ArgMax", {matrix(o, p, "triangles", members, form)}, {{"axis", 1}, {"keepdims", 0}});
    const Integers extents{static_cast<std::int64_t>(members.size() / count), static_cast<std::int64_t>(count)};
    std::string mask = o.node("Gather", {o.constant("members", extents, members), best});
    if (form == Form::image) mask = o.node("Transpose", {mask}, {{"perm", Integers{0, 3, 1, 2}}});
    p = o.node("Mul", {p, mask});
  }
  std::vector<float> columns(codewords.size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i % 3 * count + i / 3] = codewords[i];
  o.gives(unit_vectors(o, matrix(o, p, "codewords", columns, form)), form);
}

inline constexpr std::array predictions{Entry{"BoxOffsets", &box_offsets},
                                        Entry{"LearnedTemperature", &learned_temperature},
                                        Entry{"CodebookDecode", &codebook_decode}};

}  // namespace translations
}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
