// Usage: attack_small_job FOLDER [--resume] [--initial FACTOR] [--threads N]
// The job that tests/attack/attack attacks: a network of one task and the stitched pair that starts from it, with
// checkpoints, evaluations, logs, event files and a file of results. A tenth of a second.
// Exit code 0: done; 1: an xs::Error, told on standard error; 3: no memory, as std::bad_alloc; 2: any other exception.
#include "../train/toy.hpp"

#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <iostream>
#include <new>
#include <string>

namespace xs = xstitch;

namespace {

struct Settings {
  std::filesystem::path folder;
  bool resume = false;
  float initial = 1;  ///< factor of all initial values: another one is another job
  std::size_t threads = 2;
};

int run(const Settings& settings) {
  const toy::Stripes data{22, 1}, evaluation{5, 7};
  toy::OneTaskA a{xs::seed(1)};
  toy::Pair pair{xs::seed(1)};
  for (std::size_t i = 0; i < a.parameters().size(); ++i)
    for (float& value : a.mutable_parameter(i)) value *= settings.initial;

  xs::TrainOptions options;
  options.batch = 4;
  options.threads = settings.threads;
  options.checkpoint_every = 2;
  options.evaluation = evaluation;
  options.evaluate_every = 3;
  options.log_every = 2;
  options.augment.mirror = true;
  options.output = nullptr;
  const xs::Sgd sgd{.learning_rate = 0.05F, .momentum = 0.9F, .weight_decay = 1e-3F};

  xs::TrainingJob job(settings.folder, {.resume = settings.resume});
  options.iterations = 6;
  options.tensorboard.folder = settings.folder / "events";
  if (!job.train("a", a, data, sgd, options).finished()) return 4;
  xs::initialise_from(pair, a);
  options.iterations = 4;
  options.tensorboard = {};
  options.weight_average = xs::WeightAverage{};
  if (!job.train("pair", pair, data, sgd, options).finished()) return 4;

  const xs::Evaluation found = xs::evaluate(pair, evaluation);
  xs::write_file_atomically(settings.folder / "results.txt", xs::number_text(found.score(), 17) + "\n");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Settings settings;
    for (int i = 1; i < count; ++i) {
      const std::string option = arguments[i];
      if (option == "--resume")
        settings.resume = true;
      else if (option == "--initial" && i + 1 < count)
        settings.initial = std::stof(arguments[++i]);
      else if (option == "--threads" && i + 1 < count)
        settings.threads = std::stoul(arguments[++i]);
      else
        settings.folder = option;
    }
    return run(settings);
  } catch (const xs::Error& error) {
    std::cerr << "xs::Error: " << error.what() << '\n';
    return 1;
  } catch (const std::bad_alloc&) {
    return 3;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
