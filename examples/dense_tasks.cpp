// Segmentation and surface normals of rooms by networks with skip connections and attention: a U-Net a task, the two
// U-Nets cross-stitched, and soft masks on one trunk (examples/dense_tasks/). All are trained from nothing, for equally
// many steps on the same rooms, and measured on the same held-back rooms.
#include <xstitch/data/in_memory.hpp>
#include <xstitch/report/table.hpp>
#include <xstitch/rooms/rooms.hpp>
#include <xstitch/train/adam.hpp>
#include <xstitch/train/trainer.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "dense_tasks/networks.hpp"

namespace xs = xstitch;
using namespace dense_tasks;

namespace {

struct Options {
  std::vector<std::string> methods{"unet", "unet_cross_stitch", "mtan"};
  std::size_t batch = 8, threads = 0, train_rooms = 1000, test_rooms = 200;
  std::uint64_t iterations = 600, seeds = 1;
  float learning_rate = 0.003F;
  bool describe = false;
};

struct Answers {
  std::vector<double> accuracy, mean_iu, angle;
  double seconds = 0.0;
  std::size_t parameters = 0;
};

/// Trains the method's networks and evaluates each on its tasks.
void run(const Method& method, const Options& options, std::uint64_t seed, const xs::DataSetRef& train,
         const xs::DataSetRef& test, Answers& answers) {
  answers.parameters = 0;
  for (const auto& make : method.networks) {
    const auto net = make(xs::seed(seed));
    for (const xs::ParameterSlot& slot : net->parameters())
      if (slot.spec.group != xs::ParameterGroup::buffer) answers.parameters += slot.count;
    xs::TrainOptions training{.iterations = options.iterations, .batch = options.batch};
    training.schedule = xs::Schedule::polynomial(0.9);
    training.threads = options.threads;
    training.augment.mirror = true;
    training.log_every = std::max<std::uint64_t>(20, options.iterations / 10);
    training.name = method.name;
    const xs::TrainResult result = xs::train(*net, train, xs::Adam{.learning_rate = options.learning_rate}, training);
    if (!result.finished()) xs::fail(method.name, ": ", result.message);
    answers.seconds += result.seconds;
    const xs::Evaluation evaluation = xs::evaluate(*net, test, {.batch = options.batch, .threads = options.threads});
    for (const xs::Evaluation::Row& row : evaluation.rows)
      if (row.name == "segmentation") {
        answers.accuracy.push_back(evaluation.value("segmentation", "pixel accuracy"));
        answers.mean_iu.push_back(evaluation.value("segmentation", "mean IU"));
      } else {
        answers.angle.push_back(evaluation.value("normals", "mean"));
      }
  }
}

/// Mean over the seeds, and their standard deviation where there are several.
std::string text_of(const std::vector<double>& values) {
  double mean = 0.0, squares = 0.0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  const std::string text = xs::Table::number(mean, 2);
  return values.size() < 2
             ? text
             : text + " +- " + xs::Table::number(std::sqrt(squares / static_cast<double>(values.size() - 1)), 2);
}

int run_all(const Options& options) {
  const std::vector<Method> all = methods();
  std::vector<const Method*> wanted;
  for (const std::string& name : options.methods) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Method& m) { return m.name == name; });
    if (found == all.end()) xs::fail("--method: found \"", name, "\", expected unet, unet_cross_stitch or mtan");
    wanted.push_back(&*found);
  }
  if (options.describe) {
    for (const Method* method : wanted) std::cout << method->describe() << '\n';
    return 0;
  }
  xs::ThreadPool threads(options.threads);
  const xs::data::RoomsOptions rooms{.count = options.test_rooms, .height = height, .width = width};
  xs::data::RoomsOptions held_back = rooms;
  held_back.split = xs::data::RoomsSplit::test;
  const xs::data::InMemory test(xs::data::Rooms{held_back}, threads);
  std::vector<Answers> answers(wanted.size());
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
    xs::data::RoomsOptions own = rooms;
    own.seed = seed;
    own.count = options.train_rooms;
    const xs::data::InMemory train(xs::data::Rooms{own}, threads);
    for (std::size_t i = 0; i < wanted.size(); ++i) run(*wanted[i], options, seed, train, test, answers[i]);
  }
  xs::Table table({"method", "pixel accuracy %", "mean IU %", "mean angle", "parameters", "seconds"});
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Answers& a = answers[i];
    table.add_row({wanted[i]->what, text_of(a.accuracy), text_of(a.mean_iu), text_of(a.angle),
                   std::to_string(a.parameters), xs::Table::number(a.seconds / static_cast<double>(options.seeds), 0)});
  }
  std::cout << '\n'
            << options.test_rooms << " held-back rooms after " << options.iterations << " steps of " << options.batch
            << " rooms a network; " << options.seeds << (options.seeds == 1 ? " seed" : " seeds: mean +- deviation")
            << "\n\n"
            << table;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"U-Nets alone and cross-stitched, and attention masks on one trunk, on drawn rooms."};
  app.add_option("--method", options.methods, "one or more of unet, unet_cross_stitch, mtan")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--iterations", options.iterations, "steps of each network")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "rooms a step")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "Adam's learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--train-rooms", options.train_rooms, "rooms to train on")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--test-rooms", options.test_rooms, "held-back rooms")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "how often, each time with other rooms and initial values")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "0: as many as the process may use processors")->capture_default_str();
  app.add_flag("--describe", options.describe, "print the networks and end");
  CLI11_PARSE(app, argc, argv);
  try {
    return run_all(options);
  } catch (const std::exception& error) {
    std::cerr << "dense_tasks: " << error.what() << '\n';
    return 1;
  }
}
