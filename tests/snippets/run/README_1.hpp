#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <iostream>

#include "../captured.hpp"
#include "../in_folder.hpp"
#include "../made_data.hpp"

TEST_CASE("a predictor of a file: probabilities and logits of each class") {
  const pages::InFolder folder;
  xs::OneTask<xs::Tower<"upper", xs::Shape<36, 36, 1>, xs::Linear<"fc", 10>, xs::SoftmaxCrossEntropy>> net{xs::seed(1)};
  xs::bias<"upper.fc">(net)(0, 3) = std::log(11.0F);  // of a black picture: 11 to 1 against each other class
  xs::save(net, "net.safetensors");
  const pages::Captured out(std::cout);
  body_2();
  const std::vector<double> numbers = out.numbers();
  REQUIRE(numbers.size() == 20);
  for (std::size_t k = 0; k < 10; ++k) {
    CHECK(numbers[k] == doctest::Approx(k == 3 ? 0.55 : 0.05).epsilon(1e-4));
    CHECK(numbers[10 + k] == doctest::Approx(k == 3 ? std::log(11.0) : 0.0).epsilon(1e-4));
  }
}

TEST_CASE("the pair learns, is judged in a row a task, and its file holds every parameter") {
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr);
  Net net{xs::seed(1)};
  const pages::MadeData data(net, 64);
  const xs::TrainResult result = xs::train(
      net, data, xs::Sgd{.learning_rate = 0.05F, .momentum = 0.9F, .alpha_multiplier = 1, .bias_multiplier = 1},
      {.epochs = 12, .batch = 16, .schedule = xs::Schedule::cosine(), .log_every = 4});
  REQUIRE(result.history.size() == 12);
  CHECK(result.history.back().losses[0] < 0.95 * result.history.front().losses[0]);
  CHECK(result.history.back().losses[1] < 0.95 * result.history.front().losses[1]);
  const pages::Captured out(std::cout);
  std::cout << xs::evaluate(net, data);
  CHECK(out.text().starts_with("task "));
  CHECK(out.has("\nupper "));
  CHECK(out.has("\nlower "));
  xs::save(net, "net.safetensors");
  std::size_t count = 0;
  for (const xs::ParameterSlot& slot : net.parameters()) count += slot.count;
  CHECK(count == 84'000);
  CHECK(std::filesystem::file_size("net.safetensors") > 4 * count);
}

TEST_CASE("long: two garments are told apart") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    MESSAGE("skipped: /usr/share/datasets/fashion-mnist is missing (Debian: dataset-fashion-mnist)");
    return;
  }
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr), out(std::cout);
  CHECK(main() == 0);
  const std::vector<double> numbers = out.numbers();  // loss and accuracy of each task
  REQUIRE(numbers.size() == 4);
  CHECK(numbers[1] > 85.0);
  CHECK(numbers[3] > 84.0);
  Net again;
  xs::load(again, "net.safetensors");
  CHECK(again.parameters().size() == 19);
}
