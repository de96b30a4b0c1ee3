#pragma once
// What a step costs: seconds and memory, without a training.
#include <xstitch/core/threads.hpp>
#include <xstitch/data/loader.hpp>
#include <xstitch/report/table.hpp>
#include <xstitch/train/sgd.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "subject.hpp"

namespace protocol {

/// Multiply-adds of an image, forward.
inline double multiply_adds(const xs::AnyNet& net) {
  double sum = 0.0;
  for (const xs::Op& op : net.program().ops) sum += static_cast<double>(op.record->multiply_adds);
  return sum;
}

inline std::size_t parameter_count(const xs::AnyNet& net) {
  std::size_t sum = 0;
  for (const xs::ParameterSlot& slot : net.parameters()) sum += slot.count;
  return sum;
}

/// `steps` steps of each network from its initial values, the first one not counted: it allocates. Processor
/// seconds are of all threads; they tell on a machine that others use, too.
inline xs::Table time_steps(const Subject& subject, const std::vector<std::string>& networks,
                            const xs::DataSetRef& data, const xs::Sgd& sgd, std::size_t batch, std::size_t steps,
                            xs::ThreadPool& threads) {
  xs::Table table({"network", "seconds a step (median)", "fastest", "processor seconds (least)",
                   "GFLOP an image, forward", "parameters", "MiB of the training", "MiB of the process at most"});
  for (const std::string& network : networks) {
    const auto net = subject.make(network, xs::seed(1));
    xs::Training training{*net, sgd};
    xs::Loader loader(data, net->inputs(), net->heads(), {.batch = batch, .shuffle = true, .seed = xs::seed(1)});
    std::vector<double> seconds, busy;
    for (std::size_t k = 0; k <= steps; ++k) {
      const xs::LoadedBatch* loaded = loader.next();
      const std::clock_t busy_before = std::clock();
      const auto begin = std::chrono::steady_clock::now();
      const xs::StepResult& result = training.step(loaded->batch, {.step = k}, threads);
      if (!result.finite) xs::fail(network, ": a loss or gradient is not finite: ", result.location);
      if (k == 0) continue;
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      busy.push_back(static_cast<double>(std::clock() - busy_before) / CLOCKS_PER_SEC);
    }
    std::sort(seconds.begin(), seconds.end());
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    table.add_row({network, xs::Table::number(seconds[seconds.size() / 2], 3), xs::Table::number(seconds[0], 3),
                   xs::Table::number(*std::min_element(busy.begin(), busy.end()), 3),
                   xs::Table::number(2e-9 * multiply_adds(*net), 2), std::to_string(parameter_count(*net)),
                   xs::Table::number(static_cast<double>(training.memory_bytes()) / 0x1p20, 0),
                   xs::Table::number(static_cast<double>(usage.ru_maxrss) / 1024.0, 0)});
  }
  return table;
}

}  // namespace protocol
