// Usage: attack_soak FOLDER [--minutes M] [--every SECONDS]
// Trains for so long, with loader threads, evaluations, checkpoints, event files and a log, in rounds that are
// interrupted and resumed, and asks meanwhile what the process holds: resident memory, bytes on the heap, descriptors,
// threads. Nothing of it may grow after the tenth minute (of less than 40 minutes: after a quarter). Every sample goes
// to FOLDER/soak.csv; the exit code is 1 if something grew.
#include "../train/toy.hpp"

#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <malloc.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace xs = xstitch;

namespace {

/// What the process holds, after so many seconds.
struct Held {
  double seconds = 0;
  long resident = 0;  ///< KiB
  long heap = 0;      ///< KiB that are allocated
  long descriptors = 0, threads = 0;
  long steps = 0, rounds = 0;
};

long entries(const char* folder) { return static_cast<long>(xs::file::names_in(folder).size()); }

Held held_now() {
  Held held;
  long all = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  held.resident = pages * (::sysconf(_SC_PAGESIZE) / 1024);
  held.heap = static_cast<long>(::mallinfo2().uordblks / 1024);
  held.descriptors = entries("/proc/self/fd") - 1;  // without the one that looks
  held.threads = entries("/proc/self/task");
  return held;
}

/// The most between two times.
long most(const std::vector<Held>& curve, long Held::*what, double from, double to) {
  long found = 0;
  for (const Held& held : curve)
    if (held.seconds >= from && held.seconds <= to) found = std::max(found, held.*what);
  return found;
}

struct Soak {
  std::filesystem::path folder;
  double length = 7200, every = 10;  // seconds
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::vector<Held> curve{};
  long steps = 0, rounds = 0;
  double next = 0;
  std::ofstream table{};

  [[nodiscard]] double now() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  void look() {
    if (now() < next) return;
    Held held = held_now();
    held.seconds = now();
    held.steps = steps;
    held.rounds = rounds;
    next = held.seconds + every;
    curve.push_back(held);
    table << static_cast<long>(held.seconds) << ',' << held.resident << ',' << held.heap << ',' << held.descriptors
          << ',' << held.threads << ',' << held.steps << ',' << held.rounds << std::endl;
  }

  /// A job of one stage: interrupted in the middle, and resumed to its end.
  void round() {
    std::filesystem::remove_all(folder / "job");
    for (const bool resume : {false, true}) {
      std::atomic<bool> stop = false;
      toy::Pair net{xs::seed(1)};
      xs::TrainingJob job(folder / "job", {.resume = resume, .stop = &stop});
      xs::TrainOptions options;
      options.iterations = 10'000;
      options.batch = 4;
      options.threads = 1;
      options.loader_threads = 2;
      options.augment.mirror = true;
      options.evaluation = evaluation;
      options.evaluate_every = 100;
      options.checkpoint_every = 250;
      options.log_every = 20;
      options.weight_average = xs::WeightAverage{};
      options.tensorboard.folder = folder / "job" / "events";
      options.output = nullptr;
      options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
        ++steps;
        look();
        if ((step == 5'000 && !resume) || now() >= length) stop = true;
      };
      job.train("pair", net, data, xs::Sgd{.learning_rate = 0.01F, .momentum = 0.9F}, options);
    }
    ++rounds;
  }

  /// Whether nothing grew, and says what did.
  [[nodiscard]] bool judge() const {
    const double warm = std::min(600.0, length / 4), last = length - (length - warm) / 4;
    bool good = true;
    const auto compare = [&](const char* name, long Held::*what, long allowed) {
      const long before = most(curve, what, 0, warm), after = most(curve, what, last, 2 * length);
      const bool grew = after > before + allowed;
      std::printf("%-14s %8ld at most until minute %.1f, %8ld at most from minute %.1f on%s\n", name, before, warm / 60,
                  after, last / 60, grew ? ": GREW" : "");
      good = good && !grew;
    };
    std::printf("%ld steps in %ld rounds, %.1f minutes, %zu samples\n", steps, rounds, now() / 60, curve.size());
    compare("resident KiB", &Held::resident, 1024);
    compare("heap KiB", &Held::heap, 256);
    compare("descriptors", &Held::descriptors, 0);
    compare("threads", &Held::threads, 0);
    return good;
  }

 private:
  toy::Stripes data{22, 1}, evaluation{10, 7};
};

}  // namespace

int main(int count, char** arguments) {
  try {
    Soak soak;
    for (int i = 1; i < count; ++i) {
      const std::string option = arguments[i];
      if (option == "--minutes" && i + 1 < count)
        soak.length = 60 * std::stod(arguments[++i]);
      else if (option == "--every" && i + 1 < count)
        soak.every = std::stod(arguments[++i]);
      else
        soak.folder = option;
    }
    if (soak.folder.empty()) xs::fail("usage: attack_soak FOLDER [--minutes M] [--every SECONDS]");
    xs::make_folder(soak.folder);
    soak.table.open(soak.folder / "soak.csv");
    soak.table << "second,resident_kib,heap_kib,descriptors,threads,steps,rounds" << std::endl;
    while (soak.now() < soak.length) soak.round();
    return soak.judge() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
