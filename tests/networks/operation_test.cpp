// An operation of our own with two inputs and two outputs, one of them integers, that uses everything an operation may:
// seven parameters, initial values of its own, random numbers, saved memory. A later operation reads the integers.
#include <doctest/doctest.h>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/networks/cross_stitch.hpp>

#include <string>
#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

namespace {

/// u = scale_a a + shift_a + scale_b b + shift_b;  y0 = gate (m u + table[k]) + offset, y1 = k
/// m is 0 or 4/3 and k one of 3 rows of the table, both random in training; m = 1, k = 0 in inference.
template <xs::FixedString Name>
struct Mixed {
  static constexpr auto name = Name;
  static constexpr bool reads_output = false;
  enum { scale_a, shift_a, scale_b, shift_b, gate, offset, table, count };
  static constexpr int rows = 3;

  static constexpr auto outputs(xs::Shapes<2> in) {
    return in[0] == in[1] ? xs::Shapes{in[0], xs::TensorShape(in[0].dims, 1, xs::ElementType::int32)}
                          : xs::Shapes<2>{xs::Dims{}, xs::Dims{}};
  }
  static constexpr std::array<xs::ParameterSpec, count> parameters(xs::Shapes<2> in) {
    constexpr std::array<std::string_view, count> names{"scale_a", "shift_a", "scale_b", "shift_b",
                                                        "gate",    "offset",  "table"};
    std::array<xs::ParameterSpec, count> all{};
    for (std::size_t p = 0; p < count; ++p) {
      all[p].name = names[p];
      all[p].extents = xs::Extents(in[0].dims.channels);
      all[p].initializer = p == scale_a || p == scale_b || p == gate ? xs::Initializer::constant(0.75F)
                                                                     : xs::Initializer::gaussian(0.2F);
    }
    all[table].extents = xs::Extents(rows, in[0].dims.channels);
    all[table].initializer = xs::Initializer::custom();
    all[offset].group = xs::ParameterGroup::bias;
    return all;
  }
  static void initialize(xs::Shapes<2> in, std::size_t index, float* values, xs::RandomKey) {
    CHECK(index == table);
    for (std::size_t i = 0; i < rows * in[0].size(); ++i) values[i] = 0.25F * static_cast<float>(i);
  }
  static constexpr xs::Extent saved(xs::Shapes<2> in) { return {in[0].size(), 0}; }  // kept? + 2 k, a byte each

  static void forward(const xs::ForwardCall& call) {
    const std::size_t size = call.input_shapes[0].size();
    const float* const* p = call.parameters;
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      for (std::size_t c = 0; c < size; ++c) {
        const std::size_t i = n * size + c;
        const std::uint64_t at = (call.first_position + n) * size + c;
        const bool kept = !call.training || call.random.with("keep").uniform(at) < 0.75F;
        const std::size_t k = call.training ? call.random.with("row").below(at, rows) : 0;
        if (call.saved != nullptr) call.saved[i] = static_cast<std::byte>((kept ? 1U : 0U) + 2U * k);
        const float m = !kept ? 0.0F : call.training ? 4.0F / 3.0F : 1.0F;
        const float u = std::fma(p[scale_a][c], call.inputs[0][i], p[shift_a][c]) +
                        std::fma(p[scale_b][c], call.inputs[1][i], p[shift_b][c]);
        call.outputs[0][i] = std::fma(p[gate][c], std::fma(m, u, p[table][k * size + c]), p[offset][c]);
        call.output_as<std::int32_t>(1)[i] = static_cast<std::int32_t>(k);
      }
    });
  }
  static void backward(const xs::BackwardCall& call) {
    const std::size_t size = call.input_shapes[0].size();
    const float* const* p = call.parameters;
    CHECK(call.output_gradients[1] == nullptr);  // integers have none
    call.threads.parallel_for(size, [&](std::size_t c) {
      std::array<float, count> sums{};
      std::array<float, rows> of_rows{};
      for (std::size_t n = 0; n < call.batch; ++n) {
        const std::size_t i = n * size + c;
        const float m = (call.saved[i] & std::byte{1}) != std::byte{0} ? 4.0F / 3.0F : 0.0F;
        const auto k = static_cast<std::size_t>(call.saved[i] >> 1);
        const float a = call.inputs[0][i], b = call.inputs[1][i], dy = call.output_gradients[0][i];
        const float u = std::fma(p[scale_a][c], a, p[shift_a][c]) + std::fma(p[scale_b][c], b, p[shift_b][c]);
        const float du = dy * p[gate][c] * m;
        sums[gate] = std::fma(dy, std::fma(m, u, p[table][k * size + c]), sums[gate]);
        sums[offset] += dy;
        sums[scale_a] = std::fma(du, a, sums[scale_a]);
        sums[scale_b] = std::fma(du, b, sums[scale_b]);
        sums[shift_a] += du;
        of_rows[k] = std::fma(dy, p[gate][c], of_rows[k]);
        if (call.input_gradients[0] != nullptr) call.input_gradients[0][i] = du * p[scale_a][c];
        if (call.input_gradients[1] != nullptr) call.input_gradients[1][i] = du * p[scale_b][c];
      }
      sums[shift_b] = sums[shift_a];
      for (std::size_t q = 0; q < table; ++q) call.parameter_gradients[q][c] = sums[q];
      for (std::size_t k = 0; k < rows; ++k) call.parameter_gradients[table][k * size + c] = of_rows[k];
    });
  }
};

/// y = x f[k], k a tensor of integers.
template <xs::FixedString Name>
struct Chosen {
  static constexpr auto name = Name;
  static constexpr bool reads_output = false;
  static constexpr auto outputs(xs::Shapes<2> in) {
    return in[1].element == xs::ElementType::int32 ? xs::Shapes{in[0]} : xs::Shapes{xs::Dims{}};
  }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Shapes<2>) {
    return {
        xs::ParameterSpec{.name = "factor", .extents = xs::Extents(3), .initializer = xs::Initializer::gaussian(1.0F)}};
  }
  static void forward(const xs::ForwardCall& call) {
    const std::size_t size = call.batch * call.input_shapes[0].size();
    for (std::size_t i = 0; i < size; ++i)
      call.outputs[0][i] = call.inputs[0][i] * call.parameters[0][call.input_as<std::int32_t>(1)[i]];
  }
  static void backward(const xs::BackwardCall& call) {
    const std::size_t size = call.batch * call.input_shapes[0].size();
    CHECK(call.input_gradients[1] == nullptr);
    float* factor = call.parameter_gradients[0];
    std::fill_n(factor, 3, 0.0F);
    for (std::size_t i = 0; i < size; ++i) {
      const std::int32_t k = call.input_as<std::int32_t>(1)[i];
      factor[k] = std::fma(call.inputs[0][i], call.output_gradients[0][i], factor[k]);
      if (call.input_gradients[0] != nullptr)
        call.input_gradients[0][i] = call.output_gradients[0][i] * call.parameters[0][k];
    }
  }
};

using A =
    xs::Tower<"a", xs::Shape<5>, Dense<"fc1", 4>,
              xs::Apply<Mixed<"mixed">, xs::Layers<>, xs::Layers<Dense<"fc2", 4>, xs::Tanh>>, xs::Mark<"rows", 1>,
              xs::Tanh, xs::Seam<"s">, xs::Apply<Chosen<"chosen">, xs::Layers<>, xs::Recall<"rows">>, SmallOutput>;
using B = xs::Tower<"b", xs::Shape<3>, Dense<"fc1", 4>, xs::Tanh, xs::Seam<"s">, Dense<"fc2", 2>, SmallOutput>;
using Pair = xs::CrossStitch<A, B>;

}  // namespace

TEST_CASE("seven parameters with names, groups and initial values") {
  const Pair net{xs::seed(1)};
  const auto value = [&](const char* name) { return net.parameter(net.find_parameter(name)); };
  for (const char* name : {"scale_a", "shift_a", "scale_b", "shift_b", "gate", "offset", "table"})
    CHECK(net.find_parameter(std::string("a.mixed.") + name) != xs::AnyNet::npos);
  CHECK(value("a.mixed.gate")[3] == 0.75F);
  REQUIRE(value("a.mixed.table").size() == 12);
  for (std::size_t i = 0; i < 12; ++i) CHECK(value("a.mixed.table")[i] == 0.25F * static_cast<float>(i));
  static_assert(Pair::parameter_count == 5 * 4 + 4 * 4 + 6 * 4 + 12 + 3 + 3 * 4 + 4 * 2 + 2 * 2 * 4);
}

TEST_CASE("gradients, and the same bits on any threads, applied at once or stored") { checks::all<Pair>(80); }

TEST_CASE("inference draws nothing; training draws other numbers in each step") {
  Pair net{xs::seed(1)};
  const xs::Batch batch = random_batch(net, 4, 1);
  xs::ThreadPool threads(2);
  const double once = net.evaluate(batch, threads).total;
  CHECK(net.evaluate(batch, threads).total == once);
  xs::Training training(net);
  const double first = training.compute_gradients(batch, 0, threads).total;
  CHECK(training.compute_gradients(batch, 0, threads).total == first);
  CHECK(training.compute_gradients(batch, 1, threads).total != first);
}

TEST_CASE("random numbers follow the position in the batch: slices draw what the whole draws") {
  Pair net{xs::seed(1)};
  const xs::Batch batch = random_batch(net, 6, 1);
  xs::ThreadPool threads(2);
  xs::Training training(net);
  const double whole = training.compute_gradients(batch, {.step = 0, .accumulate = 1}, threads).total;
  std::vector<float> gradient(training.gradient(0).begin(), training.gradient(0).end());
  const double slices = training.compute_gradients(batch, {.step = 0, .accumulate = 3}, threads).total;
  CHECK(slices == doctest::Approx(whole).epsilon(1e-6));
  for (std::size_t i = 0; i < gradient.size(); ++i)
    CHECK(training.gradient(0)[i] == doctest::Approx(gradient[i]).epsilon(1e-4));
}
