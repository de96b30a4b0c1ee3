// A NaN that arises after, or in a parameter of, any kind of layer stops the training and is placed where it began.
#include "toy.hpp"

#include <xstitch/layers/average_pool.hpp>
#include <xstitch/layers/batch_norm.hpp>
#include <xstitch/layers/crop.hpp>
#include <xstitch/layers/gelu.hpp>
#include <xstitch/layers/global_average_pool.hpp>
#include <xstitch/layers/leaky_relu.hpp>
#include <xstitch/layers/linear.hpp>
#include <xstitch/layers/lrn.hpp>
#include <xstitch/layers/max_pool.hpp>
#include <xstitch/layers/sigmoid.hpp>
#include <xstitch/layers/tanh.hpp>
#include <xstitch/layers/transposed_conv.hpp>
#include <xstitch/layers/upsample.hpp>
#include <xstitch/train/sgd.hpp>
#include <xstitch/train/trainer.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>

using namespace toy;

namespace {

/// The identity, until its name is called: then a NaN in one element, from the third step on.
std::string_view poisoned;
std::size_t forward_passes = 0;

template <xs::FixedString Name>
struct Poison {
  static constexpr auto name = Name;
  static constexpr bool reads_input = false, reads_output = false;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    std::memcpy(call.output, call.input, call.batch * In.size() * sizeof(float));
    if (poisoned == Name.view() && forward_passes++ >= 2)
      for (std::size_t n = 0; n < call.batch; ++n)  // everywhere in the channel: a max pool may drop a single pixel
        for (std::size_t p = 0; p < In.pixels(); ++p)
          call.output[(n * In.pixels() + p) * static_cast<std::size_t>(In.channels)] =
              std::numeric_limits<float>::quiet_NaN();
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    std::memcpy(call.input_gradient, call.output_gradient, call.batch * In.size() * sizeof(float));
  }
};

using Everything =
    xs::OneTask<xs::Tower<"a", xs::Shape<6, 6, 1>, Poison<"p1">, xs::Conv<"conv", 4, 3, xs::Pad<1>>, Poison<"p2">,
                          xs::BatchNorm<"norm">, Poison<"p3">, xs::Relu, Poison<"p4">, xs::Lrn<>, Poison<"p5">,
                          xs::MaxPool<2>, Poison<"p6">, xs::Upsample<2>, Poison<"p7">, xs::AveragePool<2>, Poison<"p8">,
                          xs::TransposedConv<"up", 4, 4, xs::Stride<2>>, Poison<"p9">, xs::Crop<1, 1, 6, 6>,
                          Poison<"p10">, xs::LeakyRelu<>, Poison<"p11">, xs::Gelu, Poison<"p12">, xs::Tanh,
                          Poison<"p13">, xs::Sigmoid, Poison<"p14">, xs::Dropout<xs::Ratio{1, 4}>, Poison<"p15">,
                          xs::Residual<xs::Conv<"inner", 4, 1>>, Poison<"p16">, xs::GlobalAveragePool, Poison<"p17">,
                          xs::Linear<"fc", 3>, Poison<"p18">, xs::SoftmaxCrossEntropy>>;

const xs::Sgd sgd{.learning_rate = 0.01F};

xs::TrainOptions quiet() {
  xs::TrainOptions options;
  options.iterations = 6;
  options.batch = 8;
  options.threads = 2;
  options.output = nullptr;
  return options;
}

}  // namespace

TEST_CASE("no layer launders a NaN: each is found where it began, and the last good state stays") {
  const Stripes data;
  for (const std::string_view name : {"p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13",
                                      "p14", "p15", "p16", "p17", "p18"}) {
    CAPTURE(std::string(name));
    const Folder folder("poison");
    poisoned = name;
    forward_passes = 0;
    Everything net{xs::seed(1)};
    xs::TrainOptions options = quiet();
    options.checkpoint_directory = folder.path;
    options.checkpoint_every = 1;
    std::string before;
    options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
      if (step == 2) before = xs::read_file(folder.path / "last.safetensors");
    };
    const xs::TrainResult result = xs::train(net, data, sgd, options);
    CHECK(result.reason == xs::StopReason::not_finite);
    CHECK(result.iterations == 2);
    CHECK_MESSAGE(result.message.starts_with(
                      "iteration 3 (epoch 1, samples from 16 on): the loss is not finite; first in layer '" +
                      std::string(name) + "' of tower 'a'"),
                  result.message);
    const xs::SafetensorsFile kept(folder.path / "last.safetensors");
    CHECK(xs::Json::parse(kept.metadata().at("training")).at("state").at("step").whole() == 2);
    Everything restored{xs::seed(2)};
    xs::load(restored, folder.path / "last.safetensors");
    CHECK(restored.find_non_finite_parameter().empty());
  }
  poisoned = {};
}

TEST_CASE("a NaN in any parameter is named") {
  const Stripes data;
  const std::size_t count = Everything{xs::seed(1)}.parameters().size();
  CHECK(count >= 10);
  for (std::size_t i = 0; i < count; ++i) {
    Everything net{xs::seed(1)};
    const xs::ParameterSlot& slot = net.parameters()[i];
    CAPTURE(slot.name);
    xs::TrainOptions options = quiet();
    options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
      if (step == 2) net.mutable_parameter(i)[0] = std::numeric_limits<float>::quiet_NaN();
    };
    const xs::TrainResult result = xs::train(net, data, sgd, options);
    CHECK(result.reason == xs::StopReason::not_finite);
    CHECK_MESSAGE(result.message.find("parameter '" + slot.name + "'") != std::string::npos, result.message);
    // Running statistics too, although training does not read them: their new values are checked.
    CHECK(result.iterations == 2);
    const bool of_the_loss = slot.spec.group != xs::ParameterGroup::buffer;
    CHECK((result.message.find("the loss is not finite") != std::string::npos) == of_the_loss);
  }
}

TEST_CASE("a NaN in an alpha is placed at its seam") {
  const Stripes data;
  Pair net{xs::seed(1)};
  xs::TrainOptions options = quiet();
  options.after_step = [&](std::uint64_t step, const xs::StepResult&) {
    if (step == 2)
      net.mutable_parameter(net.find_parameter("stitch.one.alpha"))[0] = std::numeric_limits<float>::infinity();
  };
  const xs::TrainResult result = xs::train(net, data, sgd, options);
  CHECK(result.reason == xs::StopReason::not_finite);
  CHECK_MESSAGE(result.message.find("iteration 3") != std::string::npos, result.message);
  CHECK_MESSAGE(result.message.find("weave unit at seam 'one', parameter 'stitch.one.alpha'") != std::string::npos,
                result.message);
}
