#include "toy.hpp"

#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <map>

using namespace toy;

namespace {

const xs::Sgd sgd{.learning_rate = 0.02F, .momentum = 0.9F, .alpha_multiplier = 10.0F};

struct Killed {};

/// The three trainings of a stitched pair. `kill` counts steps over the whole job; 0 lets it run.
struct Job {
  std::filesystem::path folder;
  bool resume = false;
  std::uint64_t kill = 0, steps = 0;
  std::atomic<bool>* stop_at_kill = nullptr;
  std::vector<float> parameters{};
  std::vector<xs::TrainResult> results{};
  std::map<std::string, std::string> states{};

  void run() {
    const Stripes data;
    xs::TrainOptions options;
    options.iterations = 6;
    options.batch = 5;
    options.threads = 1;
    options.output = nullptr;
    options.checkpoint_every = 2;
    options.log_every = 3;
    options.after_step = [this](std::uint64_t, const xs::StepResult&) {
      if (++steps != kill) return;
      if (stop_at_kill == nullptr) throw Killed{};
      *stop_at_kill = true;
    };
    xs::TrainingJob job(folder, {.resume = resume, .stop = stop_at_kill});
    OneTaskA a{xs::seed(1)};
    OneTaskB b{xs::seed(1)};
    Pair pair{xs::seed(1)};
    results.push_back(job.train("a", a, data, sgd, options));
    results.push_back(job.train("b", b, data, sgd, options));
    if (job.complete()) {
      xs::initialise_from(pair, a);
      xs::initialise_from(pair, b);
    }
    results.push_back(job.train("pair", pair, data, sgd, options));
    for (const char* stage : {"a", "b", "pair"}) states[stage] = job.state(stage);
    parameters = values(pair);
  }
};

}  // namespace

TEST_CASE("killed anywhere in any of three trainings and resumed: the same bits and logs") {
  const Folder whole("job_whole");
  Job expected{.folder = whole.path};
  expected.run();
  CHECK(expected.steps == 18);
  CHECK(expected.states["pair"] == "finished");
  for (std::uint64_t kill = 1; kill <= 18; ++kill) {
    CAPTURE(kill);
    const Folder folder("job_killed");
    Job first{.folder = folder.path, .kill = kill};
    CHECK_THROWS_AS(first.run(), Killed);
    Job second{.folder = folder.path, .resume = true};
    second.run();
    // finished trainings are not repeated, the killed one continues from its checkpoint (one every two steps)
    CHECK(second.steps == 18 - (kill - 1) / 6 * 6 - (kill - 1) % 6 / 2 * 2);
    CHECK(same_bits(second.parameters, expected.parameters));
    for (const char* stage : {"a", "b", "pair"})
      CHECK(xs::read_file(folder.path / stage / "log.jsonl") == xs::read_file(whole.path / stage / "log.jsonl"));
  }
}

TEST_CASE("stopped in the second training: the third does nothing until the job continues") {
  const Folder whole("job_whole2"), folder("job_stopped");
  Job expected{.folder = whole.path};
  expected.run();
  std::atomic<bool> stop{false};
  Job first{.folder = folder.path, .kill = 9, .stop_at_kill = &stop};
  first.run();
  CHECK(first.steps == 9);
  CHECK(first.results[0].finished());
  CHECK(first.results[1].reason == xs::StopReason::interrupted);
  CHECK(first.results[1].iterations == 3);
  CHECK(first.results[2].message.find("not begun") != std::string::npos);
  CHECK(first.states["a"] == "finished");
  CHECK(first.states["b"] == "interrupted");
  CHECK(first.states["pair"].empty());
  Job second{.folder = folder.path, .resume = true};
  second.run();
  CHECK(second.steps == 9);
  CHECK(second.results[0].message.find("finished before") != std::string::npos);
  CHECK(same_bits(second.parameters, expected.parameters));
}

TEST_CASE("without resume the job starts again") {
  const Folder folder("job_anew");
  Job first{.folder = folder.path}, second{.folder = folder.path};
  first.run();
  second.run();
  CHECK(second.steps == 18);
  CHECK(same_bits(first.parameters, second.parameters));
}

TEST_CASE("other settings, broken manifests and impossible names are refused") {
  const Folder folder("job_wrong");
  const Stripes data;
  OneTaskA a{xs::seed(1)};
  xs::TrainOptions options;
  options.iterations = 2;
  options.batch = 5;
  options.output = nullptr;
  {
    xs::TrainingJob job(folder.path);
    job.train("a", a, data, sgd, options);
    for (const char* name : {"", ".", "..", "x/y"}) CHECK_THROWS_AS(job.train(name, a, data, sgd, options), xs::Error);
  }
  {
    xs::TrainingJob job(folder.path, {.resume = true});
    options.iterations = 3;
    const std::string error = error_of([&] { job.train("a", a, data, sgd, options); });
    CHECK(error.find("stage \"a\"") != std::string::npos);
    CHECK(error.find("total: then 2, now 3") != std::string::npos);
  }
  const std::string good = xs::read_file(folder.path / "job.json");
  for (std::size_t i = 0; i + 2 < good.size(); i += 7) {  // the last two characters are } and a line end
    xs::write_file_atomically(folder.path / "job.json", good.substr(0, i));
    CHECK(error_of([&] { xs::TrainingJob job(folder.path, {.resume = true}); }).find("job.json") != std::string::npos);
  }
  xs::write_file_atomically(folder.path / "job.json", "{\"version\": 3, \"job\": \"0\", \"stages\": []}");
  CHECK(error_of([&] { xs::TrainingJob job(folder.path, {.resume = true}); }).ends_with("version 3, expected 2"));
  xs::write_file_atomically(folder.path / "job.json", "{\"version\": 2, \"job\": \"0\", \"stages\": [{}]}");
  CHECK(error_of([&] { xs::TrainingJob job(folder.path, {.resume = true}); }).find("\"name\"") != std::string::npos);
}
