// Inference (no dropout, losses off, predictions made), timed. See --help; docs/performance.md says what is compared.

#include "support/allocations.hpp"
#include "support/arguments.hpp"
#include "support/figures.hpp"
#include "support/profile.hpp"
#include "support/work.hpp"

#include <cmath>
#include <cstdio>
#include <exception>

namespace {

using namespace bench;

int run(const Arguments& arguments) {
  Profile profile;
  const std::unique_ptr<Network> network = make_network(arguments.wanted, arguments.profile ? &profile : nullptr);
  xs::Batch batch = random_batch(network->net(), arguments.batch);
  batch.labels.clear();
  xs::ThreadPool threads(arguments.threads);

  std::vector<double> seconds(arguments.steps);
  network->net().pack_weights(threads);  // as ONNX Runtime does when it loads a model
  for (int warm_up = 0; warm_up < 2; ++warm_up) network->evaluate(batch, threads);
  for (std::size_t head = 0; head < network->net().heads().size(); ++head)
    for (const float value : network->net().prediction(head))
      if (!std::isfinite(value)) xs::fail("a prediction of '", network->net().heads()[head].name(), "' is ", value);
  double top = peak(arguments.wanted.precision, threads);
  double bandwidth = read_bandwidth(network->net(), threads);
  profile.restart();
  const std::size_t allocations_before = allocation_count.load();
  for (double& taken : seconds) {
    const double start = now();
    network->evaluate(batch, threads);
    taken = now() - start;
  }
  const std::size_t allocations = allocation_count.load() - allocations_before;
  top = std::max(top, peak(arguments.wanted.precision, threads));
  bandwidth = std::max(bandwidth, read_bandwidth(network->net(), threads));

  const double middle = median(seconds);
  const double samples = static_cast<double>(arguments.batch);
  const double operations = operations_per_sample(network->net(), false) * samples;
  // Every weight is read once a step, in the precision in which it multiplies.
  const std::size_t weight_bytes = weight_count(network->net()) * (arguments.wanted.precision == "bf16" ? 2 : 4);
  double all = 0.0;
  for (const double taken : seconds) all += taken;

  Figures figures;
  figures.add("network", arguments.wanted.network);
  figures.add("model", arguments.wanted.model);
  figures.add("batch", arguments.batch);
  figures.add("precision", arguments.wanted.precision);
  figures.add("threads", arguments.threads);
  figures.add("steps", arguments.steps);
  figures.add("simd", std::string(xs::simd_name()));
  figures.add("seconds_per_step", middle);
  figures.add("seconds_per_step_least", *std::min_element(seconds.begin(), seconds.end()));
  figures.add("images_per_second", samples / middle);
  figures.add("gflops", 1e-9 * operations / middle);
  figures.add("gflop_per_step", 1e-9 * operations);
  figures.add("peak_gflops", 1e-9 * top);
  figures.add("share_of_peak", operations / middle / top);
  figures.add("weight_bytes", weight_bytes);
  figures.add("read_bandwidth", bandwidth);
  figures.add("share_of_bandwidth", static_cast<double>(weight_bytes) / middle / bandwidth);
  figures.add("peak_rss_bytes", peak_rss_bytes());
  if (allocations_are_counted)
    figures.add("allocations_per_step", static_cast<double>(allocations) / static_cast<double>(arguments.steps));
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
      std::fputs(bench::usage("infer").c_str(), stdout);
      return 0;
    }
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "infer: %s\n", error.what());
    return 1;
  }
}
