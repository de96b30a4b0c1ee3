#include <doctest/doctest.h>

#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/threads.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace xs = xstitch;

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts what the pool allocates, on any thread.
// (Not inlined: g++ would take the malloc inside for a mismatch with the delete outside.)
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

// Half the smallest normal number, by a product that the compiler cannot do in advance.
float make_denormal() {
  volatile float smallest = std::numeric_limits<float>::min();
  return smallest * 0.5F;
}

}  // namespace

TEST_CASE("size counts the caller, and 0 asks the machine") {
  CHECK(xs::ThreadPool(1).size() == 1);
  CHECK(xs::ThreadPool(2).size() == 2);
  CHECK(xs::ThreadPool(7).size() == 7);
  CHECK(xs::ThreadPool().size() >= 1);
}

TEST_CASE("every index is called exactly once") {
  for (const std::size_t threads : {1U, 2U, 3U, 7U}) {
    xs::ThreadPool pool(threads);
    for (const std::size_t count : {0U, 1U, 2U, 3U, 5U, 8U, 64U, 1000U, 4099U}) {
      std::vector<std::atomic<int>> calls(count);
      pool.parallel_for(count, [&](std::size_t i) { calls[i].fetch_add(1, std::memory_order_relaxed); });
      std::size_t once = 0;
      for (const auto& c : calls) once += c.load() == 1;
      CAPTURE(threads);
      CAPTURE(count);
      CHECK(once == count);
    }
  }
}

TEST_CASE("many short calls in a row lose nothing") {
  for (const std::size_t threads : {2U, 3U, 7U}) {
    xs::ThreadPool pool(threads);
    std::vector<std::uint64_t> sums(16, 0);
    constexpr std::uint64_t rounds = 500;
    for (std::uint64_t round = 0; round < rounds; ++round)
      pool.parallel_for(sums.size(), [&](std::size_t i) { sums[i] += round + i; });
    for (std::size_t i = 0; i < sums.size(); ++i) CHECK(sums[i] == rounds * (rounds - 1) / 2 + rounds * i);
  }
}

TEST_CASE("what the tasks wrote is visible to the caller, and to the next call's tasks") {
  xs::ThreadPool pool(3);
  std::vector<int> values(100, 0);
  for (int round = 1; round <= 200; ++round) {
    pool.parallel_for(values.size(), [&](std::size_t i) { values[values.size() - 1 - i] += 1; });
    REQUIRE(std::accumulate(values.begin(), values.end(), 0) == 100 * round);
  }
}

TEST_CASE("a pool that has gone to sleep wakes up") {
  xs::ThreadPool pool(3);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // past the workers' spinning
    std::atomic<int> calls{0};
    pool.parallel_for(10, [&](std::size_t) { calls.fetch_add(1); });
    CHECK(calls.load() == 10);
  }
}

TEST_CASE("the caller waits for a slow task of a worker") {
  xs::ThreadPool pool(2);
  std::atomic<int> finished{0};
  pool.parallel_for(2, [&](std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    finished.fetch_add(1);
  });
  CHECK(finished.load() == 2);
}

TEST_CASE("the workers take part") {
  xs::ThreadPool pool(2);
  // Both tasks wait for each other, so that one thread alone could never finish them.
  std::atomic<int> arrived{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool.parallel_for(2, [&](std::size_t) {
    arrived.fetch_add(1);
    while (arrived.load() < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  });
  CHECK(arrived.load() == 2);
  CHECK(std::chrono::steady_clock::now() < deadline);
}

TEST_CASE("results cut by the problem have the same bits on any number of threads") {
  const xs::RandomKey key = xs::RandomKey(xs::seed(3)).with("sum");
  constexpr std::size_t count = 40'000, chunk = 1024, chunks = (count + chunk - 1) / chunk;
  const auto sum = [&](std::size_t threads) {
    xs::ThreadPool pool(threads);
    std::vector<float> partial(chunks, 0.0F);
    pool.parallel_for(chunks, [&](std::size_t c) {
      for (std::size_t i = c * chunk; i < std::min(count, (c + 1) * chunk); ++i) partial[c] += key.normal(i);
    });
    float total = 0.0F;
    for (const float p : partial) total += p;
    return std::bit_cast<std::uint32_t>(total);
  };
  const std::uint32_t one = sum(1);
  for (const std::size_t threads : {2U, 3U, 7U}) CHECK(sum(threads) == one);
}

TEST_CASE("an exception of a task reaches the caller and leaves the pool usable") {
  for (const std::size_t threads : {1U, 2U, 3U, 7U}) {
    xs::ThreadPool pool(threads);
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_WITH_AS(pool.parallel_for(100,
                                             [&](std::size_t i) {
                                               if (i == 13) throw std::runtime_error("task 13");
                                             }),
                           "task 13", std::runtime_error);
      std::atomic<std::size_t> calls{0};
      pool.parallel_for(100, [&](std::size_t) { calls.fetch_add(1); });
      REQUIRE(calls.load() == 100);
    }
  }
}

TEST_CASE("when every task throws, the caller gets one exception") {
  xs::ThreadPool pool(3);
  for (int round = 0; round < 50; ++round) {
    int caught = -1;
    try {
      pool.parallel_for(30, [](std::size_t i) { throw static_cast<int>(i); });
    } catch (int i) {
      caught = i;
    }
    CHECK(caught >= 0);
    CHECK(caught < 30);
  }
}

TEST_CASE("after an exception the tasks not yet started are skipped") {
  xs::ThreadPool pool(2);
  std::atomic<std::size_t> calls{0};
  CHECK_THROWS(pool.parallel_for(1'000'000, [&](std::size_t i) {
    calls.fetch_add(1, std::memory_order_relaxed);
    if (i == 0) throw std::runtime_error("early");
  }));
  CHECK(calls.load() >= 1);
  CHECK(calls.load() < 1'000'000);
}

#if defined(__SSE2__) || defined(__aarch64__)
TEST_CASE("denormals are flushed on every thread inside, and the caller's mode comes back") {
  REQUIRE(make_denormal() != 0.0F);  // the mode of this test program before
  for (const std::size_t threads : {1U, 2U, 3U}) {
    xs::ThreadPool pool(threads);
    for (const std::size_t count : {1U, 64U}) {
      std::vector<float> results(count, 1.0F);
      pool.parallel_for(count, [&](std::size_t i) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));  // so that every thread gets some
        results[i] = make_denormal();
      });
      for (const float r : results) CHECK(r == 0.0F);
      CHECK(make_denormal() != 0.0F);
    }
    CHECK_THROWS(pool.parallel_for(8, [](std::size_t) { throw 1; }));
    CHECK(make_denormal() != 0.0F);
  }
}

TEST_CASE("a caller that flushes denormals already still does afterwards") {
  xs::ThreadPool pool(2);
  const xs::FlushDenormals flush;
  CHECK(make_denormal() == 0.0F);
  pool.parallel_for(4, [](std::size_t) {});
  CHECK(make_denormal() == 0.0F);
}
#endif

TEST_CASE("a call allocates nothing") {
  xs::ThreadPool pool(3);
  std::vector<double> values(512, 1.0);
  pool.parallel_for(values.size(), [&](std::size_t i) { values[i] *= 2.0; });  // the threads have started
  const std::size_t before = allocations.load();
  for (int round = 0; round < 100; ++round) {
    // Captures of more than a pointer: a closure on the heap would show.
    const double a = round, b = 2.0, c = 3.0, d = 4.0;
    pool.parallel_for(values.size(), [&values, a, b, c, d](std::size_t i) { values[i] = a + b * c - d; });
  }
  const std::size_t after = allocations.load();
  CHECK(after == before);
  void* counted = ::operator new(8);  // the counter itself works; a new-expression may be optimised away
  CHECK(allocations.load() > after);
  ::operator delete(counted);
}

TEST_CASE("any callable will do: a const object, a function, one that returns something") {
  struct Adder {
    std::atomic<int>* sum;
    void operator()(std::size_t i) const { sum->fetch_add(static_cast<int>(i)); }
  };
  xs::ThreadPool pool(2);
  std::atomic<int> sum{0};
  const Adder adder{&sum};
  pool.parallel_for(10, adder);
  pool.parallel_for(10, Adder{&sum});
  pool.parallel_for(10, [&](std::size_t i) { return sum.fetch_add(static_cast<int>(i)); });
  CHECK(sum.load() == 3 * 45);
}

TEST_CASE("a task may use a pool of its own") {
  xs::ThreadPool outer(2), inner(2);
  std::atomic<int> calls{0};
  outer.parallel_for(1, [&](std::size_t) { inner.parallel_for(10, [&](std::size_t) { calls.fetch_add(1); }); });
  CHECK(calls.load() == 10);
}

TEST_CASE("a call from inside a task of the same pool does its work, all of it and once") {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    CAPTURE(threads);
    xs::ThreadPool pool(threads);
    std::vector<std::atomic<int>> calls(40 * 50);
    pool.parallel_for(
        40, [&](std::size_t i) { pool.parallel_for(50, [&](std::size_t k) { calls[i * 50 + k].fetch_add(1); }); });
    CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& c) { return c.load() == 1; }));
    // Three deep, and an exception from the innermost.
    std::atomic<int> deep{0};
    pool.parallel_for(5, [&](std::size_t) {
      pool.parallel_for(4, [&](std::size_t) { pool.parallel_for(3, [&](std::size_t) { deep.fetch_add(1); }); });
    });
    CHECK(deep.load() == 60);
    CHECK_THROWS_WITH_AS(pool.parallel_for(6,
                                           [&](std::size_t i) {
                                             pool.parallel_for(7, [&](std::size_t k) {
                                               if (i == 3 && k == 5) throw std::runtime_error("inside");
                                             });
                                           }),
                         "inside", std::runtime_error);
    deep = 0;
    pool.parallel_for(100, [&](std::size_t) { deep.fetch_add(1); });
    CHECK(deep.load() == 100);
  }
}

TEST_CASE("two pools that call each other from their tasks do not lock up") {
  xs::ThreadPool first(3), second(3);
  std::atomic<int> calls{0};
  for (int round = 0; round < 20; ++round)
    first.parallel_for(4, [&](std::size_t) {
      second.parallel_for(4, [&](std::size_t) { first.parallel_for(4, [&](std::size_t) { calls.fetch_add(1); }); });
    });
  CHECK(calls.load() == 20 * 64);
}

TEST_CASE("calls from several threads at once lose nothing") {
  xs::ThreadPool pool(3);
  constexpr std::size_t callers = 4, rounds = 200, count = 37;
  std::vector<std::vector<int>> calls(callers, std::vector<int>(count, 0));
  std::vector<int> caught(callers, 0);
  std::vector<std::thread> threads;
  for (std::size_t c = 0; c < callers; ++c)
    threads.emplace_back([&, c] {
      for (std::size_t round = 0; round < rounds; ++round) {
        pool.parallel_for(count, [&](std::size_t i) { ++calls[c][i]; });
        try {  // each gets its own exceptions, and no other's
          pool.parallel_for(5, [&](std::size_t i) {
            if (i == 2) throw static_cast<int>(c);
          });
        } catch (int who) {
          caught[c] += who == static_cast<int>(c) ? 1 : -1000;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t c = 0; c < callers; ++c) {
    CHECK(std::all_of(calls[c].begin(), calls[c].end(), [](int n) { return n == static_cast<int>(rounds); }));
    CHECK(caught[c] == static_cast<int>(rounds));
  }
}

TEST_CASE("a number of threads that cannot be is refused by name") {
  volatile std::size_t threads = ~std::size_t{0};
  CHECK_THROWS_WITH_AS(xs::ThreadPool{threads},
                       "thread pool: found 18446744073709551615 threads, expected at most 4096", xs::Error);
  threads = 4097;
  CHECK_THROWS_WITH_AS(xs::ThreadPool{threads}, "thread pool: found 4097 threads, expected at most 4096", xs::Error);
}

TEST_CASE("pools come and go, used or not") {
  for (int round = 0; round < 50; ++round) {
    xs::ThreadPool unused(3);
    xs::ThreadPool used(2);
    int values[4] = {};
    used.parallel_for(4, [&](std::size_t i) { values[i] = 1; });
    CHECK(values[0] + values[1] + values[2] + values[3] == 4);
  }
}
