// The checker itself: it must accept a right layer and refuse each kind of wrong one.
#include <xstitch/layers/check_gradients.hpp>

#include <doctest/doctest.h>

namespace xs = xstitch;
using xs::BackwardCall, xs::Dims, xs::ForwardCall, xs::ParameterGroup, xs::ParameterSpec;

namespace {

enum class Fault {
  none,
  wrong_factor,
  adds_to_gradient,
  leaves_one_out,
  writes_beyond,
  changes_parameter,
  reads_poisoned,
  thread_dependent,
  parameter_gradient,
};

// y = a x^3 + b, with a and b per channel.
template <Fault fault>
struct Cubic {
  static constexpr xs::FixedString name{"cubic"};
  static constexpr bool reads_output = false;
  static constexpr bool reads_input = fault != Fault::reads_poisoned;
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr auto parameters(Dims in) {
    return std::array{
        ParameterSpec{"scale", xs::Extents(in.channels), xs::Initializer::constant(1.0F)},
        ParameterSpec{"bias", xs::Extents(in.channels), xs::Initializer::constant(0.0F), ParameterGroup::bias}};
  }
  static constexpr xs::Extent saved(Dims in) { return {in.size() * sizeof(float), 0}; }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      const float x = call.input[i];
      call.output[i] = call.parameters[0][i % channels] * x * x * x + call.parameters[1][i % channels];
      if (call.saved != nullptr) reinterpret_cast<float*>(call.saved)[i] = x;
    }
    if (fault == Fault::changes_parameter) const_cast<float*>(call.parameters[1])[0] += 1.0F;
    if (fault == Fault::writes_beyond) call.output[call.batch * In.size()] = 0.0F;
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    const auto* kept = reinterpret_cast<const float*>(call.saved);
    for (std::size_t k = 0; k < 2 * channels; ++k) call.parameter_gradients[k / channels][k % channels] = 0.0F;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      const float x = kept[i], dy = call.output_gradient[i];
      const std::size_t c = i % channels;
      call.parameter_gradients[0][c] += dy * x * x * (fault == Fault::parameter_gradient ? 1.0F : x);
      call.parameter_gradients[1][c] += dy;
      float dx = (fault == Fault::wrong_factor ? 2.0F : 3.0F) * call.parameters[0][c] * x * x * dy;
      if (fault == Fault::thread_dependent && call.threads.size() > 1) dx = std::nextafter(dx, 1.0F);
      if (fault == Fault::reads_poisoned) dx += 0.0F * (call.output == nullptr ? std::nanf("") : call.output[i]);
      if (call.input_gradient == nullptr || (fault == Fault::leaves_one_out && i == 4)) continue;
      call.input_gradient[i] = fault == Fault::adds_to_gradient ? call.input_gradient[i] + dx : dx;
    }
  }
};

template <Fault fault>
xs::GradientReport check() {
  return xs::check_gradients<Cubic<fault>, xs::Shape<2, 3, 5>>();
}

}  // namespace

TEST_CASE("a right layer passes and every gradient is named") {
  const auto report = check<Fault::none>();
  INFO(report.text());
  CHECK(report.ok);
  REQUIRE(report.entries.size() == 3);
  CHECK(report.entries[0].name == "input");
  CHECK(report.entries[0].checked == 90);
  CHECK(report.entries[1].name == "scale");
  CHECK(report.entries[2].error < 1e-4);
}

TEST_CASE("each wrong layer is caught") {
  CHECK_FALSE(check<Fault::wrong_factor>().ok);
  CHECK_FALSE(check<Fault::adds_to_gradient>().ok);
  CHECK_FALSE(check<Fault::leaves_one_out>().ok);
  CHECK_FALSE(check<Fault::writes_beyond>().ok);
  CHECK_FALSE(check<Fault::changes_parameter>().ok);
  CHECK_FALSE(check<Fault::reads_poisoned>().ok);
  CHECK_FALSE(check<Fault::thread_dependent>().ok);
  CHECK_FALSE(check<Fault::parameter_gradient>().ok);
}

TEST_CASE("the report says what is wrong") {
  CHECK(check<Fault::changes_parameter>().text().find("forward changed parameter bias") != std::string::npos);
  CHECK(check<Fault::writes_beyond>().text().find("outside the bounds of the output") != std::string::npos);
  CHECK(std::isnan(check<Fault::leaves_one_out>().entries[0].error));
}

namespace {

enum class Emission { right, twice, one_is_missing, hangs_on_bias };

/// y = a x + b with one a and one b; gradients are emitted or stored.
template <Emission emission>
struct Affine {
  static constexpr xs::FixedString name{"affine"};
  static constexpr bool reads_output = false;
  static constexpr bool streams_gradients = true;
  static constexpr Dims output_shape(Dims in) { return in; }
  static constexpr auto parameters(Dims) {
    return std::array{ParameterSpec{"scale", xs::Extents(1), xs::Initializer::constant(1.0F)},
                      ParameterSpec{"bias", xs::Extents(1), xs::Initializer::constant(0.0F), ParameterGroup::bias}};
  }
  template <Dims In>
  static void forward(const ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.parameters[0][0] * call.input[i] + call.parameters[1][0];
  }
  template <Dims In>
  static void backward(const BackwardCall& call) {
    float scale = 0.0F, bias = 0.0F;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      scale += call.output_gradient[i] * call.input[i];
      bias += call.output_gradient[i];
      if (call.input_gradient != nullptr) call.input_gradient[i] = call.parameters[0][0] * call.output_gradient[i];
    }
    if (emission == Emission::hangs_on_bias && !call.sinks[1].wanted()) scale *= 2.0F;
    give(call.sinks[0], scale);
    if (emission == Emission::one_is_missing && call.sinks[1].store() == nullptr) return;
    give(call.sinks[1], bias);
  }
  static void give(const xs::GradientSink& sink, float gradient) {
    if (sink.store() != nullptr) {
      *sink.store() = gradient;
      return;
    }
    sink.emit(0, &gradient, 1);
    if (emission == Emission::twice) sink.emit(0, &gradient, 1);
  }
};

template <Emission emission>
xs::GradientReport check_emission() {
  return xs::check_gradients<Affine<emission>, xs::Shape<2, 3, 5>>();
}

}  // namespace

TEST_CASE("gradients that are emitted are checked like stored ones, and without those that nobody wants") {
  CHECK_MESSAGE(check_emission<Emission::right>().ok, check_emission<Emission::right>().text());
  CHECK(check_emission<Emission::twice>().text().find("emitted an element of a parameter gradient twice") !=
        std::string::npos);
  CHECK(check_emission<Emission::one_is_missing>().text().find(
            "another gradient of parameter bias emitted in chunks") != std::string::npos);
  CHECK(check_emission<Emission::hangs_on_bias>().text().find(
            "another gradient of parameter scale without the gradient of bias") != std::string::npos);
}
