// Losses, optimizers, gradients.
#include <xstitch/layers/multiply.hpp>
#include <xstitch/layers/sum.hpp>
#include <xstitch/losses/softmax_cross_entropy.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "../../losses/loss_test_support.hpp"
#include "rules.hpp"

namespace vectors {
namespace {

struct Judged {
  double sum = 0, normaliser = 0;
};
template <class Loss, xs::Dims In>
Judged judge(const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
             const std::vector<float>& weights) {
  std::vector<std::vector<float>> parameters;
  if (!weights.empty()) parameters.push_back(weights);
  xs::LabelBatch batch;
  batch.indices = labels;
  const loss_test::Result result = loss_test::run<Loss, In>(logits, batch, 1, 1.0F, parameters);
  return {result.loss.sum, result.loss.normaliser};
}

/// A position is a sample. ONNX's "none" is the loss of each sample alone.
std::vector<Tensor> cross_entropy(const Node& node, const Inputs& in, Run& run) {
  const Tensor x = channels_last(*in[0]);
  const std::size_t classes = x.extents.back();
  if (classes != 5) throw Missing{"SoftmaxCrossEntropy on " + dims(1, 1, classes)};
  std::vector<std::int32_t> labels;
  const bool ignores = node.has("ignore_index");
  for (const float value : in[1]->values) {
    const auto label = static_cast<std::int64_t>(value);
    labels.push_back(ignores && label == node.whole("ignore_index", 0) ? -1 : static_cast<std::int32_t>(label));
  }
  const std::vector<float> weights = in.size() > 2 && in[2] != nullptr ? in[2]->values : std::vector<float>{};
  run.kinds.insert(weights.empty() ? "SoftmaxCrossEntropy" : "ClassWeightedSoftmaxCrossEntropy");
  const auto judged = [&](const std::vector<float>& logits, const std::vector<std::int32_t>& of) {
    return weights.empty() ? judge<xs::SoftmaxCrossEntropy, xs::Dims{1, 1, 5}>(logits, of, weights)
                           : judge<xs::ClassWeightedSoftmaxCrossEntropy, xs::Dims{1, 1, 5}>(logits, of, weights);
  };
  Tensor loss;
  const std::string reduction = node.words("reduction", "mean");
  if (reduction == "none") {
    loss.extents = in[1]->extents;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto at = x.values.begin() + static_cast<std::ptrdiff_t>(i * classes);
      loss.values.push_back(
          static_cast<float>(judged({at, at + static_cast<std::ptrdiff_t>(classes)}, {labels[i]}).sum));
    }
  } else {
    const Judged all = judged(x.values, labels);
    loss.values = {static_cast<float>(reduction == "sum" ? all.sum : all.sum / all.normaliser)};
  }
  std::vector<Tensor> results{loss};
  if (node.outputs.size() > 1) {  // the logarithm of what we predict
    Tensor p = x;
    p.values = loss_test::predict<xs::SoftmaxCrossEntropy, xs::Dims{1, 1, 5}>(x.values);
    for (float& value : p.values) value = std::log(value);
    results.push_back(channels_first(p));
  }
  return results;
}

struct Groups {
  float rate;
  std::size_t count, arrays;
  /// Array k of tensor i: X, G, then the states.
  const Inputs& in;
  [[nodiscard]] const std::vector<float>& of(std::size_t k, std::size_t i) const {
    return in[2 + k * count + i]->values;
  }
};
Groups groups_of(const Node& node, const Inputs& in, std::size_t arrays) {
  if (node.real("norm_coefficient_post", 0.0F) != 0.0F) throw NotExpressible{"weight decay after the step"};
  return {in[0]->values[0], (in.size() - 2) / arrays, arrays, in};
}
std::vector<Tensor> momentum(const Node& node, const Inputs& in, Run& run) {
  const Groups groups = groups_of(node, in, 3);
  if (in[1]->values[0] > 0.0F && node.real("beta", 1.0F) != 1.0F)
    throw NotExpressible{"Sgd has no factor for gradients"};
  run.kinds.insert("Sgd");
  xs::Sgd sgd;
  sgd.momentum = node.real("alpha", 0.0F);
  sgd.nesterov = node.words("mode", "standard") == "nesterov";
  std::vector<Tensor> results(2 * groups.count);
  for (std::size_t i = 0; i < groups.count; ++i) {
    std::vector<float> x = groups.of(0, i), v = groups.of(2, i);
    for (float& value : v) value *= groups.rate;  // ours holds the learning rate
    sgd.update({.weight = x.data(),
                .state = {v.data(), nullptr},
                .gradient = groups.of(1, i).data(),
                .count = x.size(),
                .learning_rate = groups.rate,
                .weight_decay = node.real("norm_coefficient", 0.0F),
                .step = 0});
    for (float& value : v) value /= groups.rate;
    results[i] = {.extents = in[2 + i]->extents, .values = x};
    results[groups.count + i] = {.extents = in[2 + i]->extents, .values = v};
  }
  return results;
}
std::vector<Tensor> adam(const Node& node, const Inputs& in, Run& run) {
  const Groups groups = groups_of(node, in, 4);
  if (in[1]->values[0] > 0.0F) throw NotExpressible{"the correction of the first steps leaves epsilon out"};
  run.kinds.insert("Adam");
  xs::Adam rule;
  rule.beta1 = node.real("alpha", 0.9F), rule.beta2 = node.real("beta", 0.999F);
  // The one case that says no epsilon was computed with 1/100 and not with ONNX's default.
  rule.epsilon = node.real("epsilon", 0.01F);
  std::vector<Tensor> results(3 * groups.count);
  for (std::size_t i = 0; i < groups.count; ++i) {
    std::vector<float> x = groups.of(0, i), v = groups.of(2, i), h = groups.of(3, i);
    rule.update({.weight = x.data(),
                 .state = {v.data(), h.data()},
                 .gradient = groups.of(1, i).data(),
                 .count = x.size(),
                 .learning_rate = groups.rate,
                 .weight_decay = node.real("norm_coefficient", 0.0F),
                 .step = std::uint64_t{1} << 40});  // T = 0 has no correction: ours after many steps
    results[i] = {.extents = in[2 + i]->extents, .values = x};
    results[groups.count + i] = {.extents = in[2 + i]->extents, .values = v};
    results[2 * groups.count + i] = {.extents = in[2 + i]->extents, .values = h};
  }
  return results;
}

template <class Op>
std::vector<float> gradients_of(const std::vector<const Tensor*>& in, float dy) {
  xs::RunOperation<Op, xs::Shapes{xs::Dims{1, 1, 1}, xs::Dims{1, 1, 1}}> one({.batch = 1});
  one.input(0)[0] = in[0]->values[0], one.input(1)[0] = in[1]->values[0];
  one.forward();
  one.output_gradient(0)[0] = dy;
  one.backward();
  return {one.input_gradient(0)[0], one.input_gradient(1)[0]};
}
/// ONNX's Gradient: backward through the nodes before it.
std::vector<Tensor> gradient(const Node& node, const Inputs& /*in*/, Run& run) {
  std::map<std::string, float> of{{node.words("y", ""), 1.0F}};
  for (std::size_t n = run.nodes.size(); n-- > 0;) {
    const Node& one = run.nodes[n];
    if (one.outputs.empty() || of.count(one.outputs[0]) == 0 || (one.type != "Add" && one.type != "Mul")) continue;
    const std::vector<const Tensor*> in{&run.values.at(one.inputs[0]), &run.values.at(one.inputs[1])};
    const float dy = of[one.outputs[0]];
    const std::vector<float> parts =
        one.type == "Add" ? gradients_of<xs::Sum>(in, dy) : gradients_of<xs::Multiply>(in, dy);
    for (std::size_t k = 0; k < 2; ++k) of[one.inputs[k]] += parts[k];
  }
  std::vector<Tensor> results;
  for (std::size_t start = 0; start < node.settings.at("xs").words.size();) {
    const std::string& all = node.settings.at("xs").words;
    const std::size_t end = std::min(all.find('\n', start), all.size());
    results.push_back({.values = {of.at(all.substr(start, end - start))}});
    start = end + 1;
  }
  return results;
}

}  // namespace

void add_training(Rules& rules, Table& /*table*/) {
  rules.arithmetic["SoftmaxCrossEntropyLoss"] = cross_entropy;
  rules.arithmetic["NegativeLogLikelihoodLoss"] = [](const Node&, const Inputs&, Run&) -> std::vector<Tensor> {
    throw NotExpressible{"takes any numbers for logarithms of probabilities; SoftmaxCrossEntropy normalises"};
  };
  rules.arithmetic["Momentum"] = momentum;
  rules.arithmetic["Adam"] = adam;
  rules.arithmetic["Gradient"] = gradient;
}

}  // namespace vectors
