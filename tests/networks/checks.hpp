#pragma once
// What is true of every network: its gradients are those of differences, and its bits do not hang on threads.
#include <xstitch/run/check_network.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <vector>

#include "../weave/support.hpp"

namespace checks {

namespace xs = xstitch;

/// `batch(net, size, seed)` makes what the network is fed.
template <class MakeBatch>
void gradients(xs::AnyNet& net, const MakeBatch& batch, std::size_t least) {
  xs::ThreadPool threads(2);
  const xs::NetworkGradientReport report = xs::check_network_gradients(net, batch(net, 4, 1), threads);
  CHECK_MESSAGE(report.ok, report.text);
  CHECK(report.checked >= least);
  CHECK(report.kinks == 0);
}

/// All parameters after some steps.
template <class Net, class MakeBatch>
std::vector<float> trained(const MakeBatch& batch, std::size_t thread_count, xs::StepOptions options = {}) {
  Net net{xs::seed(3)};
  xs::Training training(net, support::Descent{});
  xs::ThreadPool threads(thread_count);
  for (options.step = 0; options.step < 4; ++options.step)
    CHECK(training.step(batch(net, 7, options.step), options, threads).finite);
  return support::all_parameters(net);
}

/// Gradients by differences; the same bits on 1, 2 and 3 threads, whether they are applied at once or stored.
template <class Net, class MakeBatch>
void all(std::size_t least, const MakeBatch& batch) {
  Net net{xs::seed(2)};
  gradients(net, batch, least);
  const std::vector<float> one = trained<Net>(batch, 1);
  CHECK_FALSE(support::same_bits(one, support::all_parameters(Net{xs::seed(3)})));
  for (const std::size_t threads : {1U, 2U, 3U}) {
    CHECK(support::same_bits(trained<Net>(batch, threads), one));
    CHECK(support::same_bits(trained<Net>(batch, threads, {.store_gradients = true}), one));
  }
}
template <class Net>
void all(std::size_t least) {
  all<Net>(least, [](const xs::AnyNet& net, std::size_t size, std::uint64_t seed) {
    return support::random_batch(net, size, seed);
  });
}

}  // namespace checks
