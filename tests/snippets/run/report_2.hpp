#include <doctest/doctest.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "../../data/temporary_folder.hpp"
#include "../captured.hpp"
#include "../in_folder.hpp"
#include "../made_data.hpp"

namespace {

using Small = xs::OneTask<xs::Tower<"small", xs::Shape<6>, xs::Linear<"fc", 3>, xs::SoftmaxCrossEntropy>>;

}  // namespace

TEST_CASE("a page with a table, a plot, pictures and the stages of a job") {
  const pages::InFolder folder;
  {
    Small net{xs::seed(1)};
    const pages::MadeData data(net);
    xs::TrainingJob job("out");
    job.train("first stage", net, data, xs::Sgd{.learning_rate = 0.01F},
              {.epochs = 3, .log_every = 1, .output = nullptr});
  }
  write_page(std::vector<float>(96 * 128 * 3, 0.5F), std::vector<std::int32_t>(96 * 128, 1));
  const std::string page = xs::read_file("out/report.html");
  for (const std::string part :
       {"<title>A pair of tasks", "seed 1", "Five seeds", "± half of a 95 % interval", "28.1 ± 0.4", "Split points",
        "Held back", "chair 0.93", "wooden", "wall", "data:image/png;base64,", "Content-Security-Policy",
        "Training: first stage (finished)"})
    CHECK_MESSAGE(xstitch_test::contains(page, part), part);
  CHECK_FALSE(xstitch_test::contains(page, "<script"));
}

TEST_CASE("a training for TensorBoard") {
  const pages::InFolder folder;
  Small net{xs::seed(1)};
  const pages::MadeData data(net, 32), test(net, 16, 2);
  const pages::Captured progress(std::cerr);
  train_for_tensorboard(net, data, test);
  std::string events;
  for (const auto& entry : std::filesystem::directory_iterator("out/events")) {
    CHECK(xstitch_test::contains(entry.path().filename().string(), "tfevents"));
    events += xs::read_file(entry.path());
  }
  CHECK(xstitch_test::contains(events, "loss/small"));
  CHECK(xstitch_test::contains(events, "learning_rate"));
  CHECK(xstitch_test::contains(events, "evaluation/small/accuracy"));
}
