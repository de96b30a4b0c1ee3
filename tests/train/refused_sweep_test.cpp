// A small job in processes of their own, of which each is refused one allocation, all from one on, or its threads: it
// ends with xs::Error, with std::bad_alloc that reaches the caller, or well; never by a signal, never hanging. What it
// leaves behind is of the same identity, and a resume ends with the same bits as a job that nothing happened to.
//
// A sample of them; with XSTITCH_EXHAUSTIVE in the environment all.
#include <doctest/doctest.h>

#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/mman.h>
#include <sys/wait.h>

#include "../core/refused_memory.hpp"
#include "../core/refused_threads.hpp"
#include "toy.hpp"

using namespace toy;

namespace {

enum class End : int { well, error, no_memory, other, unfinished };

struct Refusal {
  long allocations = -1;  ///< that succeed; negative: all
  bool for_good = false;
  int threads = -1;  ///< that are started; negative: all
};

/// What the processes of the job tell this one.
struct Shared {
  long allocations = 0, refused = 0;
  int threads = 0;
};
Shared& shared() {
  static auto* const memory =
      static_cast<Shared*>(::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  return *memory;
}

/// Two stages; their weights at the end are in the file "weights".
End run_job(const std::filesystem::path& folder, bool resume) {
  const Stripes data{22, 1}, test{5, 7};
  OneTaskA a{xs::seed(1)};
  Pair pair{xs::seed(1)};
  xs::TrainOptions options;
  options.iterations = 4;
  options.batch = 4;
  options.threads = 2;
  options.loader_threads = 1;
  options.checkpoint_every = 2;
  options.evaluation = test;
  options.evaluate_every = 3;
  options.log_every = 2;
  options.augment.mirror = true;
  options.schedule = xs::Schedule::warm_up(2, xs::Schedule::polynomial(0.9));
  options.output = nullptr;
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 1e-3F};
  xs::TrainingJob job(folder / "job", {.resume = resume});
  if (!job.train("a", a, data, sgd, options).finished()) return End::unfinished;
  xs::initialise_from(pair, a);
  if (!job.train("pair", pair, data, sgd, options).finished()) return End::unfinished;
  allocations_left = -1;
  const std::vector<float> all = values(pair);
  xs::write_file_atomically(folder / "weights",
                            {reinterpret_cast<const char*>(all.data()), all.size() * sizeof(float)});
  return End::well;
}

/// The job in a process of its own; a signal's number, negative, if one ended it.
int end_of_job(const std::filesystem::path& folder, bool resume, const Refusal& refusal = {}) {
  shared() = {};  // mapped before the process parts in two
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(60);
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) std::signal(signal, SIG_DFL);  // not doctest's
    End end = End::other;
    allocations_made = 0;
    allocations_refused = 0;
    threads_started = 0;
    refused_for_good = refusal.for_good;
    threads_left = refusal.threads;
    allocations_left = refusal.allocations;
    try {
      end = run_job(folder, resume);
    } catch (const xs::Error&) {
      end = End::error;
    } catch (const std::bad_alloc&) {
      end = End::no_memory;
    } catch (...) {
    }
    shared() = {allocations_made, allocations_refused, threads_started};
    ::_exit(static_cast<int>(end));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// The settings of the stages that a manifest holds must be those of the whole job's.
bool same_settings(const std::filesystem::path& folder, const xs::Json& whole) {
  const std::filesystem::path path = folder / "job" / "job.json";
  if (!xs::file_exists(path)) return true;
  const xs::Json manifest = xs::Json::parse(xs::read_file(path));
  const xs::Json::Array& stages = manifest.at("stages").array();
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const xs::Json::Object& found = stages[i].at("settings").object();
    const xs::Json& expected = whole.at("stages").array()[i].at("settings");
    if (found.size() != expected.object().size()) return false;
    for (const auto& [name, value] : found)
      if (name != "job" && !(value == expected.at(name))) return false;  // each job has an identity at random
  }
  return true;
}

struct Whole {
  Folder folder{"refused_whole"};
  std::string weights;
  xs::Json manifest;
  Shared counts;
  Whole() {
    REQUIRE(end_of_job(folder.path, false) == static_cast<int>(End::well));
    counts = shared();
    weights = xs::read_file(folder.path / "weights");
    manifest = xs::Json::parse(xs::read_file(folder.path / "job" / "job.json"));
    REQUIRE(counts.allocations > 100);
    REQUIRE(counts.threads >= 2);
  }
};

/// False if nothing was left to be refused.
bool check_refusal(const Whole& whole, const Refusal& refusal) {
  const Folder folder("refused");
  CAPTURE(refusal.allocations);
  CAPTURE(refusal.for_good);
  CAPTURE(refusal.threads);
  const int end = end_of_job(folder.path, false, refusal);
  const bool met = end != static_cast<int>(End::well) || shared().refused > 0;
  CHECK(end >= static_cast<int>(End::well));
  CHECK(end <= static_cast<int>(End::no_memory));
  if (end == static_cast<int>(End::well)) CHECK(xs::read_file(folder.path / "weights") == whole.weights);
  CHECK(same_settings(folder.path, whole.manifest));
  // A resume that is refused something in its turn, at another place, and one that is not.
  Refusal other = refusal;
  if (refusal.allocations >= 0) other.allocations = refusal.allocations * 7 % whole.counts.allocations;
  const int again = end_of_job(folder.path, true, other);
  CHECK(again >= static_cast<int>(End::well));
  CHECK(again <= static_cast<int>(End::no_memory));
  CHECK(same_settings(folder.path, whole.manifest));
  CHECK(end_of_job(folder.path, true) == static_cast<int>(End::well));
  CHECK(xs::read_file(folder.path / "weights") == whole.weights);
  return met;
}

}  // namespace

TEST_CASE("every k-th allocation of a job is refused") {
  const Whole whole;
  const long most = std::getenv("XSTITCH_EXHAUSTIVE") != nullptr ? 1'000'000 : 24;
  const long step = std::max(1L, whole.counts.allocations / most);
  long met = 0, tried = 0;
  for (long k = 0; k < whole.counts.allocations; k += step, ++tried)
    met += check_refusal(whole, {.allocations = k, .for_good = tried % 2 == 1}) ? 1 : 0;
  CHECK(met > tried / 2);
}

TEST_CASE("the first, second ... thread of a job and all after it are refused") {
  const Whole whole;
  for (int k = 0; k < whole.counts.threads; ++k) CHECK(check_refusal(whole, {.threads = k}));
}
