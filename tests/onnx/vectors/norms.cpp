// Normalisations and softmax.
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/group_norm.hpp>
#include <xstitch/layers/layer_norm.hpp>
#include <xstitch/layers/softmax.hpp>

#include "rules.hpp"

namespace vectors {
namespace {

using xs::Dims;
using xs::Epsilon;
using xs::Ratio;

std::string epsilon(const Node& node) { return number(static_cast<double>(node.real("epsilon", 1e-5F))); }

std::vector<Tensor> batch_norm(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const bool training = node.whole("training_mode", 0) != 0;
  const std::string momentum = training ? number(1.0 - static_cast<double>(node.real("momentum", 0.9F))) : "0.1";
  const std::string key = "BatchNorm momentum=" + momentum + " epsilon=" + epsilon(node) + " on " +
                          dims(1, product(x.extents, 2, x.extents.size()), x.extents[1]);
  Call call{.batch = x.extents[0], .inputs = {channels_last(x).values}, .training = training};
  for (std::size_t i = 1; i < 5; ++i) call.parameters.push_back(in[i]->values);
  const Outcome outcome = run.apply(key, call);
  Tensor y = channels_last(x);
  y.values = outcome.outputs[0];
  std::vector<Tensor> results{channels_first(y)};
  if (training) {
    results.push_back({.extents = in[3]->extents, .values = outcome.updates[2]});
    results.push_back({.absent = true});
    run.note = "running variance: ours has the divisor rows - 1 (as PyTorch), ONNX's rows";
  }
  return results;
}
std::vector<Tensor> instance_norm(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const std::string key = "GroupNorm groups=" + std::to_string(x.extents[1]) + " epsilon=" + epsilon(node) + " on " +
                          dims(1, product(x.extents, 2, x.extents.size()), x.extents[1]);
  Tensor y = channels_last(x);
  y.values = run.apply(key, {.batch = x.extents[0], .inputs = {y.values}, .parameters = {in[1]->values, in[2]->values}})
                 .outputs[0];
  return {channels_first(y)};
}
std::vector<Tensor> layer_norm(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const std::size_t rank = x.extents.size(), axis = axis_of(node.whole("axis", -1), rank);
  const std::size_t size = product(x.extents, axis, rank);
  const Outcome outcome =
      run.apply("LayerNorm over_channels=0 epsilon=" + epsilon(node) + " on " + dims(1, 1, size),
                {.batch = x.values.size() / size, .inputs = {x.values}, .parameters = {in[1]->values, in[2]->values}});
  std::vector<Tensor> results{{.extents = x.extents, .values = outcome.outputs[0]}};
  while (results.size() < node.outputs.size()) results.push_back({.absent = true});
  if (results.size() > 1) run.note = "mean and inverse deviation are no outputs of ours";
  return results;
}
std::vector<Tensor> softmax(const Node& node, const Inputs& in, Run& run) {
  const Tensor& x = *in[0];
  const std::size_t rank = x.extents.size();
  // Before opset 13 all axes from the given one on were one.
  const std::size_t axis = axis_of(node.whole("axis", node.opset < 13 ? 1 : -1), rank);
  if (node.opset < 13) {
    const std::size_t size = product(x.extents, axis, rank);
    return {
        {.extents = x.extents,
         .values = run.apply("Softmax on " + dims(1, 1, size), {.batch = x.values.size() / size, .inputs = {x.values}})
                       .outputs[0]}};
  }
  Axes order, back(rank);
  for (std::size_t i = 0; i < rank; ++i)
    if (i != axis) order.push_back(i);
  order.push_back(axis);
  for (std::size_t i = 0; i < rank; ++i) back[order[i]] = i;
  Tensor turned = permuted(x, order);
  turned.values = run.apply("Softmax on " + dims(1, 1, x.extents[axis]),
                            {.batch = x.values.size() / x.extents[axis], .inputs = {turned.values}})
                      .outputs[0];
  return {permuted(turned, back)};
}

}  // namespace

void add_norms(Rules& rules, Table& table) {
  rules.arithmetic["BatchNormalization"] = batch_norm;
  rules.arithmetic["InstanceNormalization"] = instance_norm;
  rules.arithmetic["LayerNormalization"] = layer_norm;
  rules.arithmetic["Softmax"] = softmax;

  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 1000}>>, Dims{1, 36, 3}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 1000}>>, Dims{1, 64, 3}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 100}>>, Dims{1, 20, 3}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 20, 3}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 36, 3}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 3, 5}>();
  table.layer<xs::BatchNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 64, 3}>();
  table.layer<xs::GroupNorm<"w", 10, Epsilon<Ratio{1, 1000000000}>>, Dims{1, 1024, 10}>();
  table.layer<xs::GroupNorm<"w", 2, Epsilon<Ratio{1, 100000}>>, Dims{1, 3, 2}>();
  table.layer<xs::GroupNorm<"w", 3, Epsilon<Ratio{1, 100}>>, Dims{1, 20, 3}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 10}>>, Dims{1, 1, 15}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 10}>>, Dims{1, 1, 30}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 10}>>, Dims{1, 1, 5}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 12}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 120}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 20}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 4}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 5}>();
  table.layer<xs::LayerNorm<"w", Epsilon<Ratio{1, 100000}>>, Dims{1, 1, 60}>();
  table.layer<xs::Softmax, Dims{1, 1, 128}>();
  table.layer<xs::Softmax, Dims{1, 1, 20}>();
  table.layer<xs::Softmax, Dims{1, 1, 3}>();
  table.layer<xs::Softmax, Dims{1, 1, 4}>();
  table.layer<xs::Softmax, Dims{1, 1, 5}>();
}

}  // namespace vectors
