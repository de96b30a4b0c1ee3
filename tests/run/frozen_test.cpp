// What is not trained keeps its bits and costs nothing in backward: Frozen in the type, set_trained at run time.
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/networks/split.hpp>
#include <xstitch/run/training.hpp>

#include <doctest/doctest.h>

#include <map>

#include "../train/toy.hpp"
#include "../weave/support.hpp"
#include "../weave/tiny_layers.hpp"

namespace xs = xstitch;
using tiny::Dense;

namespace {

/// A program whose backward passes are counted, operation by operation, with the sinks that wanted a gradient.
class Counted {
 public:
  explicit Counted(const xs::Program& program) : training_(program.training.begin(), program.training.end()) {
    ops_.resize(training_.size());
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      ops_[i].inner = training_[i];
      ops_[i].streams = program.ops[i].record->streams_gradients;
      ops_[i].parameters = program.ops[i].record->parameters.size();
      ops_[i].name = xs::place_of(program, program.ops[i]);
      training_[i].backward = [](const xs::BackwardCall& call) {
        Operation& op = *const_cast<Operation*>(static_cast<const Operation*>(call.context));
        ++op.calls;
        for (std::size_t p = 0; op.streams && p < op.parameters; ++p) op.gradients += call.sinks[p].wanted() ? 1 : 0;
        op.input_gradients += call.input_gradient != nullptr ? 1 : 0;
        xs::BackwardCall inner = call;
        inner.context = op.inner.context;
        op.inner.backward(inner);
      };
      training_[i].context = &ops_[i];
    }
    program_ = program;
    program_.training = training_;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  struct Operation {
    xs::TrainingFunctions inner;
    std::string name;
    bool streams = false;
    std::size_t parameters = 0;
    int calls = 0, gradients = 0, input_gradients = 0;
  };
  [[nodiscard]] const xs::Program& program() const { return program_; }
  /// Of a step: the operation whose place is told.
  [[nodiscard]] const Operation& at(const std::string& name) const {
    for (const Operation& op : ops_)
      if (op.name == name) return op;
    FAIL("no operation " << name);
    return ops_[0];
  }
  void restart() {
    for (Operation& op : ops_) op.calls = op.gradients = op.input_gradients = 0;
  }
  [[nodiscard]] int calls() const {
    int sum = 0;
    for (const Operation& op : ops_) sum += op.calls;
    return sum;
  }

 private:
  std::vector<Operation> ops_;
  std::vector<xs::TrainingFunctions> training_;
  xs::Program program_{};
};

/// Kernels of the library, with gradients that stream; `Lower` and `Middle` may be Frozen.
template <class... Options>
struct Deep {
  template <class... Middle>
  using Net = xs::OneTask<
      xs::Tower<"a", xs::Shape<6, 6, 2>, xs::Conv<"low", 8, 3, xs::Pad<1>, Options...>, xs::Relu, xs::MaxPool<2>,
                xs::Conv<"middle", 8, 3, xs::Pad<1>, Middle...>, xs::Relu, xs::Linear<"top", 4>, xs::L2>>;
};
using Free = Deep<>::Net<>;
using LowFrozen = Deep<xs::Frozen>::Net<>;
using MiddleFrozen = Deep<>::Net<xs::Frozen>;

using Pair = xs::CrossStitch<
    xs::Tower<"a", xs::Shape<5>, Dense<"x", 4>, xs::Tanh, xs::Seam<"s">, Dense<"y", 3>, tiny::SmallOutput>,
    xs::Tower<"b", xs::Shape<5>, Dense<"x", 4>, xs::Tanh, xs::Seam<"s">, Dense<"y", 3>, tiny::SmallOutput>>;

using Values = std::map<std::string, std::vector<float>>;

Values parameters_of(const xs::AnyNet& net) {
  Values all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all[net.parameters()[i].name] = {net.parameter(i).begin(), net.parameter(i).end()};
  return all;
}
Values gradients_of(xs::AnyNet& net, const xs::Batch& batch, xs::ThreadPool& threads) {
  xs::Training training(net);
  training.compute_gradients(batch, 1, threads);
  Values all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    all[net.parameters()[i].name] = {training.gradient(i).begin(), training.gradient(i).end()};
  return all;
}

/// Two steps; parameters whose name begins with `prefix` keep their bits, all others move.
void check_steps(xs::AnyNet& net, const std::string& prefix, const xs::StepOptions& options, xs::ThreadPool& threads) {
  const Values before = parameters_of(net);
  xs::Training training(net, support::Descent{.learning_rate = 0.05F});
  for (std::uint64_t step = 0; step < 2; ++step)
    REQUIRE(training.step(support::random_batch(net, 6, step), options, threads).finite);
  for (const auto& [name, values] : parameters_of(net)) {
    INFO(name);
    CHECK(support::same_bits(values, before.at(name)) == name.starts_with(prefix));
  }
}

}  // namespace

TEST_CASE("parameters of what is frozen keep their bits, by type and at run time, gradients applied or stored") {
  xs::ThreadPool threads(2);
  for (const xs::StepOptions& options : {xs::StepOptions{}, xs::StepOptions{.store_gradients = true},
                                         xs::StepOptions{.clip_norm = 0.1F}, xs::StepOptions{.accumulate = 2}}) {
    LowFrozen low{xs::seed(1)};
    check_steps(low, "a.low", options, threads);
    MiddleFrozen middle{xs::seed(1)};
    check_steps(middle, "a.middle", options, threads);
    Free free{xs::seed(1)};
    CHECK(free.set_trained("a.middle", false) == 2);
    check_steps(free, "a.middle", options, threads);
    Pair pair{xs::seed(1)};
    CHECK(pair.set_trained("stitch.", false) == 1);
    check_steps(pair, "stitch.", options, threads);
    CHECK(pair.set_trained("", true) == 5);
    CHECK(pair.set_trained("a.", false) == 2);
    check_steps(pair, "a.", options, threads);
  }
}

TEST_CASE("what starts Frozen may be trained later, as if it had never been") {
  xs::ThreadPool threads(2);
  LowFrozen thawed{xs::seed(1)};
  Free free{xs::seed(1)};
  CHECK(thawed.set_trained("a.low", true) == 2);
  xs::Training one(thawed, support::Descent{}), two(free, support::Descent{});
  for (std::uint64_t step = 0; step < 2; ++step) {
    const xs::Batch batch = support::random_batch(free, 6, step);
    one.step(batch, {.step = step}, threads);
    two.step(batch, {.step = step}, threads);
  }
  CHECK(support::same_bits(support::all_parameters(thawed), support::all_parameters(free)));
}

TEST_CASE("a bilinear TransposedConv that starts Frozen keeps its bits, and is trained when it is wanted") {
  using Held = xs::OneTask<xs::Tower<
      "a", xs::Shape<2, 3, 3>,
      xs::TransposedConv<"up", 3, 4, xs::Stride<2>, xs::Pad<1>, xs::Groups<3>, xs::BilinearInitializer, xs::Frozen>,
      xs::Tanh, Dense<"out", 2>, tiny::SmallOutput>>;
  using Loose = xs::OneTask<
      xs::Tower<"a", xs::Shape<2, 3, 3>,
                xs::TransposedConv<"up", 3, 4, xs::Stride<2>, xs::Pad<1>, xs::Groups<3>, xs::BilinearInitializer>,
                xs::Tanh, Dense<"out", 2>, tiny::SmallOutput>>;
  xs::ThreadPool threads(2);
  Held held{xs::seed(1)}, thawed{xs::seed(1)};
  Loose loose{xs::seed(1)};
  CHECK(thawed.set_trained("a.up", true) == 2);
  const std::size_t weight = held.find_parameter("a.up.weight");
  const std::vector<float> before(held.parameter(weight).begin(), held.parameter(weight).end());
  xs::Training one(thawed, support::Descent{}), two(loose, support::Descent{}), three(held, support::Descent{});
  for (std::uint64_t step = 0; step < 2; ++step) {
    const xs::Batch batch = support::random_batch(held, 6, step);
    for (xs::Training* training : {&one, &two, &three}) training->step(batch, {.step = step}, threads);
  }
  CHECK(support::same_bits(support::all_parameters(thawed), support::all_parameters(loose)));
  CHECK(std::ranges::equal(held.parameter(weight), before));
  CHECK_FALSE(std::ranges::equal(thawed.parameter(weight), before));
}

TEST_CASE("Shared shares all but the last layer that starts trained; what starts Frozen above it is each tower's own") {
  using Up =
      xs::TransposedConv<"up", 4, 2, xs::Stride<2>, xs::Groups<4>, xs::BilinearInitializer, xs::NoBias, xs::Frozen>;
  using Trunk = xs::Layers<xs::Conv<"conv", 5, 1>, xs::Tanh, xs::Conv<"score", 4, 1>, Up>;
  using Net = xs::Shared<xs::Tower<"one", xs::Shape<2, 3, 3>, Trunk, tiny::SmallOutput>,
                         xs::Tower<"two", xs::Shape<2, 3, 3>, Trunk, tiny::SmallOutput>>;
  const Net net{xs::seed(1)};
  for (const char* own : {"one.score.weight", "two.score.weight", "one.up.weight", "two.up.weight"})
    CHECK(net.find_parameter(own) != xs::AnyNet::npos);
  CHECK(net.find_parameter("one.conv.weight") == xs::AnyNet::npos);
  CHECK_FALSE(net.model().trained(net.find_parameter("two.up.weight")));
}

TEST_CASE("gradients of what is trained are those of the whole network, to the bit; those of the rest are zero") {
  xs::ThreadPool threads(2);
  const auto check = [&](xs::AnyNet& net, const std::string& prefix) {
    const xs::Batch batch = support::random_batch(net, 6, 1);
    net.set_trained("", true);
    const Values all = gradients_of(net, batch, threads);
    net.set_trained(prefix, false);
    for (const auto& [name, values] : gradients_of(net, batch, threads)) {
      INFO(name);
      CHECK(support::same_bits(values,
                               name.starts_with(prefix) ? std::vector<float>(values.size(), 0.0F) : all.at(name)));
    }
  };
  Free free{xs::seed(1)};
  for (const char* prefix : {"a.low", "a.middle", "a.top", "a.low.bias"}) check(free, prefix);
  Pair pair{xs::seed(1)};
  for (const char* prefix : {"a.x", "a.", "stitch.", "b.y"}) check(pair, prefix);
}

TEST_CASE("one Training sees what was frozen after it was made: no old gradient is left, and thawing brings it back") {
  xs::ThreadPool threads(2);
  Free net{xs::seed(1)};
  xs::Training training(net, support::Descent{});
  const xs::Batch batch = support::random_batch(net, 6, 1);
  const std::size_t low = net.find_parameter("a.low.weight");
  training.compute_gradients(batch, 0, threads);
  const std::vector<float> full(training.gradient(low).begin(), training.gradient(low).end());
  net.set_trained("a.low", false);
  training.compute_gradients(batch, 0, threads);
  for (const float g : training.gradient(low)) CHECK(g == 0.0F);
  net.set_trained("a.low", true);
  training.compute_gradients(batch, 0, threads);
  CHECK(support::same_bits(full, {training.gradient(low).begin(), training.gradient(low).end()}));
}

TEST_CASE("below the lowest trained parameter nothing runs in backward; in the middle no dW is made") {
  xs::ThreadPool threads(2);
  Counted counted(Free::program_of_type);
  xs::AnyNet net(counted.program(), xs::seed(1));
  const xs::Batch batch = support::random_batch(net, 6, 1);
  for (const bool store : {false, true}) {
    net.set_trained("", true);
    xs::Training training(net, support::Descent{.learning_rate = 0.01F});
    const auto step = [&] {
      counted.restart();
      training.step(batch, {.store_gradients = store}, threads);
    };
    step();
    CHECK(counted.calls() == static_cast<int>(counted.program().ops.size()));
    CHECK(counted.at("layer 'low' of tower 'a'").gradients == 2);
    CHECK(counted.at("layer 'low' of tower 'a'").input_gradients == 0);  // nobody wants the image's

    net.set_trained("a.low", false);
    step();
    CHECK(counted.at("layer 'low' of tower 'a'").calls == 0);
    CHECK(counted.at("layer MaxPool after 'low' of tower 'a'").calls == 0);
    CHECK(counted.at("layer 'middle' of tower 'a'").calls == 1);
    CHECK(counted.at("layer 'middle' of tower 'a'").gradients == 2);
    CHECK(counted.at("layer 'middle' of tower 'a'").input_gradients == 0);

    net.set_trained("a.low", true);
    net.set_trained("a.middle", false);
    step();
    CHECK(counted.at("layer 'middle' of tower 'a'").calls == 1);
    CHECK(counted.at("layer 'middle' of tower 'a'").gradients == 0);
    CHECK(counted.at("layer 'middle' of tower 'a'").input_gradients == 1);
    CHECK(counted.at("layer 'low' of tower 'a'").gradients == 2);

    net.set_trained("a.middle.bias", true);
    step();
    CHECK(counted.at("layer 'middle' of tower 'a'").gradients == 1);

    net.set_trained("", false);
    step();
    CHECK(counted.calls() == 0);
  }
}

TEST_CASE("a tower that is frozen runs no backward below the seam, the other one does; Frozen by type too") {
  xs::ThreadPool threads(2);
  {
    Counted counted(Pair::program_of_type);
    xs::AnyNet net(counted.program(), xs::seed(1));
    const xs::Batch batch = support::random_batch(net, 6, 1);
    net.set_trained("a.", false);
    xs::Training(net, support::Descent{}).step(batch, threads);
    CHECK(counted.at("layer 'x' of tower 'a'").calls == 0);
    CHECK(counted.at("layer 'y' of tower 'a'").calls == 1);  // its dx reaches the alphas and tower b
    CHECK(counted.at("layer 'x' of tower 'b'").calls == 1);
  }
  Counted counted(LowFrozen::program_of_type);
  xs::AnyNet net(counted.program(), xs::seed(1));
  const xs::Batch batch = support::random_batch(net, 6, 1);
  xs::Training(net, support::Descent{.learning_rate = 0.01F}).step(batch, threads);
  CHECK(counted.at("layer 'low' of tower 'a'").calls == 0);
  CHECK(counted.at("layer 'middle' of tower 'a'").calls == 1);
}

TEST_CASE("set_trained: a prefix of no parameter and a buffer are Errors") {
  Free net{xs::seed(1)};
  CHECK(toy::error_of([&] { net.set_trained("typo", false); }).find("\"typo\"") != std::string::npos);
  CHECK_THROWS_AS(net.model().set_trained(99, false), xs::Error);
}
