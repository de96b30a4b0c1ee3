// Pools, reductions, response normalisation, enlargement.
#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/layers/max_unpool.hpp>
#include <xstitch/layers/upsample.hpp>

#include <cmath>

#include "rules.hpp"

namespace vectors {
namespace {

using xs::Dims;
using xs::Pad;
using xs::Ratio;
using xs::Sides;
using xs::Size;

struct Pooled {
  Window window;
  std::string setting;
  std::size_t height, width;
};
Pooled pooled(const Node& node, const Tensor& x) {
  const Axes image = image_extents(x);
  Axes kernel;
  for (const std::int64_t extent : node.list("kernel_shape", {})) kernel.push_back(static_cast<std::size_t>(extent));
  Pooled p{Window(node, kernel, Axes(x.extents.begin() + 2, x.extents.end())), "", 0, 0};
  if (p.window.dilated()) throw NotExpressible{"pools have no dilation"};
  const bool ceil = node.whole("ceil_mode", 0) != 0;
  p.setting = " kernel=" + Window::pair(p.window.kernel) + " stride=" + Window::pair(p.window.stride) + p.window.pad() +
              " ceil=" + (ceil ? "1" : "0");
  const auto extent = [&](std::size_t i) {
    const double room = static_cast<double>(static_cast<std::int64_t>(image[i]) + p.window.begin[i] + p.window.end[i] -
                                            p.window.kernel[i]) /
                        static_cast<double>(p.window.stride[i]);
    return static_cast<std::size_t>(ceil ? std::ceil(room) : std::floor(room)) + 1;
  };
  p.height = extent(0), p.width = extent(1);
  return p;
}

std::vector<Tensor> average_pool(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const Pooled p = pooled(node, x);
  const std::string all = node.whole("count_include_pad", 0) != 0 ? "1" : "0";
  const std::string key = "AveragePool" + p.setting + " include_padding=" + all + " on " + image_dims(x);
  return {image_result(x, run.apply(key, {.batch = x.extents[0], .inputs = {channels_last(x).values}}).outputs[0],
                       p.height, p.width, x.extents[1])};
}
std::vector<Tensor> max_pool(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const Pooled p = pooled(node, x);
  const bool indices = node.outputs.size() > 1;
  if (indices && node.whole("storage_order", 0) != 0) throw NotExpressible{"indices column by column"};
  if (indices && x.extents[0] * x.extents[1] != 1)
    throw NotExpressible{"indices within the batch, ours within a plane"};
  const std::string key = (indices ? "MaxPoolIndices" : "MaxPool") + p.setting + " on " + image_dims(x);
  const Outcome outcome = run.apply(key, {.batch = x.extents[0], .inputs = {channels_last(x).values}});
  std::vector<Tensor> results;
  for (const std::vector<float>& values : outcome.outputs)
    results.push_back(image_result(x, values, p.height, p.width, x.extents[1]));
  return results;
}
std::vector<Tensor> max_unpool(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  if (in.size() > 2) throw NotExpressible{"indices in another extent than the output's"};
  const Axes image = image_extents(x);
  const Window window(node,
                      {static_cast<std::size_t>(node.list("kernel_shape", {})[0]),
                       static_cast<std::size_t>(node.list("kernel_shape", {})[1])},
                      image);
  const std::size_t height =
      (image[0] - 1) * static_cast<std::size_t>(window.stride[0]) + static_cast<std::size_t>(window.kernel[0]);
  const std::size_t width =
      (image[1] - 1) * static_cast<std::size_t>(window.stride[1]) + static_cast<std::size_t>(window.kernel[1]);
  const std::string key =
      "MaxUnpool on " + image_dims(x) + ", " + image_dims(x) + ", " + dims(height, width, x.extents[1]);
  return {image_result(x, run.apply(key, {.batch = x.extents[0], .inputs = {x.values, in[1]->values}}).outputs[0],
                       height, width, 1)};
}
std::vector<Tensor> global_average(const Node& /*node*/, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const Outcome outcome =
      run.apply("GlobalAveragePool on " + image_dims(x), {.batch = x.extents[0], .inputs = {channels_last(x).values}});
  return {image_result(x, outcome.outputs[0], 1, 1, x.extents[1])};
}
std::string whole_window(std::size_t height, std::size_t width, std::size_t channels) {
  const std::string size = std::to_string(height) + "," + std::to_string(width);
  return "MaxPool kernel=" + size + " stride=" + size + " pad=0,0 ceil=0 on " + dims(height, width, channels);
}
std::vector<Tensor> global_max(const Node& /*node*/, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const Axes image = image_extents(x);
  const Outcome outcome = run.apply(whole_window(image[0], image[1], x.extents[1]),
                                    {.batch = x.extents[0], .inputs = {channels_last(x).values}});
  return {image_result(x, outcome.outputs[0], 1, 1, x.extents[1])};
}
/// Over some axes: a sample is what is reduced to one number.
std::vector<Tensor> reduction(const Node& node, const Inputs& in, Run& run, bool maximum) {
  const Tensor& x = *in[0];
  const std::size_t rank = x.extents.size();
  std::vector<bool> reduced(rank, !node.has("axes"));
  for (const std::int64_t axis : node.list("axes", {})) reduced[axis_of(axis, rank)] = true;
  Axes order, gone;
  Tensor y;
  for (std::size_t i = 0; i < rank; ++i) {
    (reduced[i] ? gone : order).push_back(i);
    if (!reduced[i] || node.whole("keepdims", 1) != 0) y.extents.push_back(reduced[i] ? 1 : x.extents[i]);
  }
  order.insert(order.end(), gone.begin(), gone.end());
  const Tensor turned = permuted(x, order);
  const std::size_t size = product(turned.extents, rank - gone.size(), rank);
  y.values = run.apply(maximum ? whole_window(size, 1, 1) : "GlobalAveragePool on " + dims(size, 1, 1),
                       {.batch = x.values.size() / size, .inputs = {turned.values}})
                 .outputs[0];
  return {y};
}
std::vector<Tensor> response_norm(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const auto real = [&](const char* name, float otherwise) {
    return number(static_cast<double>(node.real(name, otherwise)));
  };
  const std::string key = "Lrn size=" + std::to_string(node.whole("size", 0)) + " alpha=" + real("alpha", 0.0001F) +
                          " beta=" + real("beta", 0.75F) + " k=" + real("bias", 1.0F) + " on " + image_dims(x);
  const Outcome outcome = run.apply(key, {.batch = x.extents[0], .inputs = {channels_last(x).values}});
  return {image_result(x, outcome.outputs[0], x.extents[2], x.extents[3], x.extents[1])};
}
std::vector<Tensor> resize(const Node& node, const Inputs& in, Run& run) {
  if (node.words("mode", "nearest") != "linear") throw NotExpressible{"Upsample is bilinear"};
  const std::string coordinates = node.words("coordinate_transformation_mode", "half_pixel");
  if (coordinates != "half_pixel") throw NotExpressible{"Upsample aligns the centres of pixels (half_pixel)"};
  if (in.size() > 3 && in[3] != nullptr) throw NotExpressible{"Upsample enlarges by whole factors"};
  const Tensor &x = *in[0], &scales = *in[2];
  std::vector<std::size_t> factor;
  for (std::size_t i = 0; i < 4; ++i) {
    const float scale = scales.values[i];
    if (scale < 1.0F || std::floor(scale) != scale || (i < 2 && scale != 1.0F))
      throw NotExpressible{"Upsample enlarges by whole factors"};
    factor.push_back(static_cast<std::size_t>(scale));
  }
  const std::string key =
      "Upsample factor=" + std::to_string(factor[2]) + "," + std::to_string(factor[3]) + " on " + image_dims(x);
  const Outcome outcome = run.apply(key, {.batch = x.extents[0], .inputs = {channels_last(x).values}});
  return {image_result(x, outcome.outputs[0], x.extents[2] * factor[2], x.extents[3] * factor[3], x.extents[1])};
}

}  // namespace

void add_pools(Rules& rules, Table& table) {
  rules.arithmetic["AveragePool"] = average_pool;
  rules.arithmetic["MaxPool"] = max_pool;
  rules.arithmetic["MaxUnpool"] = max_unpool;
  rules.arithmetic["GlobalAveragePool"] = global_average;
  rules.arithmetic["GlobalMaxPool"] = global_max;
  rules.arithmetic["ReduceMean"] = [](const Node& node, const Inputs& in, Run& run) {
    return reduction(node, in, run, false);
  };
  rules.arithmetic["ReduceMax"] = [](const Node& node, const Inputs& in, Run& run) {
    return reduction(node, in, run, true);
  };
  rules.arithmetic["LRN"] = response_norm;
  rules.arithmetic["Resize"] = resize;
  rules.arithmetic["Upsample"] = resize;

  table.layer<xs::AveragePool<Size{1, 2}, 1>, Dims{1, 32, 3}>();
  table.layer<xs::AveragePool<Size{2, 1}>, Dims{6, 1, 3}>();
  table.layer<xs::AveragePool<2, 1>, Dims{32, 32, 3}>();
  table.layer<xs::AveragePool<2, 1, xs::Pad<Sides{0, 0, 1, 1}>>, Dims{32, 32, 3}>();
  table.layer<xs::AveragePool<2, 1, xs::Pad<Sides{1, 1, 0, 0}>>, Dims{32, 32, 3}>();
  table.layer<xs::AveragePool<2>, Dims{5, 5, 1}>();
  table.layer<xs::AveragePool<2>, Dims{6, 6, 3}>();
  table.layer<xs::AveragePool<3, 1, xs::Pad<2>>, Dims{28, 28, 3}>();
  table.layer<xs::AveragePool<3, 1, xs::Pad<2>, xs::IncludePadding>, Dims{28, 28, 3}>();
  table.layer<xs::AveragePool<3, 2, xs::CeilMode>, Dims{4, 4, 1}>();
  table.layer<xs::AveragePool<3, 2, xs::Pad<1>>, Dims{5, 5, 1}>();
  table.layer<xs::AveragePool<5, 1, xs::Pad<2>>, Dims{5, 5, 1}>();
  table.layer<xs::AveragePool<5, 1, xs::Pad<2>, xs::IncludePadding>, Dims{5, 5, 1}>();
  table.layer<xs::AveragePool<5, 3>, Dims{32, 32, 3}>();
  table.layer<xs::GlobalAveragePool, Dims{12, 1, 1}>();
  table.layer<xs::GlobalAveragePool, Dims{2, 1, 1}>();
  table.layer<xs::GlobalAveragePool, Dims{3, 1, 1}>();
  table.layer<xs::GlobalAveragePool, Dims{3, 3, 1}>();
  table.layer<xs::GlobalAveragePool, Dims{5, 5, 3}>();
  table.layer<xs::Lrn<3, Ratio{1, 10000}, Ratio{3, 4}, Ratio{1}>, Dims{5, 5, 5}>();
  table.layer<xs::Lrn<3, Ratio{1, 5000}, Ratio{1, 2}, Ratio{2}>, Dims{5, 5, 5}>();
  table.layer<xs::MaxPool<Size{1, 2}, 1>, Dims{1, 32, 3}>();
  table.layer<xs::MaxPool<Size{1, 3}, Size{1, 2}>, Dims{1, 50, 16}>();
  table.layer<xs::MaxPool<Size{1, 4}>, Dims{1, 4, 10}>();
  table.layer<xs::MaxPool<Size{12, 1}>, Dims{12, 1, 1}>();
  table.layer<xs::MaxPool<Size{2, 1}>, Dims{2, 1, 1}>();
  table.layer<xs::MaxPool<2, 1>, Dims{32, 32, 3}>();
  table.layer<xs::MaxPool<2, 1, xs::Pad<Sides{0, 0, 1, 1}>>, Dims{32, 32, 3}>();
  table.layer<xs::MaxPool<2, 1, xs::Pad<Sides{1, 1, 0, 0}>>, Dims{32, 32, 3}>();
  table.layer<xs::MaxPool<2>, Dims{5, 5, 1}>();
  table.layer<xs::MaxPool<3, 1, xs::Pad<2>>, Dims{28, 28, 3}>();
  table.layer<xs::MaxPool<3, 2, xs::CeilMode>, Dims{4, 4, 1}>();
  table.layer<xs::MaxPool<3, 2, xs::Pad<1>>, Dims{5, 5, 1}>();
  table.layer<xs::MaxPool<3, 2, xs::Pad<1>>, Dims{7, 7, 3}>();
  table.layer<xs::MaxPool<3>, Dims{3, 3, 1}>();
  table.layer<xs::MaxPool<5, 1, xs::Pad<2>>, Dims{5, 5, 1}>();
  table.layer<xs::MaxPool<5, 3>, Dims{32, 32, 3}>();
  table.layer<xs::MaxPool<5>, Dims{5, 5, 3}>();
  table.layer<xs::MaxPoolIndices<5, 1, xs::Pad<2>>, Dims{5, 5, 1}>();
  table.add<xs::Unpool,
            xs::Shapes{Dims{2, 2, 1}, xs::TensorShape(Dims{2, 2, 1}, 1, xs::ElementType::int32), Dims{4, 4, 1}}>();
  table.layer<xs::Upsample<2>, Dims{2, 2, 1}>();
}

}  // namespace vectors
