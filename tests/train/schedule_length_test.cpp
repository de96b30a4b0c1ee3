// A resume to more iterations under a schedule that depends on its length: said, chosen, never silent.
#include "toy.hpp"

#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <sstream>

using namespace toy;
using xs::Schedule;

namespace {

const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 10.0F};

xs::TrainOptions quiet(const Folder& folder, const Schedule& schedule, std::uint64_t iterations) {
  xs::TrainOptions options;
  options.iterations = iterations;
  options.batch = 5;
  options.threads = 1;
  options.output = nullptr;
  options.schedule = schedule;
  options.checkpoint_directory = folder.path;
  options.log_file = folder.path / "log.jsonl";
  options.log_every = 1;
  return options;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::vector<Schedule> with_length{Schedule::cosine(), Schedule::polynomial(0.9), Schedule::cosine(0.1),
                                        Schedule::warm_up(3, Schedule::polynomial(2.0))};

}  // namespace

TEST_CASE("refused with both totals and the options that choose; nothing changes") {
  const Stripes data;
  for (const Schedule& schedule : with_length)
    for (const std::uint64_t total : {20U, 9U}) {
      CAPTURE(schedule.describe());
      const Folder folder("refused");
      xs::TrainOptions options = quiet(folder, schedule, 10);
      Pair net{xs::seed(1)};
      options.after_step = [](std::uint64_t step, const xs::StepResult&) {
        if (step == 9) throw xs::Error("killed");
      };
      options.checkpoint_every = 4;
      CHECK_THROWS_AS(xs::train(net, data, sgd, options), xs::Error);
      const std::string log = xs::read_file(options.log_file);
      const std::vector<float> before = values(net);
      options.after_step = nullptr;
      options.resume = true;
      options.iterations = total;
      const std::string error = error_of([&] { xs::train(net, data, sgd, options); });
      CHECK_MESSAGE(contains(error, "schedule_iterations: then 10, now " + std::to_string(total)), error);
      CHECK_MESSAGE(contains(error, "set schedule_iterations = 10;"), error);
      CHECK_MESSAGE(contains(error, "set extend_schedule = true"), error);
      CHECK(same_bits(values(net), before));
      CHECK(xs::read_file(options.log_file) == log);
    }
}

TEST_CASE("a length given at first: the bits and the log of a training that went through") {
  const Stripes data;
  for (const Schedule& schedule : with_length) {
    CAPTURE(schedule.describe());
    const Folder whole("through"), folder("in_two");
    Pair expected{xs::seed(1)}, first{xs::seed(1)}, second{xs::seed(1)};
    xs::train(expected, data, sgd, quiet(whole, schedule, 14));
    xs::TrainOptions options = quiet(folder, schedule, 8);
    options.schedule_iterations = 14;
    xs::train(first, data, sgd, options);
    options.iterations = 14;
    options.schedule_iterations = 0;  // the training's own length is the same now
    options.resume = true;
    xs::train(second, data, sgd, options);
    CHECK(same_bits(second, expected));
  }
}

TEST_CASE("schedule_iterations keeps the learning rates; later steps have the last one, and that is said") {
  const Stripes data;
  const Folder folder("kept");
  Pair first{xs::seed(1)}, second{xs::seed(1)};
  xs::TrainOptions options = quiet(folder, Schedule::cosine(0.1), 6);
  xs::train(first, data, sgd, options);
  std::ostringstream out;
  options.output = &out;
  options.resume = true;
  options.iterations = 8;
  options.schedule_iterations = 6;
  CHECK(xs::train(second, data, sgd, options).finished());
  CHECK_MESSAGE(contains(out.str(), "the schedule ends at iteration 6 of 8"), out.str());
  std::vector<double> learning_rates;
  std::istringstream log(xs::read_file(options.log_file));
  for (std::string line; std::getline(log, line);)
    if (const xs::Json json = xs::Json::parse(line); json.at("event").string() == "train")
      learning_rates.push_back(json.at("learning_rate").number());
  REQUIRE(learning_rates.size() == 8);
  for (std::uint64_t t = 0; t < 8; ++t)
    CHECK(learning_rates[t] == doctest::Approx(0.05 * static_cast<double>(Schedule::cosine(0.1).factor(t, 6))));
  CHECK(learning_rates[7] == doctest::Approx(0.005));
}

TEST_CASE("extend_schedule stretches it, says so in progress and log, once") {
  const Stripes data;
  const Folder folder("stretched");
  Pair first{xs::seed(1)}, second{xs::seed(1)}, third{xs::seed(1)}, fourth{xs::seed(1)};
  xs::TrainOptions options = quiet(folder, Schedule::polynomial(1.0), 10);
  xs::train(first, data, sgd, options);
  std::ostringstream out;
  options.output = &out;
  options.resume = true;
  options.iterations = 20;
  options.extend_schedule = true;
  options.after_step = [](std::uint64_t, const xs::StepResult&) { throw xs::Error("killed"); };
  CHECK_THROWS_AS(xs::train(second, data, sgd, options), xs::Error);  // the change is told again by the next
  options.after_step = nullptr;
  CHECK(xs::train(third, data, sgd, options).finished());
  CHECK_MESSAGE(contains(out.str(),
                         "the schedule's length changes from 10 to 20 iterations: the factor of the "
                         "learning rate at iteration 11 is 0.5, it would have been 0"),
                out.str());
  const std::string log = xs::read_file(options.log_file);
  const std::string event = "{\"event\": \"schedule\", \"step\": 10, \"from\": 10, \"to\": 20}";
  CHECK_MESSAGE(contains(log, event), log);
  CHECK(log.find(event, log.find(event) + 1) == std::string::npos);
  // from now on the training is one of 20
  options.extend_schedule = false;
  out.str("");
  CHECK(xs::train(fourth, data, sgd, options).finished());
  CHECK(same_bits(fourth, third));
  CHECK_FALSE(contains(out.str(), "schedule"));
}

TEST_CASE("schedules without a length continue as before, with the bits of a training that went through") {
  const Stripes data;
  for (const Schedule& schedule : {Schedule::constant(), Schedule::step(5, 0.5), Schedule::multi_step({3, 12}, 0.1),
                                   Schedule::warm_up(12, Schedule::step(2, 0.9)), Schedule::polynomial(0.0)}) {
    CAPTURE(schedule.describe());
    CHECK_FALSE(schedule.depends_on_length());
    const Folder whole("through"), folder("in_two");
    Pair expected{xs::seed(1)}, first{xs::seed(1)}, second{xs::seed(1)};
    xs::train(expected, data, sgd, quiet(whole, schedule, 14));
    xs::TrainOptions options = quiet(folder, schedule, 8);
    xs::train(first, data, sgd, options);
    options.iterations = 14;
    options.resume = true;
    xs::train(second, data, sgd, options);
    CHECK(same_bits(second, expected));
  }
}
