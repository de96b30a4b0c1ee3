#pragma once
// One training of the plan: initial values, what is frozen, the run itself, and what it cost.
#include <xstitch/io/file.hpp>
#include <xstitch/io/json.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/job.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "comparison.hpp"
#include "plan.hpp"

namespace protocol {

/// Whether a parameter is the alphas of the paper's unit: other units have others ("stitch.pool1.weight").
inline bool is_alpha(const xs::ParameterSlot& slot) {
  return slot.spec.group == xs::ParameterGroup::stitch && slot.spec.name == "alpha" && slot.spec.extents.rank == 3 &&
         slot.name.starts_with("stitch.");
}

/// Initial values that are no part of the types: alphas {to, from, channel}, and the codebook of the normals.
inline void set_start(xs::AnyNet& net, const std::array<float, 2>& alpha, std::span<const float> codebook) {
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (slot.name.ends_with("loss.codebook")) {
      if (codebook.size() != slot.count)
        xs::fail("codebook: ", codebook.size(), " values for ", slot.name, " of ", slot.count);
      std::copy(codebook.begin(), codebook.end(), net.mutable_parameter(i).begin());
    }
    if (!is_alpha(slot)) continue;
    const auto values = net.mutable_parameter(i);
    const auto& size = slot.spec.extents.size;
    std::size_t at = 0;
    for (int t = 0; t < size[0]; ++t)
      for (int s = 0; s < size[1]; ++s)
        for (int c = 0; c < size[2]; ++c) values[at++] = t == s ? alpha[0] : alpha[1] / static_cast<float>(size[0] - 1);
  }
}

/// The alphas of a network at each seam, {seam: [to][from][ascending]}: at most 257 of a list, evenly spaced, in five
/// digits. Null without alphas. Kept beside a training's costs, because they outlive the network.
inline xs::Json sorted_alphas(const xs::AnyNet& net) {
  constexpr std::size_t most = 257;
  xs::Json all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (!is_alpha(slot)) continue;
    const auto values = net.parameter(i);
    const auto& size = slot.spec.extents.size;
    const auto channels = static_cast<std::size_t>(size[2]);
    xs::Json::Array rows;
    std::size_t at = 0;
    for (int to = 0; to < size[0]; ++to) {
      xs::Json::Array row;
      for (int from = 0; from < size[1]; ++from, at += channels) {
        std::vector<float> list(values.begin() + static_cast<std::ptrdiff_t>(at),
                                values.begin() + static_cast<std::ptrdiff_t>(at + channels));
        std::sort(list.begin(), list.end());
        const std::size_t count = std::min(most, channels);
        xs::Json::Array kept;
        for (std::size_t k = 0; k < count; ++k)
          kept.emplace_back(std::strtod(
              xs::number_text(list[count == 1 ? 0 : k * (channels - 1) / (count - 1)], 5).c_str(), nullptr));
        row.emplace_back(std::move(kept));
      }
      rows.emplace_back(std::move(row));
    }
    all.set(slot.name.substr(7, slot.name.size() - 7 - 6), std::move(rows));  // stitch.NAME.alpha
  }
  return all;
}

/// What all trainings of the protocol have in common. Rooms are drawn in colours and lights of their own; photographs
/// of few homes need help.
inline xs::TrainOptions options_of(const Training& training, std::size_t batch, std::size_t threads,
                                   bool few_photographs) {
  xs::TrainOptions options;
  options.iterations = training.iterations;
  options.batch = batch;
  options.seed = xs::seed(training.seed);
  options.threads = threads;
  options.schedule = xs::Schedule::polynomial(0.9);
  if (few_photographs) {
    options.augment.brightness = options.augment.contrast = options.augment.saturation = 0.2F;
    options.augment.smallest_crop = 0.6F;
  }
  return options;
}

/// A network as its training begins. `sources`: files of the trainings that it starts from.
inline void prepare(xs::AnyNet& net, const Training& training, std::span<const float> codebook,
                    const std::vector<std::filesystem::path>& sources) {
  set_start(net, training.alpha, codebook);
  std::vector<xs::PrefixMapping> mapping;
  for (const auto& [from, to] : training.mapping) mapping.push_back({from, to});
  for (const std::filesystem::path& source : sources) xs::initialise_from(net, source, mapping);
  if (training.alphas_frozen && net.set_trained("stitch.", false) == 0)
    xs::fail("training \"", training.name, "\": its network has no alphas to freeze");
}

/// Of a sample: multiply and add count as two; backward is twice forward.
inline double training_flops(const xs::AnyNet& net) {
  double adds = 0.0;
  for (const xs::Op& op : net.program().ops) adds += static_cast<double>(op.record->multiply_adds);
  return 3.0 * 2.0 * adds;
}
/// Of one training: samples of all its tasks together (an image that two towers see is two), arithmetic; without
/// seconds.
inline Cost cost_of(const xs::AnyNet& net, const Training& training, std::size_t batch) {
  std::set<std::string_view> towers;
  for (const xs::HeadSlot& head : net.heads()) towers.insert(head.tower);
  const double images = static_cast<double>(training.iterations) * static_cast<double>(batch);
  return {images * static_cast<double>(towers.size()), images * training_flops(net), 0.0};
}
/// Of a row, from what its trainings cost.
inline Cost cost_of(const Row& row, const std::vector<Cost>& trainings) {
  Cost sum;
  for (const Cost& each : trainings) {
    sum.samples += each.samples / static_cast<double>(row.tasks);
    sum.flops += each.flops;
    sum.seconds += each.seconds;
  }
  return sum;
}

/// Trains a stage of a job, and keeps the seconds that it took in all its runs beside the checkpoints: of several ranks
/// the first does, which alone has the folder.
inline xs::TrainResult train_stage(xs::TrainingJob& job, const std::string& stage, xs::AnyNet& net,
                                   const xs::DataSetRef& data, const xs::OptimizerRef& optimizer,
                                   const xs::TrainOptions& options, double& seconds) {
  const std::filesystem::path file = job.folder() / stage / "seconds.json";
  double before = 0.0;
  if (job.leads() && !job.state(stage).empty() && xs::file_exists(file))
    before = xs::Json::parse(xs::read_file(file), file.string()).at("seconds").number();
  xs::TrainResult result = job.train(stage, net, data, optimizer, options);
  seconds = before + result.seconds;
  if (job.leads() && result.seconds > 0.0)
    xs::write_file_atomically(file, xs::Json().set("seconds", seconds).text() + "\n");
  return result;
}

}  // namespace protocol
