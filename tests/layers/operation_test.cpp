// Operations with several inputs and outputs, run and checked alone.
#include <xstitch/layers/check_gradients.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace xs = xstitch;
using xs::BackwardCall, xs::Dims, xs::ElementType, xs::ForwardCall, xs::Shapes, xs::TensorShape;

namespace {

enum class Fault { none, wrong_gradient, changes_saved, forgets_buffer, writes_indices_beyond };

/// y = scale max(a, b) by element, and which of the two it was: 2 inputs, 2 outputs, the second of integers; a
/// parameter a channel, a buffer that counts steps, saved memory, and a body for all shapes.
template <Fault fault>
struct Larger {
  static constexpr xs::FixedString name{"larger"};
  static constexpr bool updates_buffers = true;
  static constexpr bool reads_output = false;
  static constexpr auto outputs(Shapes<2> in) {
    return Shapes{in[0], TensorShape(in[0].dims, in[0].rows, ElementType::int32)};
  }
  static constexpr auto parameters(Shapes<2> in) {
    return std::array{
        xs::ParameterSpec{"scale", xs::Extents(in[0].dims.channels), xs::Initializer::custom()},
        xs::ParameterSpec{"steps", xs::Extents(1), xs::Initializer::constant(4.0F), xs::ParameterGroup::buffer}};
  }
  static void initialize(Shapes<2>, std::size_t, float* values, xs::RandomKey key) {
    for (std::size_t c = 0; c < 3; ++c) values[c] = key.uniform(c, 1.0F, 2.0F);
  }
  static constexpr xs::Extent saved(Shapes<2> in) { return {in[0].size(), 0}; }

  static void forward(const ForwardCall& call) {
    const TensorShape& shape = call.input_shapes[0];
    const auto channels = static_cast<std::size_t>(shape.dims.channels);
    auto* which = call.output_as<std::int32_t>(1);
    for (std::size_t i = 0; i < call.batch * shape.size(); ++i) {
      const bool second = call.inputs[1][i] > call.inputs[0][i];
      call.outputs[0][i] = call.parameters[0][i % channels] * call.inputs[second ? 1 : 0][i];
      which[i] = second ? 1 : 0;
      if (call.saved != nullptr) call.saved[i] = std::byte{static_cast<std::uint8_t>(second)};
    }
    if (fault == Fault::writes_indices_beyond) which[call.batch * shape.size()] = 7;
    if (call.buffer_updates != nullptr && fault != Fault::forgets_buffer)
      call.buffer_updates[1][0] = call.parameters[1][0] + 1.0F;
  }

  static void backward(const BackwardCall& call) {
    const TensorShape& shape = call.input_shapes[0];
    const auto channels = static_cast<std::size_t>(shape.dims.channels);
    CHECK(call.output_gradients[1] == nullptr);  // integers have none
    std::fill_n(call.parameter_gradients[0], channels, 0.0F);
    for (std::size_t i = 0; i < call.batch * shape.size(); ++i) {
      const float dy = call.output_gradients[0][i];
      const auto chosen = static_cast<std::size_t>(call.saved[i]);
      call.parameter_gradients[0][i % channels] += dy * call.inputs[chosen][i];
      for (std::size_t k = 0; k < 2; ++k)
        if (call.input_gradients[k] != nullptr)
          call.input_gradients[k][i] =
              k == chosen || fault == Fault::wrong_gradient ? dy * call.parameters[0][i % channels] : 0.0F;
    }
    if (fault == Fault::changes_saved) const_cast<std::byte*>(call.saved)[0] = std::byte{9};
  }
};

/// y[n] = x[n, index[n]]: an input of integers, without gradient.
struct Pick {
  static constexpr bool reads_output = false;
  static constexpr bool reads_input = true;
  static constexpr auto outputs(Shapes<2>) { return Shapes{Dims{1, 1, 1}}; }
  template <Shapes<2> In>
  static void forward(const ForwardCall& call) {
    for (std::size_t n = 0; n < call.batch; ++n)
      call.output[n] = call.input[n * In[0].size() + static_cast<std::size_t>(call.input_as<std::int32_t>(1)[n])];
  }
  template <Shapes<2> In>
  static void backward(const BackwardCall& call) {
    CHECK(call.input_gradients[1] == nullptr);
    if (call.input_gradient == nullptr) return;
    std::fill_n(call.input_gradient, call.batch * In[0].size(), 0.0F);
    for (std::size_t n = 0; n < call.batch; ++n)
      call.input_gradient[n * In[0].size() + static_cast<std::size_t>(call.input_as<std::int32_t>(1)[n])] =
          call.output_gradient[n];
  }
};

/// y = x - mean of x over the row, after a bias that is added to all: the bias's gradient is zero throughout.
struct Centred {
  static constexpr xs::FixedString name{"centred"};
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr auto parameters(Dims) {
    return std::array{xs::ParameterSpec{"bias", xs::Extents(1), xs::Initializer::constant(0.0F)}};
  }
  template <Dims In>
  static void forward(const ForwardCall& call) {
    for (std::size_t n = 0; n < call.batch; ++n) {
      const float *x = call.input + n * In.size(), bias = call.parameters[0][0];
      float sum = 0.0F;
      for (std::size_t i = 0; i < In.size(); ++i) sum += x[i] + bias;
      for (std::size_t i = 0; i < In.size(); ++i)
        call.output[n * In.size() + i] = x[i] + bias - sum / static_cast<float>(In.size());
    }
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    call.parameter_gradients[0][0] = 0.0F;
    for (std::size_t n = 0; n < call.batch && call.input_gradient != nullptr; ++n) {
      const float* dy = call.output_gradient + n * In.size();
      float sum = 0.0F;
      for (std::size_t i = 0; i < In.size(); ++i) sum += dy[i];
      for (std::size_t i = 0; i < In.size(); ++i)
        call.input_gradient[n * In.size() + i] = dy[i] - sum / static_cast<float>(In.size());
    }
  }
};

/// y = x, of samples with three rows each.
struct Rows {
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr xs::Extent saved(Dims) { return {sizeof(float), 0}; }
  template <Dims In>
  static void forward(const ForwardCall& call) {
    CHECK(call.batch == 6);  // 2 samples of 3 rows
    std::copy_n(call.input, call.batch * In.size(), call.output);
    if (call.saved != nullptr) std::fill_n(reinterpret_cast<float*>(call.saved), call.batch, 1.0F);
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient != nullptr) std::copy_n(call.output_gradient, call.batch * In.size(), call.input_gradient);
  }
};

/// y = x twice, and a parameter of four elements without influence.
enum class Promise { none, work_in_place, initialize, emit_inside, offer_its_factors };
template <Promise broken>
struct Careless {
  static constexpr xs::FixedString name{"careless"};
  static constexpr std::string_view kind = "careless";
  static constexpr bool in_place = broken == Promise::work_in_place, streams_gradients = true;
  static constexpr Dims output_shape(Dims in) { return {in.height, in.width, 2 * in.channels}; }
  static constexpr auto parameters(Dims) {
    return std::array{
        xs::ParameterSpec{"weight", xs::Extents(2, 2),
                          broken == Promise::initialize ? xs::Initializer::custom() : xs::Initializer::constant(0.0F)}};
  }
  template <Dims In>
  static void forward(const ForwardCall& call) {
    for (std::size_t i = 0; i < 2 * call.batch * In.size(); ++i) call.output[i] = call.input[i / 2];
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    const std::vector<float> ones(6, 1.0F);
    if (broken == Promise::emit_inside) call.sinks[0].emit(3, ones.data(), 2);
    if (broken == Promise::offer_its_factors) (void)call.sinks[0].take_factors({ones.data(), ones.data(), 2, 3, 2});
  }
};

constexpr Shapes pair{Dims{2, 3, 3}, Dims{2, 3, 3}};

template <Fault fault>
xs::GradientReport check(const xs::GradientCheckOptions& options = {}) {
  return xs::check_operation_gradients<Larger<fault>, pair>(options);
}
bool names(const xs::GradientReport& report, const char* problem) {
  return report.text().find(problem) != std::string::npos;
}

}  // namespace

TEST_CASE("two inputs and two outputs, one of integers") {
  xs::RunOperation<Larger<Fault::none>, pair> run({.batch = 1});
  std::ranges::copy(std::vector{3.0F, 1.0F, 2.0F}, run.input(0).begin());
  std::ranges::copy(std::vector{1.0F, 4.0F, 2.0F}, run.input(1).begin());
  std::ranges::copy(std::vector{10.0F, 100.0F, 1000.0F}, run.parameter(0).begin());
  run.forward();
  CHECK(run.output(0)[0] == 30.0F);
  CHECK(run.output(0)[1] == 400.0F);
  CHECK(run.output(0)[2] == 2000.0F);
  CHECK(run.output<std::int32_t>(1)[0] == 0);
  CHECK(run.output<std::int32_t>(1)[1] == 1);
  CHECK(run.buffer_update(1)[0] == 5.0F);
  CHECK(run.parameter(1)[0] == 4.0F);
  run.forward(false);
  CHECK(std::isnan(run.buffer_update(1)[0]));  // in inference there is nothing to update
  CHECK(run.fault() == "");
}

TEST_CASE("its gradients are checked, and each wrong operation is caught") {
  const auto report = check<Fault::none>({.input = xs::CheckedInput::distinct});
  INFO(report.text());
  CHECK(report.ok);
  REQUIRE(report.entries.size() == 3);
  CHECK(report.entries[0].name == "input 0");
  CHECK(report.entries[1].name == "input 1");
  CHECK(report.entries[2].name == "scale");
  CHECK(report.entries[1].checked == 54);
  CHECK_FALSE(check<Fault::wrong_gradient>().ok);
  CHECK(names(check<Fault::changes_saved>(), "backward changed the saved memory"));
  CHECK(names(check<Fault::forgets_buffer>(), "did not write all that steps is to become"));
  CHECK(names(check<Fault::writes_indices_beyond>(), "outside the bounds of the output"));
}

TEST_CASE("an input of integers has no gradient and is written by the caller") {
  constexpr Shapes in{Dims{1, 1, 5}, TensorShape(Dims{1, 1, 1}, 1, ElementType::int32)};
  const auto report =
      xs::check_operation_gradients<Pick, in>({.fill_integers = [](std::size_t, std::span<std::int32_t> values) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i % 5);
      }});
  INFO(report.text());
  CHECK(report.ok);
  CHECK(report.entries.size() == 1);
}

TEST_CASE("a gradient that is zero throughout is right") {
  const auto report = xs::check_gradients<Centred, xs::Shape<3, 4, 5>>();
  INFO(report.text());
  CHECK(report.ok);
}

TEST_CASE("rows of a sample are part of a layer's batch") {
  xs::RunOperation<Rows, Shapes{TensorShape(Dims{1, 1, 4}, 3)}> run({.batch = 2});
  CHECK(run.input().size() == 24);
  CHECK(run.saved().size() == 24);
  static_assert(decltype(run)::out[0].rows == 3);
  std::ranges::fill(run.input(), 2.0F);
  run.forward();
  run.backward();
  CHECK(run.output()[23] == 2.0F);
  CHECK(run.fault() == "");
}

TEST_CASE("an operation that breaks its word is named") {
  constexpr Shapes one{Dims{1, 1, 2}};
  const xs::RunOptions in_place{.in_place = true}, streamed{.emit_gradients = true, .take_factors = true};
  CHECK_THROWS_WITH_AS((xs::RunOperation<Careless<Promise::none>, one>(in_place)),
                       "operation 'careless' does not work in place", xs::Error);
  CHECK_THROWS_WITH_AS((xs::RunOperation<Careless<Promise::work_in_place>, one>(in_place)),
                       "in_place needs equal sizes of input and output 0", xs::Error);
  CHECK_THROWS_WITH_AS((xs::RunOperation<Careless<Promise::initialize>, one>{}),
                       "layer 'careless' has a parameter with a custom initializer, but no function initialize()",
                       xs::Error);
  xs::RunOperation<Careless<Promise::emit_inside>, one> beyond(streamed);
  beyond.forward();
  CHECK_THROWS_WITH_AS(beyond.backward(), "operation 'careless' emitted a chunk beyond the end of parameter 0",
                       xs::Error);
  xs::RunOperation<Careless<Promise::offer_its_factors>, one> other(streamed);
  other.forward();
  CHECK_THROWS_WITH_AS(other.backward(),
                       "operation 'careless' offered factors whose sizes are not those of parameter 0", xs::Error);
}
