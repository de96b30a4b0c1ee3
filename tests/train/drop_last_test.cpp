// A small last batch can be left out, and a statistic of one row does not enter the running ones.
#include "toy.hpp"

#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <sstream>

using namespace toy;

namespace {

/// Vectors of two numbers, which over the set have mean 0 and (unbiased) variance near 1.
struct Vectors {
  std::size_t count = 33;
  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {1, 1, 2}, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const { return {{"v", {xs::LabelKind::real, {1, 1, 1}, {}, 0}}}; }
  void load(std::size_t index, xs::Sample& sample) const {
    const float sign = index % 2 == 0 ? 1.0F : -1.0F;
    sample.inputs[0] = {sign, -sign};
    sample.labels[0].values = {sign};
  }
};

using Normed = xs::OneTask<xs::Tower<"v", xs::Shape<2>, xs::BatchNorm<"norm">, xs::Linear<"l", 1>, xs::L2>>;
using Spatial = xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"c", 2, 3>, xs::BatchNorm<"norm">,
                                      xs::Linear<"l", 3>, xs::SoftmaxCrossEntropy>>;

const xs::Sgd sgd{.learning_rate = 0.01F};

xs::TrainOptions quiet(std::uint64_t epochs) {
  xs::TrainOptions options;
  options.epochs = epochs;
  options.batch = 32;
  options.threads = 1;
  options.output = nullptr;
  return options;
}

float variance(const xs::AnyNet& net) { return net.parameter(net.find_parameter("v.norm.running_variance"))[1]; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

}  // namespace

TEST_CASE("33 samples in batches of 32: the running variance is that of the data") {
  for (const bool drop_last : {false, true}) {
    Normed net{xs::seed(1)};
    xs::TrainOptions options = quiet(60);
    options.drop_last = drop_last;
    const xs::TrainResult result = xs::train(net, Vectors{}, sgd, options);
    CHECK(result.iterations == (drop_last ? 60 : 120));
    CHECK(variance(net) == doctest::Approx(1.0).epsilon(0.06));
  }
}

TEST_CASE("a batch of one sample is said once, with the statistic's name and the way out") {
  std::ostringstream out;
  Normed net{xs::seed(1)};
  xs::TrainOptions options = quiet(3);
  options.batch = 16;  // 16, 16, 1
  options.output = &out;
  xs::train(net, Vectors{}, sgd, options);
  CHECK_MESSAGE(count(out.str(), "iteration 3: a batch of one sample left 'v.norm.running_mean' as it was") == 1,
                out.str());
  CHECK(count(out.str(), "a batch of one sample") == 1);
  CHECK(count(out.str(), "drop_last leaves such batches out") == 1);
  // nothing to say: no such batch, or one sample of many pixels, which does have statistics
  out.str("");
  options.drop_last = true;
  Normed dropped{xs::seed(1)};
  xs::train(dropped, Vectors{}, sgd, options);
  options.drop_last = false;
  options.batch = 1;
  Spatial spatial{xs::seed(1)};
  xs::train(spatial, Stripes{.count = 3}, sgd, options);
  CHECK(count(out.str(), "a batch of one sample") == 0);
}

TEST_CASE("drop_last is part of a training's identity, and a resume continues at its place") {
  const Stripes data;  // 22 samples in batches of 5: 4 steps an epoch
  const Folder whole("dropped"), folder("dropped_cut");
  xs::TrainOptions options = quiet(3);
  options.batch = 5;
  options.drop_last = true;
  options.augment.mirror = true;
  options.checkpoint_directory = whole.path;
  Pair expected{xs::seed(1)}, first{xs::seed(1)}, second{xs::seed(1)}, third{xs::seed(1)};
  CHECK(xs::train(expected, data, sgd, options).iterations == 12);
  options.checkpoint_directory = folder.path;
  options.checkpoint_every = 6;
  options.after_step = [](std::uint64_t step, const xs::StepResult&) {
    if (step == 8) throw xs::Error("killed");
  };
  CHECK_THROWS_AS(xs::train(first, data, sgd, options), xs::Error);
  options.after_step = nullptr;
  options.resume = true;
  xs::TrainOptions other = options;
  other.drop_last = false;
  const std::string error = error_of([&] { xs::train(third, data, sgd, other); });
  CHECK_MESSAGE(error.find("drop_last: then true, now false") != std::string::npos, error);
  xs::train(second, data, sgd, options);
  CHECK(same_bits(second, expected));
}
