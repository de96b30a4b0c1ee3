// A loss with a parameter that is trained: softmax cross entropy of x / t with a learned temperature t (Guo et al.
// 2017: On calibration of modern neural networks).
#include "loss_test_support.hpp"

#include <xstitch/losses/softmax_cross_entropy.hpp>

using namespace loss_test;
using xs::Dims;
using xs::LabelBatch;

namespace {

/// loss = log sum_c exp(x_c / t) - x_k / t,   dx = (p - [c = k]) / t,   dt = -<p - [c = k], x> / t^2
struct Calibrated {
  static constexpr auto name = xs::FixedString{"calibrated"};
  using Prediction = xs::Softmax;
  static constexpr xs::LabelSpec label(Dims in) { return xs::SoftmaxCrossEntropy::label(in); }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(Dims) {
    return {xs::ParameterSpec{.name = "temperature",
                              .extents = xs::Extents(1),
                              .initializer = xs::Initializer::constant(1.0F),
                              .weight_decay_multiplier = 0.0F}};
  }

  template <Dims In>
  static double normaliser(const xs::NormaliserCall& call) {
    return xs::SoftmaxCrossEntropy::normaliser<In>(call);
  }
  template <Dims In>
  static double forward(const xs::ForwardCall& call) {
    double sum = 0.0;
    each<In>(call, [&](std::size_t, const float* x, std::size_t k, double t, const auto& p) {
      sum -= std::log(p[k]);
      (void)x, (void)t;
    });
    return sum;
  }
  template <Dims In>
  static void backward(const xs::BackwardCall& call) {
    double temperature = 0.0;
    std::fill_n(call.input_gradient, call.batch * In.size(), 0.0F);
    each<In>(call, [&](std::size_t at, const float* x, std::size_t k, double t, const auto& p) {
      for (std::size_t c = 0; c < p.size(); ++c) {
        const double d = static_cast<double>(call.loss_scale) * (p[c] - (c == k ? 1.0 : 0.0));
        call.input_gradient[at + c] = static_cast<float>(d / t);
        temperature -= d * static_cast<double>(x[c]) / (t * t);
      }
    });
    call.parameter_gradients[0][0] = static_cast<float>(temperature);
  }

 private:
  /// f(position, logits, label, t, probabilities) for each valid position.
  template <Dims In, class Call, class Function>
  static void each(const Call& call, const Function& f) {
    constexpr auto channels = static_cast<std::size_t>(In.channels);
    const double t = static_cast<double>(call.parameters[0][0]);
    for (std::size_t i = 0; i < call.batch * In.pixels(); ++i) {
      if (!xs::losses::is_present(*call.labels, i / In.pixels())) continue;
      const std::int32_t label = call.labels->indices[i];
      if (xs::is_ignored(label, In.channels)) continue;
      const float* x = call.input + i * channels;
      std::array<double, channels> p{};
      double sum = 0.0;
      for (std::size_t c = 0; c < channels; ++c) sum += p[c] = std::exp(static_cast<double>(x[c]) / t);
      for (double& one : p) one /= sum;
      f(i * channels, x, static_cast<std::size_t>(label), t, p);
    }
  }
};

}  // namespace

TEST_CASE("a loss trains its parameter: gradients of input and temperature by differences") {
  constexpr Dims map{2, 2, 5};
  const auto input = random_values(3 * map.size(), "calibrated");
  const LabelBatch labels{{0, 4, 2, 255, 1, 1, -1, 3, 0, 2, 4, 4}, {}, {}, {}};
  check_gradient<Calibrated, map>(input, labels);
  check_missing<Calibrated, map>(input, labels);
  check_parameter_gradient<Calibrated, map>(input, labels, 0, {{1.0F}});
  check_parameter_gradient<Calibrated, map>(input, labels, 0, {{2.5F}});
  // At t = 1 it is the plain loss.
  const auto plain = run<xs::SoftmaxCrossEntropy, map>(input, labels);
  CHECK(run<Calibrated, map>(input, labels).loss.value() == doctest::Approx(plain.loss.value()).epsilon(1e-6));
}

TEST_CASE("descending the gradient of the temperature calibrates sure logits that are wrong half of the time") {
  constexpr Dims two{1, 1, 2};
  const std::vector<float> input{8, 0, 8, 0, 8, 0, 8, 0};
  const LabelBatch labels{{0, 0, 0, 1}, {}, {}, {}};  // right three times of four: x / t = ln 3
  std::vector<std::vector<float>> parameters{{1.0F}};
  for (int step = 0; step < 400; ++step)
    parameters[0][0] -= 4.0F * run<Calibrated, two>(input, labels, 1, 1.0F, parameters).parameter_gradients[0][0];
  CHECK(static_cast<double>(parameters[0][0]) == doctest::Approx(8.0 / std::log(3.0)).epsilon(0.01));
}
