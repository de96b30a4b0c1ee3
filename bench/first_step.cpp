// What another framework needs to repeat our training: writes first weights, data, gradients and the losses of the
// steps to a folder, as plain little-endian files with a manifest (four gigabytes, most of it gradients). Dropout is
// off. The gradients are those of the first batch, and of the first sample of each batch by itself.
// bench/peers/pytorch_first_step.py reads it and compares.
//
//     first_step FOLDER [--batch N] [--steps N] [--threads N]

#include "support/arguments.hpp"
#include "support/work.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <span>

namespace {

using namespace bench;

constexpr std::size_t data_batches = 8;  // taken in turn

template <class T>
void write(const std::filesystem::path& path, std::span<const T> values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  if (!file.flush()) xs::fail("cannot write ", path.string());
}

void write_parameters(const std::filesystem::path& folder, const xs::AnyNet& net, const xs::Training* gradients) {
  std::filesystem::create_directories(folder);
  for (std::size_t p = 0; p < net.parameters().size(); ++p)
    write(folder / (net.parameters()[p].name + ".f32"),
          gradients != nullptr ? gradients->gradient(p) : net.parameter(p));
}

int run(const std::filesystem::path& folder, const Arguments& arguments) {
  const std::unique_ptr<Network> network = make_network({.dropout = false});
  xs::AnyNet& net = network->net();
  xs::ThreadPool threads(arguments.threads);
  const xs::Sgd sgd{.learning_rate = 0.001F, .momentum = 0.9F, .weight_decay = 0.0005F, .alpha_multiplier = 100.0F};

  std::filesystem::create_directories(folder);
  std::vector<xs::Batch> batches;
  for (std::size_t k = 0; k < data_batches; ++k) {
    batches.push_back(random_batch(net, arguments.batch, k));
    write(folder / ("input" + std::to_string(k) + ".f32"), std::span<const float>(batches[k].inputs[0]));
    for (std::size_t h = 0; h < net.heads().size(); ++h)
      write(folder / ("labels" + std::to_string(k) + "." + net.heads()[h].name() + ".i32"),
            std::span<const std::int32_t>(batches[k].labels[h].indices));
  }
  write_parameters(folder / "initial", net, nullptr);
  xs::Training gradients(net);
  const auto write_gradients = [&](const xs::Batch& batch, const std::string& name) {
    if (!gradients.compute_gradients(batch, 0, threads).finite) xs::fail("the first loss is not finite");
    write_parameters(folder / name, engine, true);
  };
  write_gradients(batches[0], "gradient");
  for (std::size_t k = 0; k < data_batches; ++k) {
    xs::Batch sample = batches[k];
    sample.size = 1;
    for (std::size_t s = 0; s < sample.inputs.size(); ++s)
      if (!sample.inputs[s].empty()) sample.inputs[s].resize(net.inputs()[s].shape.size());
    for (xs::LabelBatch& labels : sample.labels) {
      labels.indices.resize(1);
      labels.present.resize(1);
    }
    write_gradients(sample, "gradient" + std::to_string(k));
  }

  std::ofstream manifest(folder / "manifest.json");
  manifest << std::setprecision(9) << "{\"batch\": " << arguments.batch << ", \"data_batches\": " << data_batches
           << ", \"rate\": " << sgd.learning_rate << ", \"momentum\": " << sgd.momentum
           << ", \"decay\": " << sgd.weight_decay << ", \"bias_multiplier\": " << sgd.bias_multiplier
           << ", \"alpha_multiplier\": " << sgd.alpha_multiplier << ",\n \"threads\": " << arguments.threads
           << ", \"parameters\": {";
  for (std::size_t p = 0; p < net.parameters().size(); ++p) {
    const xs::ParameterSlot& slot = net.parameters()[p];
    manifest << (p == 0 ? "\n  \"" : ",\n  \"") << slot.name << "\": [";
    for (int k = 0; k < slot.spec.extents.rank; ++k)
      manifest << (k == 0 ? "" : ", ") << slot.spec.extents.size[static_cast<std::size_t>(k)];
    manifest << "]";
  }
  manifest << "},\n \"losses\": [";
  for (std::size_t step = 0; step < arguments.steps; ++step) {
    const xs::StepResult& result = network->train_step(batches[step % data_batches], sgd, step, threads);
    if (!result.finite) xs::fail("step ", step, ": the loss is not finite, first at ", result.location);
    manifest << (step == 0 ? "" : ", ") << result.total;
  }
  manifest << "]}\n";
  if (!manifest.flush()) xs::fail("cannot write ", (folder / "manifest.json").string());
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    if (count < 2 || values[1][0] == '-') {
      std::fputs("Usage: first_step FOLDER [--batch N] [--steps N] [--threads N]\n", stderr);
      return 1;
    }
    bench::Arguments defaults;
    defaults.steps = 50;
    return run(values[1], bench::read_arguments(count - 1, values + 1, defaults));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "first_step: %s\n", error.what());
    return 1;
  }
}
