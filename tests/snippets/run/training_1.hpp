#include <doctest/doctest.h>

#include <xstitch/data/table_csv.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "../../data/temporary_folder.hpp"
#include "../../weave/support.hpp"
#include "../captured.hpp"
#include "../in_folder.hpp"
#include "../made_data.hpp"

namespace {

const Pair fresh{xs::seed(1)};
const pages::MadeData some(fresh, 640), others(fresh, 320, 2);

std::vector<float> of(const xs::AnyNet& net, const std::string& prefix) {
  std::vector<float> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    if (net.parameters()[i].name.starts_with(prefix))
      all.insert(all.end(), net.parameter(i).begin(), net.parameter(i).end());
  REQUIRE(!all.empty());
  return all;
}

/// Sends this program the signal of Ctrl-C when the training has come to a place in the data.
struct Interrupted : pages::MadeData {
  using MadeData::MadeData;
  mutable std::atomic<std::size_t> left{10'000};
  void load(std::size_t index, xs::Sample& sample) const {
    MadeData::load(index, sample);
    if (left.fetch_sub(1) == 1) std::raise(SIGINT);
  }
};

}  // namespace

TEST_CASE("a pair is trained and judged") {
  const pages::Captured progress(std::cerr), out(std::cout);
  train_it(some, others);
  const std::vector<double> numbers = out.numbers();
  REQUIRE(!numbers.empty());
  CHECK(numbers.back() > 60.0);  // the accuracy of task a, by itself in the last line
  CHECK(out.has("\na "));
  CHECK(out.has("\nb "));
}

TEST_CASE("an optimizer of one's own: every weight moves by the learning rate, alphas by ten times it") {
  Pair net{xs::seed(1)};
  const pages::MadeData data(net, 64);
  xs::train(net, data, SignSgd{.learning_rate = 0.5F}, {.iterations = 1, .batch = 64, .output = nullptr});
  const auto step = [&](const char* name) {
    const std::size_t i = net.find_parameter(name);
    double largest = 0;
    for (std::size_t k = 0; k < net.parameter(i).size(); ++k)
      largest = std::max(
          largest, std::abs(static_cast<double>(net.parameter(i)[k]) - static_cast<double>(fresh.parameter(i)[k])));
    return largest;
  };
  CHECK(step("a.out.weight") == doctest::Approx(0.5));
  CHECK(step("stitch.fc1.alpha") == doctest::Approx(5.0));
  CHECK(xstitch_test::error_of<xs::Error>([&] {
          xs::train(net, data, SignSgd{.learning_rate = -1}, {.iterations = 1});
        }) == "SignSgd: found learning_rate = -1, expected at least 0");
}

TEST_CASE("Ctrl-C ends a training after its step; it goes on where it was") {
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr), out(std::cout);
  train_with_everything(Interrupted(fresh, 32'000), others);
  const auto lines = [] { return xs::read_file("out/pair.jsonl"); };
  CHECK(std::filesystem::exists("out/pair/last.safetensors"));
  CHECK_FALSE(xstitch_test::contains(lines(), "\"step\": 20000"));
  train_with_everything(pages::MadeData(fresh, 32'000), others);
  CHECK(std::filesystem::exists("out/pair/best.safetensors"));
  const std::string log = lines(), last = log.substr(log.rfind("{\"event\""));
  INFO(last);
  CHECK(xstitch_test::contains(last, "\"step\": 20000"));
  const std::vector<double> best = out.numbers();  // "best at step 20000: 0.99"
  REQUIRE(best.size() >= 2);
  const double step = best[best.size() - 2], score = best.back();
  CHECK(std::fmod(step, 1000.0) == 0.0);
  CHECK(score > 0.9);
}

TEST_CASE("a tower that is not trained stays, and moves when it is released") {
  const pages::Captured progress(std::cerr);
  Pair net{xs::seed(1)};
  net.set_trained("a.", false);
  xs::train(net, some, xs::Sgd{.learning_rate = 0.01F}, {.epochs = 1});
  CHECK(of(net, "a.") == of(fresh, "a."));
  CHECK_FALSE(of(net, "b.") == of(fresh, "b."));
  fine_tune(net, some);
  CHECK_FALSE(of(net, "a.") == of(fresh, "a."));
}

TEST_CASE("one layer is trained faster than the others") {
  const pages::Captured progress(std::cerr);
  Pair net{xs::seed(1)};
  train_b_faster(net, some);
  const auto moved = [&](const std::string& prefix) {
    const std::vector<float> now = of(net, prefix), before = of(fresh, prefix);
    double sum = 0;
    for (std::size_t i = 0; i < now.size(); ++i)
      sum += std::abs(static_cast<double>(now[i]) - static_cast<double>(before[i]));
    return sum / static_cast<double>(now.size());
  };
  CHECK(moved("b.out.weight") > 3 * moved("a.out.weight"));
}

TEST_CASE("weights of the losses, by a rule and by name") {
  const pages::Captured progress(std::cerr);
  balanced(some);
  const std::string text = progress.text(), done = "all 100 iterations done";
  const std::size_t first = text.find(done);
  REQUIRE(first != std::string::npos);
  CHECK(text.find(done, first + 1) != std::string::npos);
  Pair net{xs::seed(1)};
  xs::Training training{net, xs::Adam{}};
  training.set_balance(xs::FixedWeights{{{"a", 1.0F}, {"b", 0.25F}}});
  CHECK(training.balanced_weights()[1] == 0.25F);
}

TEST_CASE("a rule of one's own: half the gradient of a head that points against the others") {
  const Cosines rule;
  std::vector<double> weights(2), combination(2), products{1, -2, -2, 9};
  xs::BalanceCall call;
  call.products = products;
  call.weights = weights;
  call.combination = combination;
  rule.update(call);
  CHECK(combination == std::vector<double>{0.5, 1.0});
  Pair net{xs::seed(1)}, plain{xs::seed(1)};
  const xs::Sgd sgd{.learning_rate = 0.02F, .alpha_multiplier = 1};
  CHECK(xs::train(net, some, sgd, {.epochs = 3, .balance = rule, .output = nullptr}).finished());
  xs::train(plain, some, sgd, {.epochs = 3, .output = nullptr});
  CHECK_FALSE(of(net, "") == of(plain, ""));  // some batch had two gradients against each other
}

TEST_CASE("averaged weights: for a predictor, for the network, from files") {
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr);
  Pair net{xs::seed(1)};
  average_weights(net, some, others);
  CHECK(std::filesystem::exists("out/averaged/last.safetensors"));
  // The network ends with the best ones, which have no training to continue from.
  Pair best, average;
  xs::load(best, "out/averaged/best.safetensors");
  CHECK(of(net, "") == of(best, ""));
  xs::load_average(average, "out/averaged/last.safetensors");
  xs::load(best, "out/averaged/last.safetensors");
  CHECK_FALSE(of(average, "") == of(best, ""));  // beside the training's own weights
}

TEST_CASE("further metrics of an evaluation, and what they hold") {
  const pages::InFolder folder;
  const pages::Captured out(std::cout);
  Pair net{xs::seed(1)};
  look_closer(net, others);
  for (const std::string part : {"circle", "square", "star", "top", "precision", "recall"})
    CHECK_MESSAGE(out.has(part), part);
  const xs::data::Table table = xs::data::read_csv("confusion.csv");
  CHECK(table.rows() >= 3);
}

TEST_CASE("parameters from other networks and files") {
  const pages::InFolder folder;
  xs::OneTask<A> a{xs::seed(5)};
  xs::OneTask<B> b{xs::seed(6)};
  // A network whose trunk is called `shared`, and a file of PyTorch's, [out, in].
  xs::Split<"out", A, xs::Tower<"c", xs::Shape<8>, Trunk, xs::Linear<"out", 1>, xs::L2>> split{xs::seed(7)};
  xs::save(split, "a.safetensors");
  std::vector<float> weight1(8 * 16), bias1(16, 2.0F), weight2(16 * 3, 0.5F), bias2(3, 4.0F);
  for (std::size_t i = 0; i < weight1.size(); ++i) weight1[i] = static_cast<float>(i);
  const std::vector<xs::TensorView> tensors{
      xs::TensorView::floats("fc1.weight", {16, 8}, weight1), xs::TensorView::floats("fc1.bias", {16}, bias1),
      xs::TensorView::floats("out.weight", {3, 16}, weight2), xs::TensorView::floats("out.bias", {3}, bias2)};
  xs::safetensors::write("pt.safetensors", tensors, {{"format", "pt"}});
  const pages::Captured out(std::cout);
  pass_on(a, b);
  CHECK(out.text() == "4 copied; first left alone: b.fc1.weight\n");  // the trunk, and a.out.* under its own name
  CHECK(a.parameter(a.find_parameter("a.fc1.weight"))[1] == 8.0F);    // of input 0 to output 1
  CHECK(a.parameter(a.find_parameter("a.out.bias"))[2] == 4.0F);
  Pair pair;
  xs::load(pair, "pair.safetensors");
  CHECK(of(pair, "b.") == of(b, "b."));
  CHECK(of(pair, "a.fc1.") == of(split, "shared.fc1."));
}

TEST_CASE("a job of three trainings: what is finished is loaded and not trained again") {
  const pages::InFolder folder;
  const pages::Captured progress(std::cerr);
  paper_job(some, false);
  CHECK_FALSE(progress.has("continue with resume"));
  for (const char* stage : {"a", "b", "pair"})
    CHECK(std::filesystem::exists(std::filesystem::path("out/job") / stage / "last.safetensors"));
  const auto written = std::filesystem::last_write_time("out/job/pair/last.safetensors");
  paper_job(some, true);
  CHECK(std::filesystem::last_write_time("out/job/pair/last.safetensors") == written);
}

TEST_CASE("without the trainer: a line each hundred steps") {
  const pages::Captured out(std::cout);
  const pages::MadeData data(fresh, 32 * 100);
  by_hand(data);
  const std::vector<double> numbers = out.numbers();
  REQUIRE(numbers.size() == 3 * 3);
  CHECK(numbers[6] < numbers[0]);  // the total
  for (std::size_t line = 0; line < 3; ++line) {
    CHECK(numbers[3 * line + 1] < numbers[3 * line]);
    CHECK(numbers[3 * line + 2] != 0.0);
  }
}

TEST_CASE("gradients of each task from one forward pass") {
  Pair net{xs::seed(1)};
  const xs::Batch batch = support::random_batch(net, 16, 1);
  const std::size_t alpha = net.find_parameter("stitch.fc1.alpha");
  const std::vector<float> lengths = norms(net, batch, alpha);
  REQUIRE(lengths.size() == 2);
  xs::ThreadPool threads;
  xs::Training training{net};
  for (std::size_t head = 0; head < 2; ++head) {
    const std::vector<std::size_t> heads{head};
    training.compute_gradients(batch, xs::GradientOptions{.heads = heads}, threads);
    double squares = 0;
    for (const float g : training.gradient(alpha)) squares += static_cast<double>(g) * static_cast<double>(g);
    CHECK(lengths[head] == doctest::Approx(std::sqrt(squares)).epsilon(1e-4));
  }
}
