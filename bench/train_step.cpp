// One whole training step (forward, backward, update), timed. See --help; docs/performance.md says what is compared.

#include "support/allocations.hpp"
#include "support/arguments.hpp"
#include "support/figures.hpp"
#include "support/profile.hpp"
#include "support/work.hpp"

#include <cstdio>
#include <exception>

namespace {

using namespace bench;

int run(const Arguments& arguments) {
  Profile profile;
  const std::unique_ptr<Network> network = make_network(arguments.wanted, arguments.profile ? &profile : nullptr);
  const xs::Batch batch = random_batch(network->net(), arguments.batch);
  const xs::Sgd sgd{.learning_rate = 0.0005F, .momentum = 0.9F, .weight_decay = 0.0005F, .alpha_multiplier = 100.0F};
  xs::ThreadPool threads(arguments.threads);

  std::vector<double> seconds(arguments.steps);
  double loss = 0.0;
  std::uint64_t number = 0;
  const auto step = [&] {
    const xs::StepResult& result = network->train_step(batch, sgd, number++, threads);
    if (!result.finite) xs::fail("step ", number, ": the loss is not finite, first at ", result.location);
    loss = result.total;
  };
  for (int warm_up = 0; warm_up < 2; ++warm_up) step();
  double top = peak(arguments.wanted.precision, threads);
  profile.restart();
  const std::size_t allocations_before = allocation_count.load();
  for (double& taken : seconds) {
    const double start = now();
    step();
    taken = now() - start;
  }
  const std::size_t allocations = allocation_count.load() - allocations_before;
  const std::size_t memory = peak_rss_bytes();
  top = std::max(top, peak(arguments.wanted.precision, threads));

  const double middle = median(seconds);
  const double samples = static_cast<double>(arguments.batch);
  const double operations = operations_per_sample(network->net(), true) * samples;
  double all = 0.0;
  for (const double taken : seconds) all += taken;

  Figures figures;
  figures.add("network", arguments.wanted.network);
  figures.add("model", arguments.wanted.model);
  figures.add("batch", arguments.batch);
  figures.add("precision", arguments.wanted.precision);
  figures.add("threads", arguments.threads);
  figures.add("steps", arguments.steps);
  figures.add("towers", static_cast<std::size_t>(arguments.wanted.towers));
  figures.add("width", static_cast<std::size_t>(arguments.wanted.width));
  figures.add("simd", std::string(xs::simd_name()));
  figures.add("seconds_per_step", middle);
  figures.add("seconds_per_step_least", *std::min_element(seconds.begin(), seconds.end()));
  figures.add("images_per_second", samples / middle);
  figures.add("gflops", 1e-9 * operations / middle);
  figures.add("gflop_per_step", 1e-9 * operations);
  if (arguments.wanted.precision == "fp32")
    figures.add("gflop_done_per_step", 1e-9 * operations_done_per_sample(network->net()) * samples);
  figures.add("bytes_per_step", bytes_per_step(network->net(), arguments.batch));
  figures.add("peak_gflops", 1e-9 * top);
  figures.add("share_of_peak", operations / middle / top);
  figures.add("parameters", weight_count(network->net()));
  figures.add("peak_rss_bytes", memory);
  if (allocations_are_counted)
    figures.add("allocations_per_step", static_cast<double>(allocations) / static_cast<double>(arguments.steps));
  figures.add("loss", loss);
  if (arguments.profile)
    figures.add("stitch_share", profile.weave_seconds(arguments.steps) * static_cast<double>(arguments.steps) / all);
  figures.print(arguments.json);
  if (arguments.profile)
    profile.print(arguments.json ? stderr : stdout, arguments.steps, all / static_cast<double>(arguments.steps));
  return 0;
}

}  // namespace

int main(int count, char** values) {
  try {
    const bench::Arguments arguments = bench::read_arguments(count, values);
    if (arguments.help) {
      std::fputs(bench::usage("train_step").c_str(), stdout);
      return 0;
    }
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_step: %s\n", error.what());
    return 1;
  }
}
