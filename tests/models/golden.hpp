#pragma once
// A model against torchvision's (scripts/golden/models.py): both make weights, image and labels from one formula, and
// the golden file holds results. Gradients are compared in PyTorch's order of axes.
#include <xstitch/io/weight_order.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/training.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../data/temporary_folder.hpp"
#include "../weave/support.hpp"
#include "formula.hpp"

namespace golden {

namespace xs = xstitch;

/// A parameter: its gradient; a running statistic: its value after the step. Shape and samples are in PyTorch's order.
struct Tensor {
  std::string_view name;
  std::array<int, 4> shape;
  double norm, largest;
  std::array<float, 4> samples;
};

/// The place in our memory of element `index` of PyTorch's.
inline std::size_t place(const xs::ParameterSpec& spec, std::size_t index) {
  if (spec.axes.empty()) return index;
  const std::vector<std::size_t> axes = xs::weight_order::pytorch_axes(spec.axes);
  std::array<std::size_t, 4> at{};
  const auto extent = [&](std::size_t axis) { return static_cast<std::size_t>(spec.extents.size[axis]); };
  for (std::size_t k = axes.size(); k-- > 0; index /= extent(axes[k])) at[axes[k]] = index % extent(axes[k]);
  if (xs::weight_order::takes_image(spec)) {
    const auto channels = static_cast<std::size_t>(spec.input.channels), pixels = spec.input.pixels();
    at[0] = at[0] % pixels * channels + at[0] / pixels;
  }
  std::size_t ours = 0;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) ours = ours * extent(axis) + at[axis];
  return ours;
}

/// The name of a parameter of a one-task network in a state_dict.
inline std::string name_of(const xs::ParameterSlot& slot) {
  const std::string name = slot.name.substr(slot.name.find('.') + 1);
  if (slot.spec.pytorch_name.empty()) return name;
  return name.substr(0, name.size() - slot.spec.name.size()) + std::string(slot.spec.pytorch_name);
}
inline std::size_t find(const xs::AnyNet& net, std::string_view name) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (name_of(net.parameters()[i]) == name) return i;
  return xs::AnyNet::npos;
}

/// Whether it is the bias of a normalisation.
inline bool normalises(std::span<const Tensor> tensors, std::string_view bias) {
  const std::string statistic = std::string(bias.substr(0, bias.rfind('.'))) + ".running_var";
  return bias.ends_with(".bias") &&
         std::any_of(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.name == statistic; });
}

/// Fills every parameter; names and shapes are those of the golden file, no more and no fewer.
inline void fill(xs::AnyNet& net, std::span<const Tensor> tensors, const Made& made = {}) {
  REQUIRE(net.parameters().size() == tensors.size());
  for (const Tensor& tensor : tensors) {
    CAPTURE(tensor.name);
    const std::size_t i = find(net, tensor.name);
    REQUIRE(i != xs::AnyNet::npos);
    const xs::ParameterSpec& spec = net.parameters()[i].spec;
    std::vector<std::uint64_t> shape;
    for (const int extent : tensor.shape)
      if (extent > 0) shape.push_back(static_cast<std::uint64_t>(extent));
    REQUIRE(xs::weight_order::pytorch_shape(spec) == shape);
    const std::vector<float> from =
        values(tensor.name, tensor.shape, normalises(tensors, tensor.name) ? made.shift : 0.0, made.above);
    const std::span<float> to = net.mutable_parameter(i);
    if (spec.axes.empty())
      std::copy(from.begin(), from.end(), to.begin());
    else
      xs::weight_order::from_pytorch(spec, from, to);
  }
}

/// A state_dict of the golden file's as scripts/pth_to_safetensors writes it, PyTorch's counters among its tensors.
inline void write_state_dict(const std::filesystem::path& path, std::span<const Tensor> tensors,
                             const Made& made = {}) {
  std::vector<std::vector<float>> all;
  std::vector<xs::TensorView> file;
  const std::array<std::int64_t, 1> counter{7};
  for (const Tensor& tensor : tensors) {
    std::vector<std::uint64_t> shape;
    for (const int extent : tensor.shape)
      if (extent > 0) shape.push_back(static_cast<std::uint64_t>(extent));
    all.push_back(values(tensor.name, tensor.shape, normalises(tensors, tensor.name) ? made.shift : 0.0, made.above));
    file.push_back(xs::TensorView::floats(std::string(tensor.name), shape, all.back()));
    if (tensor.name.ends_with("running_var"))
      file.push_back(xs::TensorView::integers(
          std::string(tensor.name.substr(0, tensor.name.rfind('.'))) + ".num_batches_tracked", {}, counter));
  }
  xs::safetensors::write(path, file, {{"format", "pt"}});
}

/// Images and labels of a network with one input and one head.
inline xs::Batch batch(const xs::AnyNet& net, std::size_t size, int number) {
  xs::Batch batch = support::random_batch(net, size, 1);
  const xs::Dims image = net.inputs()[0].shape;
  const std::vector<float> from =
      values("image " + std::to_string(number), {static_cast<int>(size), image.channels, image.height, image.width});
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t n = i / image.size(), c = i % image.size() / image.pixels(), pixel = i % image.pixels();
    batch.inputs[0][(n * image.pixels() + pixel) * channels + c] = from[i];
  }
  const auto classes = static_cast<std::uint32_t>(net.heads()[0].label.classes);
  const Bits bits("labels");
  for (std::size_t i = 0; i < batch.labels[0].indices.size(); ++i)
    batch.labels[0].indices[i] = static_cast<std::int32_t>(bits[i] % classes);
  return batch;
}

/// What a golden file holds.
struct Results {
  Made made;
  double inference_loss, training_loss, largest_score;
  std::span<const float> scores;
  std::span<const Tensor> tensors;
};

// The results of a golden file, a namespace.
#define GOLDEN(model) \
  { model::made, model::inference_loss, model::training_loss, model::largest_score, model::scores, model::tensors }

/// The largest difference of elements and norms in `tensors`, relative to the largest element of each.
struct Difference {
  double value = 0.0;
  std::string_view where;
  void add(double found, double expected, double scale, std::string_view name) {
    const double relative = std::abs(found - expected) / scale;
    if (relative <= value) return;
    value = std::isnan(relative) ? INFINITY : relative;
    where = name;
  }
};

/// load() takes everything from torchvision's file. Inference within 1e-4, one step's gradients within 1e-3; running
/// statistics after the step within 1e-4.
template <class Net>
void compare(const Results& golden, std::size_t size) {
  Net net{xs::seed(1)};
  fill(net, golden.tensors, golden.made);
  const std::vector<float> filled = support::all_parameters(net);
  {
    const xstitch_test::TemporaryFolder folder;
    write_state_dict(folder.file("model.safetensors"), golden.tensors, golden.made);
    const std::string tower = net.parameters()[0].name.substr(0, net.parameters()[0].name.find('.') + 1);
    xs::load(net, folder.file("model.safetensors"), {{"", tower}});
  }
  CHECK(support::same_bits(support::all_parameters(net), filled));
  const xs::Batch samples = batch(net, size, golden.made.image);
  xs::ThreadPool threads(2);

  net.keep_logits(true);
  CHECK(net.evaluate(samples, threads).total == doctest::Approx(golden.inference_loss).epsilon(1e-4));
  const std::span<const float> scores = net.logits(0);
  const xs::Dims out = net.heads()[0].output.dims;
  for (std::size_t k = 0; k < golden.scores.size(); ++k) {
    const std::size_t i = sample("scores", k, scores.size());
    const std::size_t n = i / out.size(), c = i % out.size() / out.pixels(), pixel = i % out.pixels();
    const float found = scores[(n * out.pixels() + pixel) * static_cast<std::size_t>(out.channels) + c];
    CHECK(std::abs(static_cast<double>(found - golden.scores[k])) < 1e-4 * golden.largest_score);
  }

  xs::Training training(net, support::Descent{});
  const xs::StepResult& result = training.step(samples, {.store_gradients = true}, threads);
  REQUIRE(result.finite);
  CHECK(result.total == doctest::Approx(golden.training_loss).epsilon(1e-4));
  Difference gradients, statistics;
  double largest = 0.0;  // a bias before a normalisation has a gradient of zero, and of some rounding
  for (const Tensor& tensor : golden.tensors) largest = std::max(largest, tensor.largest);
  for (const Tensor& tensor : golden.tensors) {
    const std::size_t i = find(net, tensor.name);
    const xs::ParameterSpec& spec = net.parameters()[i].spec;
    const bool buffer = spec.group == xs::ParameterGroup::buffer;
    const std::span<const float> found = buffer ? net.parameter(i) : training.gradient(i);
    Difference& difference = buffer ? statistics : gradients;
    double squares = 0.0;
    for (const float value : found) squares += static_cast<double>(value) * static_cast<double>(value);
    const double least = tensor.largest < 1e-9 * largest ? largest : 0.0;
    difference.add(std::sqrt(squares), tensor.norm, std::max(tensor.norm, least), tensor.name);
    for (std::size_t k = 0; k < tensor.samples.size(); ++k)
      difference.add(static_cast<double>(found[place(spec, sample(tensor.name, k, found.size()))]),
                     static_cast<double>(tensor.samples[k]), std::max(tensor.largest, least), tensor.name);
  }
  CAPTURE(std::string(gradients.where));
  CAPTURE(std::string(statistics.where));
  CHECK(gradients.value < 1e-3);
  CHECK(statistics.value < 1e-4);
}

/// A training step of a pair: finite, every seam's alphas get a gradient.
template <class Pair>
void train_pair() {
  Pair net{xs::seed(1)};
  xs::ThreadPool threads(2);
  xs::Training training(net, support::Descent{});
  CHECK(training.step(support::random_batch(net, 2, 1), {.store_gradients = true}, threads).finite);
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (slot.spec.group == xs::ParameterGroup::buffer) continue;
    CAPTURE(slot.name);
    const std::span<const float> gradient = training.gradient(i);
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](float g) { return g != 0.0F; }));
  }
}

}  // namespace golden
