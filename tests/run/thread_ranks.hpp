#pragma once
// Ranks that are threads of one process and send through memory: what several ranks do, without MPI.
#include <xstitch/run/ranks.hpp>

#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

namespace xs = xstitch;

class ThreadRanks : public xs::Ranks {
 public:
  /// What the ranks share.
  struct World {
    explicit World(std::size_t count) : own(count), counts(count) {}
    std::vector<std::span<const std::byte>> own;       ///< [rank]
    std::vector<std::span<const std::size_t>> counts;  ///< [rank]
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t arrived = 0, generation = 0;
    std::string aborted;

    void meet() {
      std::unique_lock lock(mutex);
      const std::size_t mine = generation;
      if (++arrived == own.size()) {
        arrived = 0;
        ++generation;
        changed.notify_all();
      }
      changed.wait(lock, [&] { return generation != mine || !aborted.empty(); });
      if (generation == mine) throw xs::Error("another rank ended: " + aborted);
    }
  };

  ThreadRanks(World& world, std::size_t rank, bool any_thread = true)
      : world_(world), rank_(rank), any_thread_(any_thread) {}

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t ranks() const override { return world_.own.size(); }
  [[nodiscard]] std::string place() const override { return "thread " + std::to_string(rank_); }
  [[nodiscard]] bool any_thread() const override { return any_thread_; }

  void broadcast(std::size_t from, std::span<std::byte> bytes) override {
    world_.own[rank_] = bytes;
    world_.meet();
    if (rank_ != from) std::memcpy(bytes.data(), world_.own[from].data(), bytes.size());
    world_.meet();
  }
  void gather(std::span<const std::byte> own, std::span<std::byte> all, std::span<const std::size_t> counts) override {
    world_.own[rank_] = own;
    world_.meet();
    std::size_t at = 0;
    for (std::size_t r = 0; r < ranks(); ++r) {
      REQUIRE(world_.own[r].size() == counts[r]);
      if (counts[r] > 0 && all.data() + at != world_.own[r].data())
        std::memcpy(all.data() + at, world_.own[r].data(), counts[r]);
      at += counts[r];
    }
    world_.meet();
  }
  void exchange(std::span<const std::byte> own, std::span<const std::size_t> sent, std::span<std::byte> all,
                std::span<const std::size_t> received) override {
    world_.own[rank_] = own;
    world_.counts[rank_] = sent;
    world_.meet();
    std::size_t at = 0;
    for (std::size_t r = 0; r < ranks(); ++r) {
      std::size_t from = 0;
      for (std::size_t k = 0; k < rank_; ++k) from += world_.counts[r][k];
      REQUIRE(world_.counts[r][rank_] == received[r]);
      if (received[r] > 0) std::memcpy(all.data() + at, world_.own[r].data() + from, received[r]);
      at += received[r];
    }
    world_.meet();
  }
  [[noreturn]] void abort(const std::string& why) override {
    {
      const std::lock_guard lock(world_.mutex);
      if (world_.aborted.empty()) world_.aborted = why;
    }
    world_.changed.notify_all();
    throw xs::Error("aborted: " + why);
  }

 private:
  World& world_;
  std::size_t rank_;
  bool any_thread_;
};

/// Runs work(ranks) on so many threads.
inline void on_ranks(std::size_t count, const std::function<void(std::shared_ptr<xs::Ranks>)>& work,
                     bool any_thread = true) {
  ThreadRanks::World world(count);
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank < count; ++rank)
    threads.emplace_back([&, rank] { work(std::make_shared<ThreadRanks>(world, rank, any_thread)); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace support
