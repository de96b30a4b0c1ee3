#include <doctest/doctest.h>

#include <cmath>
#include <iostream>
#include <string>

#include "../captured.hpp"
#include "../in_folder.hpp"
#include "../made_data.hpp"

namespace {

/// A network that always says animal 4; breeds have equal probabilities.
Net always_four() {
  Net net{xs::seed(1)};
  for (const char* name : {"animal.score.bias", "breed.score.weight"}) {
    const std::span<float> values = net.mutable_parameter(net.find_parameter(name));
    std::fill(values.begin(), values.end(), 0.0F);
  }
  net.mutable_parameter(net.find_parameter("animal.score.bias"))[4] = 50.0F;
  return net;
}

}  // namespace

TEST_CASE("from a file: the largest probability, and one by a name at run time") {
  const pages::InFolder folder;
  xs::save(always_four(), "net.safetensors");
  const pages::Captured out(std::cout);
  from_a_file(std::vector<float>(32 * 32 * 3, 0.25F));
  const std::vector<double> numbers = out.numbers();
  REQUIRE(numbers.size() == 2);
  CHECK(numbers[0] == 4);
  CHECK(numbers[1] == doctest::Approx(1.0 / 120).epsilon(1e-4));
}

TEST_CASE("batches of tensors and of matrices") {
  const Net net = always_four();
  xs::Predictor<Net> predictor{net};
  const pages::Captured out(std::cout);
  batches(predictor);
  const std::vector<double> numbers = out.numbers();
  REQUIRE(numbers.size() == 2 + 4 * 10);
  CHECK(numbers[0] == 64);
  CHECK(numbers[1] == 64);
  CHECK(numbers[2 + 4] == 50);  // of black pictures: the biases
  CHECK(numbers[2 + 5] == 0);
}

TEST_CASE("several inputs by name; what is missing is told by name") {
  Both net{xs::seed(1)};
  xs::Predictor<Both> predictor{net};
  const std::vector<float> a{1, 2, 3, 4, 5, 6, 7, 8}, b{8, 7, 6, 5, 4, 3, 2, 1};
  const std::array<float, 2> when{0.5F, -1};
  const auto left = xs::weights<"left.out">(net), right = xs::weights<"right.out">(net);
  float expected = 0;  // biases are 0
  for (int i = 0; i < 8; ++i)
    expected += a[static_cast<std::size_t>(i)] * left(i, 2) + b[static_cast<std::size_t>(i)] * right(i, 0);
  for (int i = 0; i < 2; ++i) expected += when[static_cast<std::size_t>(i)] * left(8 + i, 2);
  CHECK(named(predictor, a, b, when) == doctest::Approx(expected).epsilon(1e-4));
  const std::string text =
      xstitch_test::error_of<xs::Error>([&] { predictor.predict(xs::input<"left">(a), xs::input<"right">(b)); });
  CHECK(xstitch_test::contains(text, "left.when"));
}

TEST_CASE("four threads predict from the same parameters, which may be trained again afterwards") {
  const pages::Captured progress(std::cerr);
  Net net{xs::seed(1)};
  const std::vector<float> image(32 * 32 * 3, 0.5F);
  serve(net, std::vector<std::vector<float>>(9, image));
  const pages::MadeData data(net, 16);
  CHECK(xs::train(net, data, xs::Adam{}, {.iterations = 1}).finished());
}

TEST_CASE("a training that is watched: each thousandth step, of which there is none here") {
  const pages::Captured progress(std::cerr), out(std::cout);
  Net net{xs::seed(1)};
  const xs::TrainResult result = watch(net, pages::MadeData(net, 40), std::vector<float>(32 * 32 * 3, 0.5F));
  CHECK(result.finished());
  CHECK(result.iterations == 20);  // 10 epochs of two batches
  CHECK(out.text() == "");
}

TEST_CASE("long: a prediction after a thousand steps") {
  const pages::Captured progress(std::cerr), out(std::cout);
  Net net{xs::seed(1)};
  CHECK(watch(net, pages::MadeData(net, 3200), std::vector<float>(32 * 32 * 3, 0.5F)).iterations == 1000);
  const std::vector<double> numbers = out.numbers();  // "1000:", and the probability of each animal
  REQUIRE(numbers.size() == 11);
  CHECK(numbers[0] == 1000);
  double sum = 0;
  for (std::size_t k = 1; k < 11; ++k) sum += numbers[k];
  CHECK(sum == doctest::Approx(1.0).epsilon(1e-3));
}

TEST_CASE("crops for training, whole pictures for predicting") {
  Map<32, 32> trained{xs::seed(1)};
  const std::span<float> bias = trained.mutable_parameter(trained.find_parameter("map.score.bias"));
  bias[0] = 2.0F;
  std::vector<float> black(240 * 320 * 3);
  CHECK(whole(trained, black) == doctest::Approx(std::exp(2.0) / (std::exp(2.0) + 4)));
}
