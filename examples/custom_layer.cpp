// A layer, an optimizer and a data set of one's own, in a cross-stitched network, its trainer and its checkpoint.
//
// The layer is PReLU (He et al., ICCV 2015): y = x where x > 0, else a[c] x, with a learned slope for each channel.
#include <xstitch/xstitch.hpp>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <numbers>

namespace xs = xstitch;

// ---- The layer ------------------------------------------------------------------------------------------------------

template <xs::FixedString Name>
struct PRelu {
  static constexpr auto name = Name;
  static constexpr bool reads_output = false;  // backward reads the input only
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    return {xs::ParameterSpec{.name = "slope",
                              .extents = xs::Extents(in.channels),
                              .initializer = xs::Initializer::constant(0.25F),
                              .group = xs::ParameterGroup::bias}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      for (std::size_t i = n * In.size(); i < (n + 1) * In.size(); ++i)
        call.output[i] = call.input[i] > 0 ? call.input[i] : call.parameters[0][i % In.channels] * call.input[i];
    });
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    float* slope_gradient = call.parameter_gradients[0];
    std::fill(slope_gradient, slope_gradient + In.channels, 0.0F);
    for (std::size_t i = 0; i < call.batch * In.size(); ++i) {
      const float x = call.input[i], dy = call.output_gradient[i];
      if (!(x > 0)) slope_gradient[i % In.channels] += dy * x;
      if (call.input_gradient != nullptr)
        call.input_gradient[i] = x > 0 ? dy : call.parameters[0][i % In.channels] * dy;
    }
  }
};

// ---- The optimizer: RMSprop -----------------------------------------------------------------------------------------

struct RmsProp {
  static constexpr std::size_t state_count = 1;  // one array of the size of the parameters: the mean of squares
  float learning_rate = 0.002F, memory = 0.9F;

  void update(const xs::UpdateCall& call) const {
    float* mean = call.state[0];
    for (std::size_t i = 0; i < call.count; ++i) {
      const float g = call.gradient[i];
      mean[i] = memory * mean[i] + (1 - memory) * g * g;
      call.weight[i] -= call.learning_rate * g / (std::sqrt(mean[i]) + 1e-6F);
    }
  }
  [[nodiscard]] xs::Multipliers multipliers(xs::ParameterGroup) const { return {}; }
  [[nodiscard]] std::string describe() const { return "RmsProp"; }
};

// ---- The data set: points of two spirals; which arm, and how far from the centre ------------------------------------

class Spirals {
 public:
  Spirals(std::size_t count, xs::Seed seed) : count_(count), key_(seed) {}
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {1, 1, 2}, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"arm", {xs::LabelKind::class_index, {1, 1, 1}, {}, 2}},
            {"radius", {xs::LabelKind::real, {1, 1, 1}, {}, 0}}};
  }
  void load(std::size_t index, xs::Sample& sample) const {
    const xs::RandomKey key = key_.with(index);
    const bool second = key.below(0, 2) == 1;
    const float radius = 0.2F + 0.8F * key.uniform(1);
    const float angle = 5.0F * radius + (second ? std::numbers::pi_v<float> : 0.0F);
    sample.inputs = {
        {radius * std::cos(angle) + 0.02F * key.normal(2), radius * std::sin(angle) + 0.02F * key.normal(3)}};
    sample.labels.resize(2);
    sample.labels[0].indices = {second ? 1 : 0};
    sample.labels[1].values = {radius};
    sample.labels[1].present = index % 4 != 0;  // every fourth point has no radius: a task may miss labels
  }

 private:
  std::size_t count_;
  xs::RandomKey key_;
};

// ---- All of them together -------------------------------------------------------------------------------------------

using Trunk = xs::Layers<xs::Linear<"fc1", 32>, PRelu<"prelu1">, xs::Seam<"fc1">, xs::Linear<"fc2", 32>,
                         PRelu<"prelu2">, xs::Seam<"fc2">>;
using Arm = xs::Tower<"arm", xs::Shape<2>, Trunk, xs::Linear<"out", 2>, xs::SoftmaxCrossEntropy>;
using Radius = xs::Tower<"radius", xs::Shape<2>, Trunk, xs::Linear<"out", 1>, xs::L2>;
using Net = xs::CrossStitch<Arm, Radius>;

int main() {
  const auto report =
      xs::check_gradients<PRelu<"prelu">, xs::Shape<3, 4, 5>>({.input = xs::CheckedInput::away_from_zero});
  std::cout << "PReLU's gradients against differences: " << (report.ok ? "right" : "WRONG") << '\n'
            << report.text() << '\n';
  if (!report.ok) return 1;

  const Spirals train(4000, xs::seed(1)), test(1000, xs::seed(2));
  const RmsProp rmsprop;
  const auto folder = std::filesystem::temp_directory_path() / "xstitch_custom_layer";
  Net net{xs::seed(1)};
  xs::TrainOptions options{.epochs = 8, .batch = 50, .checkpoint_directory = folder};
  options.output = nullptr;
  xs::train(net, train, rmsprop, options);
  const xs::Evaluation evaluation = xs::evaluate(net, test);
  std::cout << evaluation;

  // The checkpoint brings back the same network.
  Net again{xs::seed(2)};
  xs::load(again, folder / "last.safetensors");
  const bool same = xs::evaluate(again, test).value("arm", "accuracy") == evaluation.value("arm", "accuracy");
  std::cout << "from the checkpoint: " << (same ? "the same accuracy" : "ANOTHER accuracy") << '\n';
  std::filesystem::remove_all(folder);
  return same && evaluation.value("arm", "accuracy") > 90.0 ? 0 : 1;
}
