// A pool of which the system refuses a thread joins the others and throws; it neither hangs nor ends the program.
#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/core/threads.hpp>

#include <atomic>
#include <string>

#include "refused_threads.hpp"

namespace xs = xstitch;

TEST_CASE("a pool whose third, first or last thread cannot be started throws, and the next pool works") {
  for (const int granted : {2, 0, 1, 5}) {
    CAPTURE(granted);
    threads_left = granted;
    threads_started = 0;
    const std::size_t threads = granted == 5 ? 7 : 4;  // the caller is one of them
    const std::string text = "thread pool: thread " + std::to_string(granted + 1) + " of " +
                             std::to_string(threads - 1) + " could not be started";
    CHECK_THROWS_WITH_AS(xs::ThreadPool{threads}, doctest::Contains(text.c_str()), xs::Error);
    CHECK(threads_started.load() == granted);
    threads_left = -1;
    xs::ThreadPool pool(4);
    std::atomic<int> calls{0};
    pool.parallel_for(100, [&](std::size_t) { calls.fetch_add(1); });
    CHECK(calls.load() == 100);
  }
}

TEST_CASE("a pool of the caller alone needs no thread of the system") {
  threads_left = 0;
  xs::ThreadPool pool(1);
  int calls = 0;
  pool.parallel_for(10, [&](std::size_t) { ++calls; });
  CHECK(calls == 10);
  threads_left = -1;
}

TEST_CASE("of more threads than the most none is started, and the most is stated") {
  for (const std::size_t threads : {std::size_t{100'000}, xs::max_threads + 1, ~std::size_t{0}}) {
    threads_started = 0;
    const std::string text =
        "found " + std::to_string(threads) + " threads, expected at most " + std::to_string(xs::max_threads);
    CHECK_THROWS_WITH_AS(xs::ThreadPool{threads}, ("thread pool: " + text).c_str(), xs::Error);
    CHECK(threads_started.load() == 0);
  }
}
