// Trains a small pair over the ranks, and prints on rank 0 what must not hang on their number: the checksum of all
// parameters and the score, to the last bit. Modes:
//
//   train FOLDER      eight slices a batch, an evaluation, checkpoints
//   resume FOLDER     the same, continued from a checkpoint after iteration 4
//   whole FOLDER      a tower with BatchNorm: statistics of the whole batch, the optimizer's state shared out
//   whole_apart FOLDER   the same, with the state on every rank
//   half FOLDER       ends after iteration 4, because the last rank was interrupted
//   seed FOLDER       the last rank has another seed
//   sample FOLDER     the last rank cannot load a sample
//   kill FOLDER       the last rank is killed in iteration 3
//   long FOLDER       many iterations, for whoever kills it from outside
#include "training.hpp"

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <atomic>
#include <bit>
#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include "../train/toy.hpp"

namespace xs = xstitch;

namespace {

using Normed = xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3>, xs::BatchNorm<"norm">, xs::Relu,
                                     xs::Conv<"fc", 3, 4>, xs::SoftmaxCrossEntropy>>;

struct Broken : toy::Stripes {
  bool broken = false;
  void load(std::size_t index, xs::Sample& sample) const {
    if (broken && index % 3 == 2) xs::fail("the disk is gone");  // not those that are looked at before the first step
    toy::Stripes::load(index, sample);
  }
};

}  // namespace

int run_ranks(const std::shared_ptr<xs::Ranks>& ranks, const std::vector<std::string>& arguments) {
  const std::string mode = arguments.at(0), folder = arguments.at(1);
  const bool last = ranks->rank() + 1 == ranks->ranks(), lead = ranks->rank() == 0;
  try {
    const xs::Seed seed = xs::seed(mode == "seed" && last ? 6 : 5);
    const bool whole = mode.starts_with("whole");
    xs::AnyNet net = whole ? xs::AnyNet(Normed{seed}) : xs::AnyNet(toy::Pair{seed});
    Broken data;
    data.broken = mode == "sample" && last;
    std::atomic<bool> stop{false};
    xs::TrainOptions options{.iterations = mode == "long" ? 1000000U : 8U,
                             .batch = 10,
                             .threads = 1,
                             .augment = {.mirror = true},
                             .accumulate = 8,
                             .evaluation = xs::DataSetRef(data),
                             .evaluate_every = 4,
                             .checkpoint_directory = folder,
                             .checkpoint_every = 4,
                             .resume = mode == "resume",
                             .log_file = folder + "/log.jsonl",
                             .stop = &stop,
                             .distributed = {ranks, {.share_state = mode == "whole", .batch_statistics = whole}}};
    if (mode == "sample") {  // the training's, not the evaluation's
      options.evaluation.reset();
      options.evaluate_every = 0;
    }
    options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
      if (mode == "kill" && step == 3 && last) {
        std::this_thread::sleep_for(std::chrono::seconds(2));  // mpirun drops what it has not passed on yet
        std::raise(SIGKILL);
      }
      if (mode == "half" && step == 4 && last) stop = true;
    };
    // At 0.05 the alphas diverge after 84 iterations, before somebody has killed the process.
    const xs::Sgd sgd{.learning_rate = mode == "long" ? 1e-4F : 0.05F, .momentum = 0.9F};
    const xs::TrainResult result = xs::train(net, data, sgd, options);
    const std::string checksum = xs::fingerprint::of(net);
    for (const std::string& other : ranks->gather_texts(checksum))
      if (other != checksum) xs::fail("ranks have other parameters: ", other, " and ", checksum);
    if (lead)
      std::cout << "parameters " << checksum << " score " << std::bit_cast<std::uint64_t>(result.best_score)
                << " iterations " << result.iterations << std::endl;
    return 0;
  } catch (const xs::Error& error) {
    if (lead) std::cerr << error.what() << std::endl;
    return 1;
  }
}
