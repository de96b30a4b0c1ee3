// Predictors: answers for every kind of input, files, lifetimes, several threads on one set of parameters; networks
// that were moved from, and names and numbers that are none.
#include <xstitch/core/views.hpp>
#include <xstitch/core/xtensor.hpp>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/weights.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/predictor.hpp>
#include <xstitch/run/training.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <thread>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;

namespace {

using Trunk = xs::Layers<xs::Conv<"conv", 8, 3>, xs::BatchNorm<"norm">, xs::Relu, xs::Seam<"s">, xs::Dropout<>>;
struct Upper : xs::Tower<"upper", xs::Shape<4, 4, 2>, Trunk, xs::Linear<"fc", 3>, xs::SoftmaxCrossEntropy> {};
struct Lower
    : xs::Tower<"lower", xs::Shape<4, 4, 2>, Trunk, xs::Head<"one", xs::Linear<"fc1", 2>, xs::SigmoidCrossEntropy>,
                xs::Head<"two", xs::Linear<"fc2", 5>, xs::L2>> {};
using Net = xs::CrossStitch<Upper, Lower>;

/// y = x, beside a weight that nobody fills.
struct Unfilled {
  static constexpr xs::FixedString name{"unfilled"};
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims) {
    return {xs::ParameterSpec{.name = "weight", .extents = xs::Extents(2), .initializer = xs::Initializer::custom()}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    std::copy_n(call.input, call.batch * In.size(), call.output);
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall&) {}
};

template <class F>
bool says(F&& f, const std::string& what) {
  const std::string error = toy::error_of(f);
  INFO(error);
  const bool found = error.find(what) != std::string::npos;
  CHECK(found);
  return found;
}

std::vector<float> copy(const xs::ConstMatrixView& view) { return {view.data(), view.data() + view.size()}; }
std::vector<float> copy(std::span<const float> view) { return {view.begin(), view.end()}; }

/// What evaluate() says of every head, predictions and logits.
std::vector<std::vector<float>> expected(xs::AnyNet& net, const xs::Batch& batch, xs::ThreadPool& threads) {
  std::vector<std::vector<float>> all;
  net.keep_logits(true);
  net.evaluate(batch, threads);
  for (std::size_t h = 0; h < net.heads().size(); ++h) {
    all.push_back(copy(net.prediction(h)));
    all.push_back(copy(net.logits(h)));
  }
  return all;
}
template <class N>
std::vector<std::vector<float>> answers(const xs::Prediction<N>& answer, std::size_t heads) {
  std::vector<std::vector<float>> all;
  for (std::size_t h = 0; h < heads; ++h) {
    all.push_back(copy(answer.get(h)));
    all.push_back(copy(answer.logits(h)));
  }
  return all;
}

/// Parameters that a training has moved, running statistics too.
Net trained(xs::ThreadPool& threads) {
  Net net{xs::seed(5)};
  xs::Training training(net, support::Descent{.learning_rate = 0.05F});
  for (std::uint64_t step = 0; step < 3; ++step) training.step(support::random_batch(net, 6, step, true), threads);
  return net;
}

}  // namespace

TEST_CASE("one image, a batch, Eigen, xtensor: the bits of evaluate(), by name at compile time and at run time") {
  xs::ThreadPool threads(2);
  Net net = trained(threads);
  const xs::Batch batch = support::random_batch(net, 5, 7, true);
  const auto want = expected(net, batch, threads);
  xs::Predictor<Net> predictor(net, 2);
  const std::vector<float> images(batch.inputs[0].begin(), batch.inputs[0].end());

  auto answer = predictor.predict(images);
  CHECK(answer.samples() == 5);
  CHECK(answers(answer, 3) == want);
  CHECK(copy(answer.get<"upper">()) == want[0]);
  CHECK(copy(answer.get("lower.one")) == want[2]);
  CHECK(copy(answer.logits<"lower.one">()) == want[3]);
  CHECK(copy(answer.logits("lower.two")) == want[5]);
  CHECK(answer.get<"lower.two">().rows() == 5);
  CHECK(answer.get<"lower.two">().cols() == 5);
  CHECK(copy(answer.get("upper")) != copy(answer.logits("upper")));

  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix(5, 32);
  std::copy(images.begin(), images.end(), matrix.data());
  CHECK(answers(predictor.predict(matrix), 3) == want);
  xt::xtensor<float, 4> tensor(std::array<std::size_t, 4>{5, 4, 4, 2});
  std::copy(images.begin(), images.end(), tensor.begin());
  CHECK(answers(predictor.predict(tensor), 3) == want);
  CHECK(answers(predictor.predict(xs::input<"lower">(tensor), xs::input<"upper">(matrix)), 3) == want);
  CHECK(answers(predictor.predict(std::span<const float>(images)), 3) == want);

  for (std::size_t n = 0; n < 5; ++n) {  // each image by itself
    const auto one = predictor.predict(std::vector<float>(images.begin() + static_cast<std::ptrdiff_t>(32 * n),
                                                          images.begin() + static_cast<std::ptrdiff_t>(32 * (n + 1))));
    CHECK(one.samples() == 1);
    for (Eigen::Index c = 0; c < 3; ++c)
      CHECK(one.get<"upper">()(0, c) == doctest::Approx(want[0][3 * n + static_cast<std::size_t>(c)]).epsilon(1e-5));
  }
  // Towers of inputs of their own.
  std::vector<float> other(images.rbegin(), images.rend());
  const auto mixed = predictor.predict(xs::input<"upper">(images), xs::input<"lower">(other));
  CHECK(copy(mixed.get<"lower.two">()) != want[4]);
}

TEST_CASE("wrong sizes and names are Errors that say what was expected, and the next call is right") {
  xs::ThreadPool threads(1);
  Net net = trained(threads);
  xs::Predictor<Net> predictor(net, 1);
  const std::vector<float> good(32, 0.5F), short_by_one(31, 0.5F), none, two(64, 0.5F);
  says([&] { predictor.predict(short_by_one); }, "31 elements, expected a multiple of 32");
  says([&] { predictor.predict(none); }, "0 elements");
  says([&] { predictor.predict(xs::input<"upper">(good)); }, "no input for \"lower\"");
  says([&] { predictor.predict(xs::input<"upper">(two), xs::input<"lower">(good)); }, "expected 2 times 32");
  says([&] { predictor.predict(xs::input<"upper">(good), xs::input<"lower">(good), xs::input<"typo">(good)); },
       "no input \"typo\"");
  const auto answer = predictor.predict(good);
  says([&] { (void)answer.get("typo"); }, "no head \"typo\"; the network has \"upper\", \"lower.one\", \"lower.two\"");
  says([&] { (void)answer.logits("lower"); }, "no head \"lower\"");
  CHECK_THROWS_AS((void)answer.get(7), xs::Error);
  CHECK_THROWS_AS((void)answer.logits(7), xs::Error);
  CHECK(answer.get("upper").sum() == doctest::Approx(1.0));
}

TEST_CASE("from a file; parameters that outlive the network; a predictor that was moved from") {
  const toy::Folder folder("predictor");
  xs::ThreadPool threads(1);
  std::optional<Net> net(trained(threads));
  const std::vector<float> image(32, 0.25F);
  xs::Predictor<Net> predictor(*net, 1);
  const auto want = answers(predictor.predict(image), 3);
  xs::save(*net, folder.path / "net.safetensors");
  net.reset();
  CHECK(answers(predictor.predict(image), 3) == want);
  xs::Predictor<Net> from_file(folder.path / "net.safetensors", 2);
  CHECK(answers(from_file.predict(image), 3) == want);
  CHECK_THROWS_AS(xs::Predictor<Net>(folder.path / "typo.safetensors"), xs::Error);
  CHECK_THROWS_AS((xs::Predictor<xs::OneTask<Upper>>(folder.path / "net.safetensors")), xs::Error);

  xs::Predictor<Net> moved(std::move(from_file));
  CHECK(answers(moved.predict(image), 3) == want);
  says([&] { from_file.predict(image); }, "moved from");  // NOLINT(bugprone-use-after-move)
  says([&] { (void)from_file.own_bytes(); }, "moved from");
  says([&] { (void)from_file.parameters(); }, "moved from");
  CHECK_THROWS_AS(xs::Predictor<Net>(std::shared_ptr<xs::Parameters>{}), xs::Error);
}

TEST_CASE("a predictor sees a trained network's new parameters; a snapshot keeps the old ones") {
  xs::ThreadPool threads(2);
  Net net = trained(threads);
  const std::vector<float> image(32, 0.25F);
  xs::Predictor<Net> live(net, 1), old(net.snapshot(), 1);
  const auto before = answers(live.predict(image), 3);
  CHECK(answers(old.predict(image), 3) == before);
  xs::Training training(net, support::Descent{.learning_rate = 0.05F});
  training.step(support::random_batch(net, 6, 9, true), threads);
  CHECK(answers(old.predict(image), 3) == before);
  CHECK(answers(live.predict(image), 3) != before);
  net.mutable_parameter(net.find_parameter("upper.fc.bias"))[1] += 1.0F;
  const auto shifted = answers(live.predict(image), 3);
  net.mutable_parameter(net.find_parameter("upper.fc.bias"))[1] -= 1.0F;
  CHECK(answers(live.predict(image), 3) != shifted);
}

namespace {

/// A program that does something while operation 0 of a step or of a prediction runs.
struct Interrupted {
  explicit Interrupted(const xs::Program& from)
      : forward(from.forward.begin(), from.forward.end()),
        training(from.training.begin(), from.training.end()),
        inner(from.forward[0]),
        inner_training(from.training[0]),
        program(from) {
    forward[0].context = training[0].context = this;
    forward[0].forward = forward[0].fused = [](const xs::ForwardCall& call) { of(call).run(call, of(call).inner); };
    training[0].forward =
        training[0].fused = [](const xs::ForwardCall& call) { of(call).run(call, of(call).inner_training); };
    program.forward = forward;
    program.training = training;
  }
  static Interrupted& of(const xs::ForwardCall& call) {
    return *const_cast<Interrupted*>(static_cast<const Interrupted*>(call.context));
  }
  template <class Functions>
  void run(xs::ForwardCall call, const Functions& functions) {
    if (const std::function<void()> now = std::exchange(action, nullptr)) now();
    call.context = functions.context;
    (program.ops[0].fused_next ? functions.fused : functions.forward)(call);
  }

  std::vector<xs::ForwardFunctions> forward;
  std::vector<xs::TrainingFunctions> training;
  xs::ForwardFunctions inner;
  xs::TrainingFunctions inner_training;
  xs::Program program;
  std::function<void()> action;
};

}  // namespace

TEST_CASE("training, loading and a writable view while a prediction runs are Errors, and so is the reverse") {
  const toy::Folder folder("interrupted");
  xs::ThreadPool threads(1);
  Interrupted during(Net::program_of_type);
  xs::AnyNet net(during.program, xs::seed(5));
  xs::save(net, folder.path / "net.safetensors");
  const xs::Batch batch = support::random_batch(net, 3, 1, true);
  xs::Training training(net, support::Descent{});
  xs::ThreadPool others(1);
  const std::vector<float> before = support::all_parameters(net);
  int done = 0;
  during.action = [&] {
    says([&] { training.step(batch, others); }, "snapshot()");
    says([&] { xs::load(net, folder.path / "net.safetensors"); }, "snapshot()");
    says([&] { (void)net.mutable_parameter(0); }, "snapshot()");
    CHECK_NOTHROW((void)net.snapshot());
    ++done;
  };
  net.evaluate(batch, threads);
  CHECK(done == 1);
  CHECK(support::same_bits(before, support::all_parameters(net)));

  xs::Predictor<Net> predictor(net.shared_parameters(), 1), snapshot(net.snapshot(), 1);
  const std::vector<float> image(32, 0.25F);
  during.action = [&] {
    says([&] { predictor.predict(image); }, "snapshot()");
    says([&] { xs::load(net, folder.path / "net.safetensors"); }, "trained or loaded");
    CHECK_NOTHROW(snapshot.predict(image));
    ++done;
  };
  training.step(batch, threads);
  CHECK(done == 2);
  CHECK_NOTHROW(predictor.predict(image));
  CHECK_NOTHROW(training.step(batch, threads));
  CHECK_NOTHROW((void)net.mutable_parameter(0));
}

TEST_CASE("several threads, a predictor each, one set of parameters: the same bits; a predictor owns no parameters") {
  xs::ThreadPool threads(1);
  Net net = trained(threads);
  std::vector<std::vector<float>> images;
  std::vector<std::vector<std::vector<float>>> want, got(4);
  xs::Predictor<Net> reference(net, 1);
  for (std::size_t t = 0; t < 4; ++t) {
    const xs::Batch batch = support::random_batch(net, 3, t, true);
    images.emplace_back(batch.inputs[0].begin(), batch.inputs[0].end());
    want.push_back(answers(reference.predict(images[t]), 3));
  }
  net.mutable_parameter(0)[0] += 0.0F;  // another version: the threads pack again, all at once
  std::vector<std::thread> workers;
  for (std::size_t t = 0; t < 4; ++t)
    workers.emplace_back([&, t] {
      xs::Predictor<Net> mine(reference.parameters(), 1 + t % 2);
      for (int i = 0; i < 5; ++i) got[t] = answers(mine.predict(images[t]), 3);
    });
  for (std::thread& worker : workers) worker.join();
  CHECK(got == want);
}

TEST_CASE("memory: a predictor's own bytes are activations, whatever the parameters take") {
  using Narrow = xs::OneTask<xs::Tower<"a", xs::Shape<4>, xs::Linear<"x", 4096>, xs::Linear<"y", 256>, xs::L2>>;
  xs::Predictor<Narrow> one(Narrow{xs::seed(1)}, 1);
  one.predict(std::vector<float>(4, 1.0F));
  CHECK(one.parameters()->bytes() > 260 * 4096 * sizeof(float));
  CHECK(one.own_bytes() < one.parameters()->bytes());
  CHECK(one.own_bytes() >= 4096 * sizeof(float));
  const std::size_t before = one.own_bytes();
  one.predict(std::vector<float>(40, 1.0F));
  CHECK(one.own_bytes() > before);
  CHECK(one.parameters().use_count() == 1);
  xs::Predictor<Narrow> two(one.parameters(), 1);
  CHECK(one.parameters().use_count() == 2);  // shared, not copied
}

TEST_CASE("a network of another type binds the same parameters; one that lacks some is refused by their names") {
  // 1 x 1 convolutions: another number of rows has the same parameters.
  const auto tower = []<int Rows>(std::integral_constant<int, Rows>) {
    return xs::OneTask<xs::Tower<"a", xs::Shape<Rows, 1, 3>, xs::Conv<"x", 4, 1>, xs::Relu, xs::Conv<"y", 2, 1>,
                                 xs::SoftmaxCrossEntropy>>{xs::seed(3)};
  };
  auto small = tower(std::integral_constant<int, 2>{});
  using Large = decltype(tower(std::integral_constant<int, 6>{}));
  xs::Predictor<decltype(small)> few(small, 1);
  xs::Predictor<Large> many(small, 1);
  const std::vector<float> rows{1, 2, 3, -1, 0, 4, 2, 2, 2, 0, 1, 0, 5, -3, 1, 1, 1, 1};
  const std::vector<float> all = copy(many.predict(rows).template get<"a">());
  const std::vector<float> parts = copy(few.predict(rows).template get<"a">());  // three samples of two rows
  REQUIRE(all.size() == parts.size());
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == doctest::Approx(parts[i]).epsilon(1e-6));

  using Deeper = xs::OneTask<
      xs::Tower<"a", xs::Shape<2, 1, 3>, xs::Conv<"x", 5, 1>, xs::Relu, xs::Conv<"z", 2, 1>, xs::SoftmaxCrossEntropy>>;
  says([&] { xs::Predictor<Deeper> wrong(small, 1); }, "no parameter \"a.z.weight\"");
  says([&] { xs::Predictor<Deeper> wrong(small, 1); }, "\"a.x.weight\" has other extents");
}

TEST_CASE(
    "a network that was moved from, and numbers and names that are none, throw an Error; logits that were not kept") {
  xs::ThreadPool threads(1);
  Net net = trained(threads);
  const xs::Batch batch = support::random_batch(net, 2, 1, true);
  says([&] { (void)net.parameter(net.find_parameter("typo")); }, "a name that was not found?");
  says([&] { (void)net.mutable_parameter(10'000); }, "asked for number 10000");
  says([&] { (void)net.prediction(7); }, "asked for number 7");
  says([&] { (void)net.prediction(net.find_head("typo")); }, "a name that was not found?");
  net.evaluate(batch, threads);
  says([&] { (void)net.logits(0); }, "keep_logits(true)");
  net.keep_logits(true);
  says([&] { (void)net.logits(0); }, "keep_logits(true)");  // that evaluation kept none
  net.evaluate(batch, threads);
  CHECK(net.logits(0).size() == 2 * 3);
  xs::Batch wrong = batch;
  wrong.inputs.emplace_back();
  says([&] { net.evaluate(wrong, threads); }, "CrossStitch: the batch has 3 inputs, the network has 2");
  wrong = batch;
  wrong.labels[net.find_head("lower.one")].mask.assign(3, 1);
  const std::size_t mean = net.find_parameter("upper.norm.running_mean");
  says([&] { net.model().set_trained(mean, true); },
       "parameter 'upper.norm.running_mean' is a buffer, which training does not move");
  {
    xs::Training gradients(net);
    says([&] { (void)gradients.gradient(0); }, "gradient of 'upper.conv.weight': no step has stored gradients yet");
    says([&] { gradients.compute_gradients(wrong, 0, threads); }, "mask of 'lower.one': 3 entries, expected 4");
    gradients.compute_gradients(batch, 0, threads);
    says([&] { (void)gradients.gradient(mean); }, "gradient of 'upper.norm.running_mean': a buffer has none");
    says([&] { gradients.step(batch, threads); },
         "training: a step needs an optimizer; this training was made for gradients alone");
  }
  xs::AnyNet predicting(Net::inference_program_of_type, xs::seed(1));
  says([&] { xs::Training none(predicting); }, "CrossStitch: a program for prediction alone cannot be trained");
  using Own = xs::OneTask<xs::Tower<"a", xs::Shape<3>, Unfilled, xs::Linear<"fc", 2>, xs::L2>>;
  says([&] { const Own own{xs::seed(1)}; },
       "parameter 'a.unfilled.weight' asks for Initializer::custom(), but its operation has no "
       "`initialize(in, index, values, key)`");

  Net other = std::move(net);
  CHECK_NOTHROW(other.evaluate(batch, threads));
  const std::vector<std::function<void()>> uses{[&] { net.evaluate(batch, threads); },
                                                [&] { (void)net.parameters(); },
                                                [&] { (void)net.heads(); },
                                                [&] { (void)net.prediction(0); },
                                                [&] { (void)net.signature(); },
                                                [&] { (void)net.snapshot(); },
                                                [&] { net.pack_weights(threads); },
                                                [&] { net.set_trained("", true); },
                                                [&] { (void)net.memory_bytes(); },
                                                [&] { (void)net.find_head("upper"); },
                                                [&] { net.drop_packed_weights(); },
                                                [&] { net.keep_logits(true); },
                                                [&] { xs::Training training(net); },
                                                [&] { xs::Predictor<Net> mine(net); },
                                                [&] { (void)net.seed(); },
                                                [&] { (void)xs::weights<"upper.fc">(net); }};
  for (std::size_t i = 0; i < uses.size(); ++i) {
    CAPTURE(i);
    says(uses[i], "moved from");
  }
  net = Net{xs::seed(1)};
  CHECK_NOTHROW(net.evaluate(batch, threads));
}

TEST_CASE("a network chosen at run time trains, evaluates and predicts like its type") {
  xs::ThreadPool threads(1);
  for (const bool deep : {true, false}) {
    xs::AnyNet net = deep ? xs::AnyNet(Net{xs::seed(1)}) : xs::AnyNet(xs::OneTask<Upper>{xs::seed(1)});
    CHECK(net.heads().size() == (deep ? 3 : 1));
    const xs::Batch batch = support::random_batch(net, 4, 1, true);
    const double before = net.evaluate(batch, threads).total;
    xs::Training training(net, support::Descent{.learning_rate = 0.02F});
    for (std::uint64_t step = 0; step < 10; ++step) training.step(batch, threads);
    CHECK(net.evaluate(batch, threads).total < before);
    const std::vector<float> images(batch.inputs[0].begin(), batch.inputs[0].end());
    if (deep) CHECK(copy(xs::Predictor<Net>(net, 1).predict(images).get<"upper">()) == copy(net.prediction(0)));
    says([&] { xs::Predictor<xs::CrossStitch<Upper, Lower>> wrong(xs::OneTask<Upper>{}); }, "no parameter \"lower.");
  }
}
