// A fusion of our own: two operations agree on it, and nothing else knows it.
#include <doctest/doctest.h>
#include <xstitch/layers/concatenate.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include <cmath>
#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

/// The tag, with the function that it names: y = x / (1 + |x|).
struct Squash {
  static float of(float x) { return x / (1.0F + std::abs(x)); }
};

/// Another: y = x + 1.
struct PlusOne {
  static float of(float x) { return x + 1.0F; }
};

/// The reader: dx = dy (1 - |y|)^2.
struct SoftSign {
  using fusion = Squash;
  static constexpr bool reads_input = false, in_place = true;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) call.output[i] = Squash::of(call.input[i]);
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      const float rest = 1.0F - std::abs(call.output[i]);
      call.input_gradient[i] = call.output_gradient[i] * rest * rest;
    }
  }
};
/// The same, but it asks for nothing.
struct PlainSoftSign : SoftSign {
  using fusion = void;
};

/// The producer: y = w x + b. Reading its own output in backward would forbid the fusion.
template <xs::FixedString Name, bool ReadsOutput = false>
struct Scale {
  static constexpr auto name = Name;
  static constexpr bool reads_output = ReadsOutput;
  template <class Fusion>
  static constexpr bool fuses = std::is_same_v<Fusion, Squash> || std::is_same_v<Fusion, PlusOne>;
  static inline int fused_calls = 0;

  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 2> parameters(xs::Dims in) {
    const xs::Extents all(static_cast<int>(in.size()));
    return {xs::ParameterSpec{.name = "weight", .extents = all, .initializer = xs::Initializer::gaussian(1.0F)},
            xs::ParameterSpec{.name = "bias", .extents = all, .initializer = xs::Initializer::gaussian(1.0F)}};
  }
  template <xs::Dims In, class Function>
  static void write(const xs::ForwardCall& call, const Function& f) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = f(std::fma(call.parameters[0][i % In.size()], call.input[i], call.parameters[1][i % In.size()]));
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    write<In>(call, [](float x) { return x; });
  }
  template <class Fusion, xs::Dims In>
  static void forward_fused(const xs::ForwardCall& call) {
    ++fused_calls;
    write<In>(call, [](float x) { return Fusion::of(x); });
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t c = 0; c < In.size(); ++c) {
      float weight = 0, bias = 0;
      for (std::size_t i = c; i < call.batch * In.size(); i += In.size()) {
        // w x + b is y: where y may be read, x is not asked.
        const float x = ReadsOutput ? (call.output[i] - call.parameters[1][c]) / call.parameters[0][c] : call.input[i];
        weight = std::fma(x, call.output_gradient[i], weight);
        bias += call.output_gradient[i];
      }
      call.parameter_gradients[0][c] = weight;
      call.parameter_gradients[1][c] = bias;
    }
    if (call.input_gradient == nullptr) return;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.input_gradient[i] = call.output_gradient[i] * call.parameters[0][i % In.size()];
  }
};

/// A reader that can be a producer, too: y = x + 1, and the squash of that.
struct AddOne {
  using fusion = PlusOne;
  template <class Fusion>
  static constexpr bool fuses = std::is_same_v<Fusion, Squash>;
  static constexpr bool reads_input = false, reads_output = false, in_place = true;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) call.output[i] = PlusOne::of(call.input[i]);
  }
  template <class Fusion, xs::Dims In>
  static void forward_fused(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) call.output[i] = Fusion::of(PlusOne::of(call.input[i]));
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    if (call.input_gradient != call.output_gradient)
      std::copy_n(call.output_gradient, call.batch * In.size(), call.input_gradient);
  }
};
struct PlainAddOne : AddOne {
  using fusion = void;
};
/// A reader that breaks its promise: its backward pass needs what its own forward pass saved.
struct Saves : SoftSign {
  static constexpr bool reads_output = false;
  static constexpr xs::Extent saved(xs::Dims in) { return {in.size() * sizeof(float), 0}; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      call.output[i] = Squash::of(call.input[i]);
      if (call.saved != nullptr) reinterpret_cast<float*>(call.saved)[i] = call.output[i];
    }
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      const float rest = 1.0F - std::abs(reinterpret_cast<const float*>(call.saved)[i]);
      call.input_gradient[i] = call.output_gradient[i] * rest * rest;
    }
  }
};

template <class... Items>
using Net = xs::OneTask<xs::Tower<"a", xs::Shape<4>, Dense<"fc1", 5>, Items..., Dense<"fc2", 2>, SmallOutput>>;
using Fused = Net<Scale<"one">, SoftSign, Scale<"two">, SoftSign>;
using Unfused = Net<Scale<"one">, PlainSoftSign, Scale<"two">, PlainSoftSign>;

template <class N>
std::size_t count_fused() {
  std::size_t fused = 0;
  for (const xs::Op& op : N::program_of_type.ops) fused += op.fused_next ? 1U : 0U;
  return fused;
}

/// Values and gradients to the bit, on the numbers of the first.
template <class First, class Second>
void check_same() {
  First first{xs::seed(1)};
  Second second{xs::seed(2)};
  CHECK(support::copy_parameters(first, second) == first.parameters().size());
  const xs::Batch batch = random_batch(first, 5, 3);
  xs::ThreadPool threads(2);
  first.evaluate(batch, threads);
  second.evaluate(batch, threads);
  const auto a = first.prediction(0), b = second.prediction(0);
  CHECK(support::same_bits({a.begin(), a.end()}, {b.begin(), b.end()}));
  xs::Training of_first(first), of_second(second);
  of_first.compute_gradients(batch, 0, threads);
  of_second.compute_gradients(batch, 0, threads);
  for (std::size_t i = 0; i < first.parameters().size(); ++i) {
    const auto g = of_first.gradient(i), h = of_second.gradient(i);
    CHECK_MESSAGE(support::same_bits({g.begin(), g.end()}, {h.begin(), h.end()}), first.parameters()[i].name);
  }
}

}  // namespace

TEST_CASE("fused and not fused: the same values and gradients, to the bit") {
  CHECK(count_fused<Fused>() == 2);
  CHECK(count_fused<Unfused>() == 0);
  Scale<"one">::fused_calls = 0;
  check_same<Fused, Unfused>();
  CHECK(Scale<"one">::fused_calls == 2);  // of evaluate and of the training pass
  checks::all<Fused>(30);
}

TEST_CASE("not fused where somebody else reads the tensor between them") {
  using Tap = Net<Scale<"one">, xs::Mark<"x">, SoftSign, xs::Concat<xs::Layers<>, xs::Recall<"x">>>;
  using Plain = Net<Scale<"one">, xs::Mark<"x">, PlainSoftSign, xs::Concat<xs::Layers<>, xs::Recall<"x">>>;
  CHECK(count_fused<Tap>() == 0);
  check_same<Tap, Plain>();
  checks::all<Tap>(20);
  using Branches = Net<Scale<"one">, xs::Residual<SoftSign>>;
  CHECK(count_fused<Branches>() == 0);
  checks::all<Branches>(20);
  using OnlyMarked = Net<Scale<"one">, xs::Mark<"x">, SoftSign>;  // a name alone is no reader
  CHECK(count_fused<OnlyMarked>() == 1);
}

TEST_CASE("not fused where the producer reads its own output in backward") {
  using Reads = Net<Scale<"one", true>, SoftSign>;
  CHECK(count_fused<Reads>() == 0);
  check_same<Reads, Net<Scale<"one", true>, PlainSoftSign>>();
  checks::all<Reads>(20);
}

TEST_CASE("not fused across a seam that is stitched") {
  using A = xs::Tower<"a", xs::Shape<3>, Dense<"fc", 3>, Scale<"one">, xs::Seam<"s">, SoftSign, SmallOutput>;
  using B = xs::Tower<"b", xs::Shape<3>, Dense<"fc", 3>, Scale<"two">, xs::Seam<"s">, SoftSign, SmallOutput>;
  CHECK(count_fused<xs::OneTask<A>>() == 1);
  CHECK(count_fused<xs::CrossStitch<A, B>>() == 0);
  checks::all<xs::CrossStitch<A, B>>(30);
}

TEST_CASE("what its producer applies applies nothing itself: of three in a row none is lost") {
  using Row = Net<Scale<"one">, AddOne, SoftSign>;
  CHECK(count_fused<Row>() == 1);
  check_same<Row, Net<Scale<"one">, PlainAddOne, PlainSoftSign>>();
  checks::all<Row>(20);
  using Last = Net<AddOne, SoftSign>;  // alone it fuses
  CHECK(count_fused<Last>() == 1);
  check_same<Last, Net<PlainAddOne, PlainSoftSign>>();
}

TEST_CASE("a reader that needs a forward pass of its own is not fused") {
  using Needs = Net<Scale<"one">, Saves>;
  CHECK(count_fused<Needs>() == 0);
  check_same<Needs, Net<Scale<"one">, PlainSoftSign>>();
  checks::all<Needs>(20);
}
