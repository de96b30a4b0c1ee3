// A job continues from its own checkpoints alone, and from all of what they say: never from another job's, from an
// older one's that a power cut brought back, with other data or other initial values, or side by side with a second
// process.
#include "toy.hpp"

#include <xstitch/train/job.hpp>
#include <xstitch/train/sgd.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

using namespace toy;
namespace fs = std::filesystem;

namespace {

const xs::Sgd sgd{.learning_rate = 0.02F, .momentum = 0.9F};

struct Killed {};

xs::TrainOptions short_options() {
  xs::TrainOptions options;
  options.iterations = 6;
  options.batch = 5;
  options.threads = 1;
  options.output = nullptr;
  options.checkpoint_every = 2;
  return options;
}

/// One stage "a", killed after `kill` steps (0: never).
struct Stage {
  fs::path folder;
  bool resume = false;
  std::uint64_t kill = 0;
  std::uint64_t seed = 1;
  Stripes data{};

  xs::TrainResult run(OneTaskA& net) const {
    xs::TrainOptions options = short_options();
    options.after_step = [this](std::uint64_t step, const xs::StepResult&) {
      if (step == kill) throw Killed{};
    };
    xs::TrainingJob job(folder, {.resume = resume});
    return job.train("a", net, data, sgd, options);
  }
  xs::TrainResult run() const {
    OneTaskA net{xs::seed(seed)};
    return run(net);
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what cannot be looked at is no missing file: nothing begins again without a word") {
  const Folder folder("job_stat");
  Stage{.folder = folder.path}.run();
  const fs::path manifest = folder.path / "job.json", last = folder.path / "a" / "last.safetensors";
  fs::rename(manifest, folder.path / "kept");
  fs::create_symlink("job.json", manifest);  // looks at itself: ELOOP
  CHECK(has(error_of([&] { Stage{.folder = folder.path, .resume = true}.run(); }), "look at " + manifest.string()));
  CHECK(fs::exists(last));
  fs::remove(manifest);
  fs::rename(folder.path / "kept", manifest);

  xs::TrainOptions options = short_options();
  options.checkpoint_directory = folder.path / "b";
  options.resume = true;
  xs::make_folder(folder.path / "b");
  fs::create_symlink("last.safetensors", folder.path / "b" / "last.safetensors");
  OneTaskA net{xs::seed(1)};
  const Stripes data;
  CHECK(has(error_of([&] { xs::train(net, data, sgd, options); }), "look at "));
}

TEST_CASE("a new job does not continue from what an older one left, also where a power cut brings it back") {
  for (const bool other_values : {false, true}) {
    const Folder folder("job_old");
    const fs::path last = folder.path / "a" / "last.safetensors", kept = folder.path / "kept";
    Stage{.folder = folder.path}.run();
    fs::copy_file(last, kept);
    const auto fresh = [&] {
      OneTaskA net{xs::seed(1)};
      if (other_values) net.mutable_parameter(0)[0] = 0.75F;
      return net;
    };
    OneTaskA first = fresh();
    CHECK_THROWS_AS((Stage{.folder = folder.path, .kill = 1}.run(first)), Killed);
    CHECK_FALSE(fs::exists(last));
    fs::copy_file(kept, last);  // as if its removal had never reached the disk
    OneTaskA second = fresh();
    const std::string error = error_of([&] { Stage{.folder = folder.path, .resume = true}.run(second); });
    CHECK(has(error, "belongs to another training"));
    CHECK(has(error, "job: "));
    CHECK(has(error, "initial: ") == other_values);
    CHECK(same_bits(second, fresh()));
    fs::remove(last);
    CHECK(Stage{.folder = folder.path, .resume = true}.run(second).finished());
  }
}

TEST_CASE("an older checkpoint that cannot be removed ends the job before it names the stage") {
  const Folder folder("job_stuck");
  Stage{.folder = folder.path}.run();
  const fs::path last = folder.path / "a" / "last.safetensors";
  fs::remove(last);
  xs::make_folder(last);  // unlink fails
  CHECK(has(error_of([&] { Stage{.folder = folder.path, .seed = 2}.run(); }), "cannot remove " + last.string()));
  CHECK_FALSE(has(xs::read_file(folder.path / "job.json"), "running"));
}

TEST_CASE("a finished stage is its last checkpoint, not an earlier one, another's or a damaged one") {
  const Folder folder("job_finished");
  const fs::path last = folder.path / "a" / "last.safetensors", early = folder.path / "early";
  CHECK_THROWS_AS((Stage{.folder = folder.path, .kill = 3}.run()), Killed);
  fs::copy_file(last, early);  // of step 2
  CHECK(Stage{.folder = folder.path, .resume = true}.run().finished());
  const std::string whole = xs::read_file(last);
  const auto resumed = [&] { return error_of([&] { Stage{.folder = folder.path, .resume = true}.run(); }); };
  CHECK(resumed() == "no error");

  fs::copy_file(early, last, fs::copy_options::overwrite_existing);
  CHECK(has(resumed(), "has done 2 iterations, but the training finished after 6"));
  std::string damaged = whole;
  damaged[damaged.size() - 5] = static_cast<char>(damaged[damaged.size() - 5] ^ 1);
  xs::write_file_atomically(last, damaged);
  CHECK(has(resumed(), "is damaged"));
  OneTaskA other{xs::seed(1)};
  xs::save(other, last);  // parameters alone
  CHECK(has(resumed(), "no state of a training"));
  fs::remove(last);
  CHECK(has(resumed(), "last.safetensors"));
  xs::write_file_atomically(last, whole);
  CHECK(resumed() == "no error");
}

TEST_CASE("without job.json a resume removes nothing") {
  const Folder folder("job_lost");
  const fs::path last = folder.path / "a" / "last.safetensors";
  CHECK_THROWS_AS((Stage{.folder = folder.path, .kill = 5}.run()), Killed);
  fs::rename(folder.path / "job.json", folder.path / "kept");
  const std::string error = error_of([&] { Stage{.folder = folder.path, .resume = true}.run(); });
  CHECK(has(error, "job.json is missing"));
  CHECK(has(error, last.string()));
  CHECK(fs::exists(last));
  CHECK_FALSE(fs::exists(folder.path / "job.json"));
  fs::rename(folder.path / "kept", folder.path / "job.json");
  CHECK(Stage{.folder = folder.path, .resume = true}.run().finished());
}

TEST_CASE("other data of the same size, and other initial values, are another training") {
  const Folder folder("job_data");
  CHECK_THROWS_AS((Stage{.folder = folder.path, .kill = 3}.run()), Killed);
  const std::string data = error_of([&] { Stage{.folder = folder.path, .resume = true, .data = {.seed = 2}}.run(); });
  CHECK(has(data, "data: "));
  CHECK_FALSE(has(data, "samples: "));

  // Alphas are no part of a network's seed.
  xs::TrainOptions options = short_options();
  options.checkpoint_directory = folder.path / "pair";
  const Stripes stripes;
  Pair one{xs::seed(1)}, two{xs::seed(1)};
  two.mutable_parameter(two.find_parameter("stitch.one.alpha"))[0] += 0.125F;
  xs::train(one, stripes, sgd, options);
  options.iterations = 8;
  options.resume = true;
  const std::vector<float> before = values(two);
  CHECK(has(error_of([&] { xs::train(two, stripes, sgd, options); }), "initial: "));
  CHECK(same_bits(values(two), before));
  // The trained network itself continues in the same program, and one with the same initial values in another.
  Pair same{xs::seed(1)};
  CHECK(xs::train(same, stripes, sgd, options).iterations == 8);
  options.iterations = 10;
  CHECK(xs::train(same, stripes, sgd, options).iterations == 10);
}

TEST_CASE("one job, and one training, a folder at a time") {
  const Folder folder("job_lock");
  const Stripes data;
  xs::TrainOptions options = short_options();
  options.checkpoint_directory = folder.path / "plain";
  std::string second_job, second_training;
  options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
    if (step != 1) return;
    OneTaskA other{xs::seed(1)};
    xs::TrainOptions same = short_options();
    same.checkpoint_directory = folder.path / "plain";
    second_training = error_of([&] { xs::train(other, data, sgd, same); });
  };
  OneTaskA net{xs::seed(1)};
  CHECK(xs::train(net, data, sgd, options).finished());
  CHECK(has(second_training, "is in use by process " + std::to_string(::getpid())));
  const xs::TrainingJob job(folder.path / "job");
  second_job = error_of([&] { const xs::TrainingJob again(folder.path / "job", {.resume = true}); });
  CHECK(has(second_job, "is in use by process"));
}

TEST_CASE("a checkpoint without checksums is not continued from, but gives its parameters") {
  const Folder folder("job_plain");
  xs::TrainOptions options = short_options();
  options.checkpoint_directory = folder.path;
  const Stripes data;
  OneTaskA net{xs::seed(1)};
  xs::train(net, data, sgd, options);
  const fs::path last = folder.path / "last.safetensors";
  std::string text = xs::read_file(last);  // both marks under other names
  for (const std::string name : {"\"crc32c\"", "\"xstitch_version\""}) text[text.find(name) + 2] = '_';
  xs::write_file_atomically(last, text);
  OneTaskA other{xs::seed(1)};
  options.resume = true;
  options.iterations = 8;
  CHECK(has(error_of([&] { xs::train(other, data, sgd, options); }), "has no checksums"));
  xs::load(other, last);
  CHECK(same_bits(other, net));
}

TEST_CASE("a damaged line of the log is said and left, and does not block a good checkpoint") {
  const Folder folder("job_log");
  xs::TrainOptions options = short_options();
  options.checkpoint_directory = folder.path;
  options.log_file = folder.path / "log.jsonl";
  options.log_every = 2;
  const Stripes data;
  OneTaskA net{xs::seed(1)};
  xs::train(net, data, sgd, options);
  std::string log = xs::read_file(options.log_file);
  const std::size_t second = log.find('\n') + 1;
  log[second] = '?';
  xs::write_file_atomically(options.log_file, log);
  std::ostringstream said;
  options.output = &said;
  options.resume = true;
  options.iterations = 8;
  CHECK(xs::train(net, data, sgd, options).finished());
  CHECK(has(said.str(), "log.jsonl, line 2"));
  CHECK(has(said.str(), "the line is left"));
  CHECK(has(xs::read_file(options.log_file), "\n?"));
}
