// Operations of each element, and those that move elements.
#include <xstitch/layers/concatenate.hpp>
#include <xstitch/layers/crop.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/elu.hpp>
#include <xstitch/layers/identity.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/multiply.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/relu6.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/softplus.hpp>
#include <xstitch/layers/sum.hpp>
#include <xstitch/layers/swish.hpp>
#include <xstitch/layers/tanh.hpp>

#include <cmath>
#include <limits>

#include "rules.hpp"

namespace vectors {
namespace {

using xs::Dims;
using xs::Ratio;

std::string setting(const char* name, float value) {
  return std::string(" ") + name + "=" + number(static_cast<double>(value));
}
Rule activation(const char* name) {
  return [name](const Node& /*node*/, const Inputs& in, Run& run) { return std::vector{run.by_element(name, *in[0])}; };
}
std::vector<Tensor> leaky_relu(const Node& node, const Inputs& in, Run& run) {
  return {run.by_element("LeakyRelu" + setting("slope", node.real("alpha", 0.01F)), *in[0])};
}
std::vector<Tensor> elu(const Node& node, const Inputs& in, Run& run) {
  return {run.by_element("Elu" + setting("alpha", node.real("alpha", 1.0F)), *in[0])};
}
std::vector<Tensor> hard_sigmoid(const Node& node, const Inputs& in, Run& run) {
  if (std::abs(node.real("alpha", 0.2F) - 1.0F / 6.0F) > 1e-6F || node.real("beta", 0.5F) != 0.5F)
    throw NotExpressible{"HardSigmoid is that of slope 1/6 (MobileNetV3)"};
  return {run.by_element("HardSigmoid", *in[0])};
}
std::vector<Tensor> clip(const Node& node, const Inputs& in, Run& run) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto bound = [&](std::size_t k, const char* name, float otherwise) {
    return in.size() > k && in[k] != nullptr ? in[k]->values[0] : node.real(name, otherwise);
  };
  const float low = bound(1, "min", -infinity), high = bound(2, "max", infinity);
  if (low == -infinity && high == infinity) return {run.by_element("Identity", *in[0])};
  if (low == 0.0F && high == infinity) return {run.by_element("Relu", *in[0])};
  if (low == 0.0F && high == 6.0F) return {run.by_element("Relu6", *in[0])};
  throw NotExpressible{"other bounds than those of Relu and Relu6"};
}
std::vector<Tensor> dropout(const Node& node, const Inputs& in, Run& run) {
  std::vector<Tensor> results;
  if (in.size() > 2 && in[2] != nullptr) {  // the third input, a bool, is true in all of these cases
    if (in[1] == nullptr || in[1]->values[0] != 0.0F) throw NotExpressible{"in training: other random numbers"};
    results.push_back(run.by_element("Dropout probability=0", *in[0], true));
  } else {
    results.push_back(run.by_element("Dropout probability=0.5", *in[0]));
  }
  if (node.outputs.size() > 1) {
    results.push_back({.absent = true});
    run.note = "the mask is no output of ours";
  }
  return results;
}

std::vector<Tensor> sum(const Node& /*node*/, const Inputs& in, Run& run) {
  if (in.size() == 1) return {run.by_element("Identity", *in[0])};
  Call call{.batch = in[0]->values.size()};
  std::string key = "Sum on 1x1x1";
  for (const Tensor* one : in) {
    if (one->extents != in[0]->extents) throw NotExpressible{"Sum takes inputs of one shape"};
    if (!call.inputs.empty()) key += ", 1x1x1";
    call.inputs.push_back(one->values);
  }
  return {{.extents = in[0]->extents, .values = run.apply(key, call).outputs[0]}};
}
std::vector<Tensor> multiply(const Node& /*node*/, const Inputs& in, Run& run) {
  const Tensor &a = *in[0], &b = *in[1];
  if (a.extents == b.extents)
    return {{.extents = a.extents,
             .values = run.apply("Product on 1x1x1, 1x1x1", {.batch = a.values.size(), .inputs = {a.values, b.values}})
                           .outputs[0]}};
  if (b.extents != Axes{a.extents.back()}) throw NotExpressible{"Multiply repeats over pixels or channels alone"};
  const std::size_t channels = a.extents.back();
  return {
      {.extents = a.extents,
       .values = run.apply("Product on " + dims(1, a.values.size() / channels, channels) + ", " + dims(1, 1, channels),
                           {.inputs = {a.values, b.values}})
                     .outputs[0]}};
}

/// What comes before the axis is the batch, what comes after it belongs to the channels.
std::vector<Tensor> concatenation(const Node& node, const Inputs& in, Run& run) {
  const std::size_t rank = in[0]->extents.size(), axis = axis_of(node.whole("axis", 1), rank);
  Tensor y{.extents = in[0]->extents};
  y.extents[axis] = 0;
  Call call{.batch = product(y.extents, 0, axis)};
  std::string key = "Concat on ";
  for (const Tensor* one : in) {
    y.extents[axis] += one->extents[axis];
    key += (call.inputs.empty() ? "" : ", ") + dims(1, 1, product(one->extents, axis, rank));
    call.inputs.push_back(one->values);
  }
  y.values = run.apply(key, call).outputs[0];
  return {y};
}

/// Crop on up to two axes that lie side by side.
Tensor cut(const Tensor& x, const Axes& begin, const Axes& size, Run& run) {
  const std::size_t rank = x.extents.size();
  std::size_t first = rank, last = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    if (size[i] == 0) throw NotExpressible{"nothing is left"};
    if (size[i] != x.extents[i]) first = std::min(first, i), last = i;
  }
  if (first == rank) return {.extents = x.extents, .values = run.by_element("Identity", x).values};
  if (last > first + 1) throw NotExpressible{"Crop cuts two axes that lie side by side"};
  const bool two = last > first;
  const std::size_t height = x.extents[first], width = two ? x.extents[last] : 1;
  const std::string key = "Crop offset=" + std::to_string(begin[first]) + "," + std::to_string(two ? begin[last] : 0) +
                          " size=" + std::to_string(size[first]) + "," + std::to_string(two ? size[last] : 1) + " on " +
                          dims(height, width, product(x.extents, last + 1, rank));
  return {.extents = size,
          .values = run.apply(key, {.batch = product(x.extents, 0, first), .inputs = {x.values}}).outputs[0]};
}
std::vector<std::int64_t> whole_numbers(const Tensor& t) {
  std::vector<std::int64_t> all;
  for (const float value : t.values) all.push_back(static_cast<std::int64_t>(value));
  return all;
}
std::vector<Tensor> slice(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const std::size_t rank = x.extents.size();
  const bool inputs = in.size() > 1;
  const auto list = [&](std::size_t k, const char* name) {
    if (inputs) return in.size() > k && in[k] != nullptr ? whole_numbers(*in[k]) : std::vector<std::int64_t>{};
    return node.list(name, {});
  };
  const std::vector<std::int64_t> starts = list(1, "starts"), ends = list(2, "ends"), steps = list(4, "steps");
  std::vector<std::int64_t> axes = list(3, "axes");
  for (std::size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  Axes begin(rank, 0), size = x.extents;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    if (i < steps.size() && steps[i] != 1) throw NotExpressible{"Crop takes every element, in their order"};
    const std::size_t axis = axis_of(axes[i], rank);
    const auto extent = static_cast<std::int64_t>(x.extents[axis]);
    const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + extent : at, 0, extent); };
    begin[axis] = static_cast<std::size_t>(place(starts[i]));
    size[axis] = static_cast<std::size_t>(std::max<std::int64_t>(0, place(ends[i]) - place(starts[i])));
  }
  return {cut(x, begin, size, run)};
}
std::vector<Tensor> split(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const std::size_t axis = axis_of(node.whole("axis", 0), x.extents.size());
  const std::size_t parts = node.outputs.size();
  std::vector<std::int64_t> sizes(parts, static_cast<std::int64_t>(x.extents[axis] / parts));
  sizes = in.size() > 1 ? whole_numbers(*in[1]) : node.list("split", sizes);
  std::vector<Tensor> results;
  Axes begin(x.extents.size(), 0), size = x.extents;
  for (const std::int64_t part : sizes) {
    size[axis] = static_cast<std::size_t>(part);
    results.push_back(cut(x, begin, size, run));
    begin[axis] += size[axis];
  }
  return results;
}

// Structure: order and extents, no arithmetic.

std::vector<Tensor> reshape(const Node& node, const Inputs& in, Run& /*run*/) {
  Tensor y = *in[0];
  const std::vector<std::int64_t> shape = in.size() > 1 ? whole_numbers(*in[1]) : node.list("shape", {});
  Axes extents;
  std::size_t rest = y.values.size(), open = shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) open = i;
    extents.push_back(shape[i] == 0 ? y.extents[i] : shape[i] == -1 ? 1 : static_cast<std::size_t>(shape[i]));
    rest /= std::max<std::size_t>(1, extents.back());
  }
  if (open < shape.size()) extents[open] = rest;
  y.extents = extents;
  return {y};
}
std::vector<Tensor> flatten(const Node& node, const Inputs& in, Run& /*run*/) {
  Tensor y = *in[0];
  const std::size_t rank = y.extents.size(), axis = axis_of(node.whole("axis", 1), rank);
  y.extents = {product(y.extents, 0, axis), product(y.extents, axis, rank)};
  return {y};
}
std::vector<Tensor> transpose(const Node& node, const Inputs& in, Run& /*run*/) {
  Axes order;
  for (const std::int64_t axis : node.list("perm", {})) order.push_back(static_cast<std::size_t>(axis));
  for (std::size_t i = in[0]->extents.size(); order.size() < in[0]->extents.size();) order.push_back(--i);
  return {permuted(*in[0], order)};
}
std::vector<Tensor> squeeze(const Node& node, const Inputs& in, Run& /*run*/) {
  Tensor y = *in[0];
  std::vector<std::int64_t> axes = in.size() > 1 ? whole_numbers(*in[1]) : node.list("axes", {});
  std::set<std::size_t> gone;
  for (const std::int64_t axis : axes) gone.insert(axis_of(axis, y.extents.size()));
  Axes kept;
  for (std::size_t i = 0; i < y.extents.size(); ++i)
    if (axes.empty() ? y.extents[i] != 1 : gone.count(i) == 0) kept.push_back(y.extents[i]);
  y.extents = kept;
  return {y};
}
std::vector<Tensor> unsqueeze(const Node& node, const Inputs& in, Run& /*run*/) {
  Tensor y = *in[0];
  const std::vector<std::int64_t> axes = in.size() > 1 ? whole_numbers(*in[1]) : node.list("axes", {});
  std::set<std::size_t> fresh;
  for (const std::int64_t axis : axes) fresh.insert(axis_of(axis, y.extents.size() + axes.size()));
  for (const std::size_t axis : fresh) y.extents.insert(y.extents.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return {y};
}

}  // namespace

void add_structure(Rules& rules, Table& /*table*/) {
  rules.structure["Reshape"] = reshape;
  rules.structure["Flatten"] = flatten;
  rules.structure["Transpose"] = transpose;
  rules.structure["Squeeze"] = squeeze;
  rules.structure["Unsqueeze"] = unsqueeze;
}

void add_elements(Rules& rules, Table& table) {
  for (const char* name : {"Identity", "Relu", "Sigmoid", "Tanh", "Softplus", "HardSwish"})
    rules.arithmetic[name] = activation(name);
  rules.arithmetic["LeakyRelu"] = leaky_relu;
  rules.arithmetic["Elu"] = elu;
  rules.arithmetic["HardSigmoid"] = hard_sigmoid;
  rules.arithmetic["Clip"] = clip;
  rules.arithmetic["Dropout"] = dropout;
  rules.arithmetic["Sum"] = sum;
  rules.arithmetic["Add"] = sum;
  rules.arithmetic["Mul"] = multiply;
  rules.arithmetic["Concat"] = concatenation;
  rules.arithmetic["Slice"] = slice;
  rules.arithmetic["Split"] = split;

  constexpr Dims one{1, 1, 1};
  table.add<xs::Concatenate, xs::Shapes{Dims{1, 1, 2}, Dims{1, 1, 2}}>();
  table.add<xs::Concatenate, xs::Shapes{Dims{1, 1, 3}, Dims{1, 1, 3}}>();
  table.add<xs::Concatenate, xs::Shapes{Dims{1, 1, 4}, Dims{1, 1, 4}}>();
  table.add<xs::Concatenate, xs::Shapes{Dims{1, 1, 8}, Dims{1, 1, 8}}>();
  table.layer<xs::Crop<0, 0, 2, 1>, Dims{3, 1, 1}>();
  table.layer<xs::Crop<0, 0, 2, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Crop<0, 0, 3, 1>, Dims{20, 1, 50}>();
  table.layer<xs::Crop<0, 0, 3, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Crop<0, 0, 3, 1>, Dims{6, 1, 7}>();
  table.layer<xs::Crop<0, 0, 9, 1>, Dims{10, 1, 5}>();
  table.layer<xs::Crop<1, 0, 9, 1>, Dims{10, 1, 5}>();
  table.layer<xs::Crop<2, 0, 1, 1>, Dims{3, 1, 1}>();
  table.layer<xs::Crop<2, 0, 2, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Crop<2, 0, 4, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Crop<3, 0, 3, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Crop<3, 0, 3, 1>, Dims{6, 1, 7}>();
  table.layer<xs::Crop<3, 0, 1, 1>, Dims{5, 1, 1}>();
  table.layer<xs::Crop<4, 0, 2, 1>, Dims{6, 1, 1}>();
  table.layer<xs::Dropout<Ratio{0}>, one>();
  table.layer<xs::Dropout<Ratio{1, 2}>, one>();
  table.layer<xs::Elu<Ratio{1}>, one>();
  table.layer<xs::Elu<Ratio{2}>, one>();
  table.layer<xs::HardSigmoid, one>();
  table.layer<xs::HardSwish, one>();
  table.layer<xs::Identity, one>();
  table.layer<xs::LeakyRelu<Ratio{1, 100}>, one>();
  table.layer<xs::LeakyRelu<Ratio{1, 10}>, one>();
  table.layer<xs::LeakyRelu<Ratio{1, 2}>, one>();
  table.add<xs::Multiply, xs::Shapes{Dims{1, 12, 5}, Dims{1, 1, 5}}>();
  table.add<xs::Multiply, xs::Shapes{Dims{1, 1, 1}, Dims{1, 1, 1}}>();
  table.layer<xs::Relu, one>();
  table.layer<xs::Sigmoid, one>();
  table.layer<xs::Softplus, one>();
  table.add<xs::Sum, xs::Shapes{Dims{1, 1, 1}, Dims{1, 1, 1}}>();
  table.add<xs::Sum, xs::Shapes{Dims{1, 1, 1}, Dims{1, 1, 1}, Dims{1, 1, 1}}>();
  table.layer<xs::Tanh, one>();
}

}  // namespace vectors
