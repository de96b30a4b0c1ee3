// Training over ranks (train/distributed.hpp), which are threads here; tests/mpi has processes. The bits do not depend
// on the number of ranks.
#include <xstitch/train/balance/uncertainty.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <sstream>

#include "../run/thread_ranks.hpp"
#include "toy.hpp"

namespace xs = xstitch;
using toy::Pair;

namespace {

struct Settings {
  std::string folder{};
  std::uint64_t iterations = 7;
  std::size_t accumulate = 4;
  bool resume = false;
  std::uint64_t stop_after = 0;  ///< on the last rank
  bool broken = false;           ///< samples of the last rank do not load
  std::uint64_t other_seed = 0;  ///< of the last rank
  bool share = false;            ///< the optimizer's state shared out
};

struct Outcome {
  std::vector<float> parameters;
  xs::TrainResult result;
  std::string error, output;
};

struct Breaking : toy::Stripes {
  bool broken = false;
  void load(std::size_t index, xs::Sample& sample) const {
    if (broken && index % 3 == 2) xs::fail("the disk is gone");  // not those that are looked at before the first step
    toy::Stripes::load(index, sample);
  }
};

/// Every rank's outcome. 0 ranks: one process by itself.
std::vector<Outcome> train(std::size_t ranks, const Settings& settings) {
  std::vector<Outcome> outcomes(std::max<std::size_t>(1, ranks));
  const auto work = [&](const std::shared_ptr<xs::Ranks>& own) {
    const std::size_t rank = own ? own->rank() : 0;
    const bool last = rank + 1 == outcomes.size();
    Outcome& outcome = outcomes[rank];
    std::ostringstream output;
    try {
      Pair net{xs::seed(last && settings.other_seed > 0 ? settings.other_seed : 5)};
      Breaking data;
      data.broken = last && settings.broken;
      std::atomic<bool> stop{false};
      xs::TrainOptions options{.iterations = settings.iterations,
                               .batch = 10,  // of 22 samples: the last one of an epoch has 2
                               .threads = 1,
                               .augment = {.mirror = true},
                               .accumulate = settings.accumulate,
                               .weight_average = xs::WeightAverage{},
                               .evaluate_every = settings.broken ? 0U : 3U,
                               .checkpoint_directory = settings.folder,
                               .checkpoint_every = settings.folder.empty() ? 0U : 2U,
                               .resume = settings.resume,
                               .log_every = 1,
                               .stop = &stop,
                               .output = &output};
      if (!settings.broken) options.evaluation = xs::DataSetRef(data);
      if (!settings.folder.empty()) options.log_file = settings.folder + "/log.jsonl";
      if (own)
        options.distributed = {own,
                               {.factors = false, .first_bucket = 64, .bucket = 1000, .share_state = settings.share}};
      options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
        if (last && step == settings.stop_after) stop = true;
      };
      outcome.result = xs::train(net, data, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F}, options);
      outcome.parameters = toy::values(net);
    } catch (const xs::Error& error) {
      outcome.error = error.what();
    }
    outcome.output = output.str();
  };
  if (ranks == 0)
    work(nullptr);
  else
    support::on_ranks(ranks, work);
  return outcomes;
}

void check_same(const Outcome& a, const Outcome& b) {
  CHECK(a.error == "");
  CHECK(toy::same_bits(a.parameters, b.parameters));
  REQUIRE(a.result.history.size() == b.result.history.size());
  for (std::size_t k = 0; k < a.result.history.size(); ++k)
    CHECK(a.result.history[k].losses == b.result.history[k].losses);
  CHECK(a.result.best_score == b.result.best_score);
  CHECK(a.result.best_step == b.result.best_step);
}

}  // namespace

TEST_CASE("1, 2, 3 and 4 ranks have the bits of one process that accumulates: parameters, losses, scores, files") {
  const toy::Folder one("distributed_one"), more("distributed_more");
  const std::vector<Outcome> alone = train(0, {.folder = one.path.string()});
  std::string log;
  for (const std::size_t ranks : {1U, 2U, 3U, 4U}) {
    CAPTURE(ranks);
    const bool share = ranks != 2;
    const std::vector<Outcome> outcomes = train(ranks, {.folder = more.path.string(), .share = share});
    CHECK((outcomes[0].output.find("the optimizer's state is shared out: rank 0 has 0.0 MiB of 0.0 MiB") !=
           std::string::npos) == (share && ranks > 1));
    check_same(outcomes[0], alone[0]);
    for (const Outcome& rank : outcomes) {
      CHECK(toy::same_bits(rank.parameters, alone[0].parameters));
      CHECK(rank.result.best_score == alone[0].result.best_score);
      CHECK((&rank == &outcomes[0]) != rank.output.empty());
    }
    for (const char* file : {"last.safetensors", "best.safetensors"})
      CHECK(xs::read_file(more.path / file) == xs::read_file(one.path / file));
    // One process by itself evaluates larger batches: the last digits of a loss.
    if (log.empty()) log = xs::read_file(more.path / "log.jsonl");
    CHECK(xs::read_file(more.path / "log.jsonl") == log);
  }
}

TEST_CASE("a checkpoint continues on any number of ranks, more than it has slices too, with the same bits") {
  const std::vector<Outcome> through = train(2, {.accumulate = 1});  // two slices, because there are two ranks
  for (const std::size_t ranks : {1U, 2U, 3U}) {
    CAPTURE(ranks);
    const toy::Folder folder("distributed_resume");
    (void)train(2, {.folder = folder.path.string(), .accumulate = 1, .stop_after = 4, .share = ranks == 1});
    const std::vector<Outcome> rest =
        train(ranks, {.folder = folder.path.string(), .accumulate = 1, .resume = true, .share = ranks > 1});
    for (const Outcome& rank : rest) {
      CHECK(rank.error == "");
      CHECK(toy::same_bits(rank.parameters, through[0].parameters));
    }
  }
}

TEST_CASE("one rank's wish to stop ends all after the same step") {
  for (const Outcome& rank : train(3, {.stop_after = 3})) {
    CHECK(rank.result.iterations == 3);
    CHECK(rank.result.reason == xs::StopReason::interrupted);
  }
}

TEST_CASE("a rank that is out of step is named by all before the first step; one that fails later ends all") {
  for (const Outcome& rank : train(3, {.other_seed = 6})) {
    CHECK(rank.error.find("rank 2 of 3 (thread 2) is out of step with the others:") == 0);
    CHECK(rank.error.find("network_seed: found \"6\", rank 0 has \"5\"") != std::string::npos);
  }
  const std::vector<Outcome> outcomes = train(2, {.broken = true});
  CHECK(outcomes[1].error.find("aborted: sample ") == 0);
  CHECK(outcomes[0].error.find("the disk is gone") != std::string::npos);
}

TEST_CASE("options that several ranks cannot have") {
  support::on_ranks(2, [](const std::shared_ptr<xs::Ranks>& ranks) {
    Pair net{xs::seed(1)};
    const toy::Stripes data;
    const auto error = [&](const xs::TrainOptions& options) {
      return toy::error_of([&] { xs::train(net, data, xs::Sgd{.learning_rate = 0.1F}, options); });
    };
    CHECK(error({.iterations = 1, .batch = 1, .distributed = {ranks}}).find("found batch = 1 with 2 ranks") !=
          std::string::npos);
    CHECK(error({.iterations = 1,
                 .batch = 4,
                 .balance = xs::Uncertainty{},
                 .distributed = {ranks, {.batch_statistics = true}}})
              .find("found batch_statistics with Uncertainty") != std::string::npos);
    CHECK(error({.iterations = 1, .batch = 4, .distributed = {ranks, {.bucket = 1}}}).find("a bucket of 1 bytes") !=
          std::string::npos);
  });
}

TEST_CASE("a job over ranks: rank 0 writes its folder, a resume loads what is finished on all") {
  const toy::Folder folder("distributed_job");
  const auto run = [&](bool resume, std::size_t ranks) {
    std::vector<std::vector<float>> all(ranks);
    support::on_ranks(ranks, [&](const std::shared_ptr<xs::Ranks>& own) {
      Pair net{xs::seed(5)};
      xs::TrainingJob job(folder.path, {.resume = resume, .distributed = {own}});
      const xs::TrainResult result = job.train("pair", net, toy::Stripes{}, xs::Sgd{.learning_rate = 0.05F},
                                               {.iterations = 3, .batch = 8, .threads = 1, .output = nullptr});
      CHECK(result.finished());
      CHECK((result.message.find("finished before") == 0) == resume);
      all[own->rank()] = toy::values(net);
    });
    return all;
  };
  support::on_ranks(1, [&](const std::shared_ptr<xs::Ranks>& own) {
    Pair net{xs::seed(5)};
    xs::TrainingJob job(folder.path);
    CHECK(toy::error_of([&] {
            job.train("pair", net, toy::Stripes{}, xs::Sgd{.learning_rate = 0.05F},
                      {.iterations = 3, .output = nullptr, .distributed = {own}});
          }) == "job: found TrainOptions::distributed without JobOptions::distributed, expected it there");
  });
  const std::vector<std::vector<float>> first = run(false, 2);
  for (const std::vector<float>& rank : run(true, 3)) CHECK(toy::same_bits(rank, first[0]));
  CHECK(toy::same_bits(first[0], first[1]));
}
