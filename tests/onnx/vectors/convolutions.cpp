// Convolutions, transposed convolutions, fully connected layers.
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/crop.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/transposed_conv.hpp>

#include "rules.hpp"

namespace vectors {
namespace {

using xs::Dims;
using xs::Size;
template <int Outputs, Size Kernel, class... Options>
using Conv = xs::Conv<"w", Outputs, Kernel, Options...>;
template <int Outputs, Size Kernel, class... Options>
using Transposed = xs::TransposedConv<"w", Outputs, Kernel, Options...>;
template <int Outputs, class... Options>
using Linear = xs::Linear<"w", Outputs, Options...>;

std::vector<Tensor> convolution(const Node& node, const Inputs& in, Run& run) {
  const Tensor &x = *in[0], &w = *in[1];
  const Axes image = image_extents(x);
  const Window window(node, Axes(w.extents.begin() + 2, w.extents.end()), Axes(x.extents.begin() + 2, x.extents.end()));
  const bool bias = in.size() > 2 && in[2] != nullptr;
  Tensor weight = w;
  if (w.extents.size() == 3) weight.extents.insert(weight.extents.begin() + 2, 1);
  weight = permuted(weight, {2, 3, 1, 0});
  const std::size_t outputs = w.extents[0];
  const std::string key =
      "Conv outputs=" + std::to_string(outputs) + " kernel=" + Window::pair(window.kernel) +
      " stride=" + Window::pair(window.stride) + window.pad() + " dilation=" + Window::pair(window.dilation) +
      " groups=" + std::to_string(node.whole("group", 1)) + " bias=" + (bias ? "1" : "0") + " on " + image_dims(x);
  Call call{.batch = x.extents[0], .inputs = {channels_last(x).values}, .parameters = {weight.values}};
  if (bias) call.parameters.push_back(in[2]->values);
  const auto extent = [&](std::size_t i) {
    const std::int64_t reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
    return static_cast<std::size_t>(
        (static_cast<std::int64_t>(image[i]) + window.begin[i] + window.end[i] - reach) / window.stride[i] + 1);
  };
  return {image_result(x, run.apply(key, call).outputs[0], extent(0), extent(1), outputs)};
}

/// With output padding, or pads that differ: the whole transposed convolution, of which Crop takes a part, as in FCN.
std::vector<Tensor> transposed(const Node& node, const Inputs& in, Run& run) {
  const Tensor &x = *in[0], &w = *in[1];
  const Axes image = image_extents(x);
  const Window window(node, Axes(w.extents.begin() + 2, w.extents.end()), Axes(x.extents.begin() + 2, x.extents.end()));
  if (window.dilated()) throw NotExpressible{"TransposedConv has no dilation"};
  std::vector<std::int64_t> more = node.list("output_padding", {0, 0}), wanted = node.list("output_shape", {});
  std::vector<std::int64_t> begin = window.begin, whole, out;
  for (std::size_t i = 0; i < 2; ++i) {
    whole.push_back((static_cast<std::int64_t>(image[i]) - 1) * window.stride[i] + window.kernel[i]);
    if (node.words("auto_pad", "NOTSET").starts_with("SAME")) {
      out.push_back(static_cast<std::int64_t>(image[i]) * window.stride[i]);
      const std::int64_t total = std::max<std::int64_t>(0, whole[i] - out[i]);
      begin[i] = node.words("auto_pad", "") == "SAME_UPPER" ? total / 2 : total - total / 2;
    } else {
      out.push_back(wanted.empty() ? whole[i] - window.begin[i] - window.end[i] + more[i] : wanted[i]);
    }
    if (begin[i] + out[i] > whole[i])
      throw NotExpressible{"asks for pixels of the output that no pixel of the input reaches"};
  }
  const bool bias = in.size() > 2 && in[2] != nullptr;
  const std::size_t groups = static_cast<std::size_t>(node.whole("group", 1)), outputs = w.extents[1] * groups;
  Tensor weight = w;
  if (w.extents.size() == 3) weight.extents.insert(weight.extents.begin() + 2, 1);
  weight = permuted(weight, {2, 3, 1, 0});
  const bool plain = out[0] == whole[0] - 2 * begin[0] && out[1] == whole[1] - 2 * begin[1];
  const std::string key = "TransposedConv outputs=" + std::to_string(outputs) +
                          " kernel=" + Window::pair(window.kernel) + " stride=" + Window::pair(window.stride) +
                          " pad=" + (plain ? Window::pair(begin) : "0,0") + " groups=" + std::to_string(groups) +
                          " bias=" + (bias ? "1" : "0") + " on " + image_dims(x);
  Call call{.batch = x.extents[0], .inputs = {channels_last(x).values}, .parameters = {weight.values}};
  if (bias) call.parameters.push_back(in[2]->values);
  std::vector<float> y = run.apply(key, call).outputs[0];
  if (!plain)
    y = run.apply("Crop offset=" + Window::pair(begin) + " size=" + Window::pair(out) + " on " +
                      dims(static_cast<std::size_t>(whole[0]), static_cast<std::size_t>(whole[1]), outputs),
                  {.batch = x.extents[0], .inputs = {y}})
            .outputs[0];
  return {image_result(x, std::move(y), static_cast<std::size_t>(out[0]), static_cast<std::size_t>(out[1]), outputs)};
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor* bias, Run& run) {
  const std::size_t rows = x.extents[0], inputs = x.extents[1], outputs = weight.extents[1];
  if (inputs != weight.extents[0]) throw NotExpressible{"matrices that do not fit"};
  Call call{.batch = rows, .inputs = {x.values}, .parameters = {weight.values}};
  const bool vector = bias != nullptr && (bias->values.size() == outputs || bias->values.size() == 1);
  if (vector)
    call.parameters.push_back(bias->values.size() == outputs ? bias->values
                                                             : std::vector<float>(outputs, bias->values[0]));
  const std::string key =
      "Linear outputs=" + std::to_string(outputs) + " bias=" + (vector ? "1" : "0") + " on " + dims(1, 1, inputs);
  Tensor y{.extents = {rows, outputs}, .values = run.apply(key, call).outputs[0]};
  if (bias == nullptr || vector) return y;
  if (bias->values.size() != y.values.size()) throw NotExpressible{"a bias a row"};
  y.values =
      run.apply("Sum on 1x1x1, 1x1x1", {.batch = y.values.size(), .inputs = {y.values, bias->values}}).outputs[0];
  return y;
}
std::vector<Tensor> gemm(const Node& node, const Inputs& in, Run& run) {
  const float beta = node.real("beta", 1.0F);
  const Tensor* bias = in.size() > 2 && beta != 0.0F ? in[2] : nullptr;
  if (node.real("alpha", 1.0F) != 1.0F || (bias != nullptr && beta != 1.0F))
    throw NotExpressible{"Linear has no factors alpha and beta"};
  return {linear(node.whole("transA", 0) != 0 ? permuted(*in[0], {1, 0}) : *in[0],
                 node.whole("transB", 0) != 0 ? permuted(*in[1], {1, 0}) : *in[1], bias, run)};
}
std::vector<Tensor> matrix_product(const Node& /*node*/, const Inputs& in, Run& run) {
  if (in[0]->extents.size() != 2 || in[1]->extents.size() != 2)
    throw NotExpressible{"a matrix of weights for each sample"};
  return {linear(*in[0], *in[1], nullptr, run)};
}

}  // namespace

void add_convolutions(Rules& rules, Table& table) {
  rules.arithmetic["Conv"] = convolution;
  rules.arithmetic["ConvTranspose"] = transposed;
  rules.arithmetic["Gemm"] = gemm;
  rules.arithmetic["MatMul"] = matrix_product;

  table.layer<Conv<1, 3, xs::NoBias>, Dims{5, 5, 1}>();
  table.layer<Conv<1, 3, xs::Pad<1>, xs::NoBias>, Dims{5, 5, 1}>();
  table.layer<Conv<1, 3, xs::Stride<2>, xs::NoBias>, Dims{7, 5, 1}>();
  table.layer<Conv<1, 3, xs::Stride<2>, xs::Pad<Size{1, 0}>, xs::NoBias>, Dims{7, 5, 1}>();
  table.layer<Conv<1, 3, xs::Stride<2>, xs::Pad<1>, xs::NoBias>, Dims{5, 5, 1}>();
  table.layer<Conv<1, 3, xs::Stride<2>, xs::Pad<1>, xs::NoBias>, Dims{7, 5, 1}>();
  table.layer<Conv<13, 3, xs::NoBias>, Dims{50, 40, 16}>();
  table.layer<Conv<2, 3, xs::Stride<2>, xs::Pad<1>, xs::Dilation<2>>, Dims{8, 8, 3}>();
  table.layer<Conv<4, Size{1, 3}, xs::Pad<Size{0, 1}>>, Dims{1, 1, 4}>();
  table.layer<Conv<4, Size{1, 5}, xs::Pad<Size{0, 2}>>, Dims{1, 1, 4}>();
  table.layer<Conv<4, Size{3, 2}, xs::NoBias>, Dims{6, 5, 3}>();
  table.layer<Conv<4, Size{3, 2}>, Dims{7, 5, 3}>();
  table.layer<Conv<4, 3, xs::Groups<4>>, Dims{6, 6, 4}>();
  table.layer<Conv<4, 3, xs::Pad<1>, xs::Groups<4>>, Dims{6, 6, 4}>();
  table.layer<Conv<4, 3, xs::Stride<2>>, Dims{6, 6, 3}>();
  table.layer<Conv<4, 3, xs::Stride<2>, xs::Groups<4>>, Dims{6, 6, 4}>();
  table.layer<Conv<4, 3, xs::Stride<2>, xs::Pad<1>>, Dims{6, 6, 3}>();
  table.layer<Conv<5, Size{1, 3}>, Dims{1, 10, 4}>();
  table.layer<Conv<5, Size{1, 3}, xs::Dilation<Size{1, 2}>>, Dims{1, 10, 4}>();
  table.layer<Conv<5, Size{1, 3}, xs::Pad<Size{0, 1}>>, Dims{1, 10, 4}>();
  table.layer<Conv<5, Size{1, 3}, xs::Stride<Size{1, 2}>>, Dims{1, 10, 4}>();
  table.layer<Conv<5, Size{1, 5}, xs::Pad<Size{0, 2}>>, Dims{1, 10, 4}>();
  table.layer<Conv<6, Size{1, 3}, xs::Groups<2>>, Dims{1, 6, 4}>();
  table.layer<Conv<6, Size{3, 2}, xs::Groups<2>>, Dims{6, 5, 4}>();
  table.layer<Conv<8, 3, xs::Groups<4>>, Dims{6, 6, 4}>();
  table.layer<Linear<3, xs::NoBias>, Dims{1, 1, 10}>();
  table.layer<Linear<3, xs::NoBias>, Dims{1, 1, 4}>();
  table.layer<Linear<3>, Dims{1, 1, 7}>();
  table.layer<Linear<4, xs::NoBias>, Dims{1, 1, 3}>();
  table.layer<Linear<4, xs::NoBias>, Dims{1, 1, 6}>();
  table.layer<Linear<4>, Dims{1, 1, 3}>();
  table.layer<Linear<4>, Dims{1, 1, 5}>();
  table.layer<Linear<4>, Dims{1, 1, 6}>();
  table.layer<Linear<4>, Dims{1, 1, 7}>();
  table.layer<Linear<8, xs::NoBias>, Dims{1, 1, 10}>();
  table.layer<Linear<8>, Dims{1, 1, 10}>();
  table.layer<Transposed<2, Size{1, 3}, xs::NoBias>, Dims{1, 3, 1}>();
  table.layer<Transposed<2, 3, xs::NoBias>, Dims{3, 3, 1}>();
  table.layer<Transposed<2, 3, xs::Stride<2>, xs::NoBias>, Dims{3, 3, 1}>();
  table.layer<Transposed<2, 3, xs::Stride<Size{3, 2}>, xs::Pad<Size{1, 2}>, xs::NoBias>, Dims{3, 3, 1}>();
  table.layer<Transposed<4, 3, xs::Stride<Size{2, 3}>, xs::NoBias>, Dims{6, 7, 3}>();
  table.layer<Transposed<4, 3, xs::Stride<Size{3, 2}>>, Dims{7, 6, 3}>();
  table.layer<xs::Crop<0, 0, 6, 6>, Dims{7, 7, 2}>();
  table.layer<xs::Crop<1, 1, 12, 20>, Dims{13, 21, 4}>();
  table.layer<xs::Crop<1, 1, 20, 12>, Dims{21, 13, 4}>();
}

}  // namespace vectors
