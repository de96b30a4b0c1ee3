#pragma once
// A tower with an image and, as a second, named input, boxes in it; and a batch for it by hand.
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "../weave/tiny_layers.hpp"
#include "checks.hpp"

namespace boxes_tower {

namespace xs = xstitch;
using support::random_batch;
using tiny::Dense;
using tiny::SmallOutput;

constexpr int height = 4, width = 8;
using Boxes = xs::Input<"boxes", xs::Shape<4, 1, 5>, xs::Boxes>;

/// y[r] = the mean of the image over the pixels of box r, 0 where the box is not used.
struct MeanOfBox {
  static constexpr bool reads_output = false;
  static constexpr auto outputs(xs::Shapes<2> in) { return xs::Shapes{xs::Dims{1, 1, in[1].dims.height}}; }

  template <class Use>
  static void each_pixel(const xs::TensorShape& image, const float* box, const Use& use) {
    if (box[0] == 0.0F) return;
    const auto at = [](float v) { return static_cast<std::size_t>(v); };
    const float share = 1.0F / ((box[3] - box[1]) * (box[4] - box[2]));
    for (std::size_t y = at(box[2]); y < at(box[4]); ++y)
      for (std::size_t x = at(box[1]); x < at(box[3]); ++x)
        use(y * static_cast<std::size_t>(image.dims.width) + x, share);
  }
  static void forward(const xs::ForwardCall& call) {
    const std::size_t pixels = call.input_shapes[0].size(), rows = call.output_shapes[0].size();
    call.threads.parallel_for(call.batch * rows, [&](std::size_t i) {
      const float* image = call.inputs[0] + i / rows * pixels;
      float sum = 0;
      each_pixel(call.input_shapes[0], call.inputs[1] + i * 5,
                 [&](std::size_t p, float share) { sum = std::fma(share, image[p], sum); });
      call.outputs[0][i] = sum;
    });
  }
  static void backward(const xs::BackwardCall& call) {
    const std::size_t pixels = call.input_shapes[0].size(), rows = call.output_shapes[0].size();
    CHECK(call.input_gradients[1] == nullptr);  // nothing below the boxes is trained
    if (call.input_gradients[0] == nullptr) return;
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      float* image = call.input_gradients[0] + n * pixels;
      std::fill_n(image, pixels, 0.0F);
      for (std::size_t r = 0; r < rows; ++r)
        each_pixel(call.input_shapes[0], call.inputs[1] + (n * rows + r) * 5, [&](std::size_t p, float share) {
          image[p] = std::fma(share, call.output_gradients[0][n * rows + r], image[p]);
        });
    });
  }
};

/// Each pixel times a trained number: something to train below the boxes.
struct Gain {
  static constexpr auto name = xs::FixedString{"gain"};
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    return {xs::ParameterSpec{.name = "weight",
                              .extents = xs::Extents(static_cast<int>(in.size())),
                              .initializer = xs::Initializer::constant(1.0F)}};
  }
  template <xs::Dims In>
  static void forward(const xs::ForwardCall& call) {
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.output[i] = call.input[i] * call.parameters[0][i % In.size()];
  }
  template <xs::Dims In>
  static void backward(const xs::BackwardCall& call) {
    for (std::size_t p = 0; p < In.size(); ++p) {
      float sum = 0;
      for (std::size_t i = p; i < call.batch * In.size(); i += In.size())
        sum = std::fma(call.input[i], call.output_gradient[i], sum);
      call.parameter_gradients[0][p] = sum;
    }
    if (call.input_gradient == nullptr) return;
    for (std::size_t i = 0; i < call.batch * In.size(); ++i)
      call.input_gradient[i] = call.output_gradient[i] * call.parameters[0][i % In.size()];
  }
};

using Image = xs::Shape<height, width, 1>;
using Regions = xs::Tower<"a", Image, Boxes, Gain, xs::Apply<MeanOfBox, xs::Layers<>, xs::Recall<"boxes">>,
                          xs::Seam<"s">, xs::Head<"means", SmallOutput>, xs::Head<"more", Dense<"fc", 2>, SmallOutput>>;
using Plain = xs::Tower<"b", Image, Dense<"fc1", 4>, xs::Seam<"s">, Dense<"fc2", 2>, SmallOutput>;
using One = xs::OneTask<Regions>;
using Pair = xs::CrossStitch<Regions, Plain>;

/// The image holds 10 y + x; box 0 is one pixel, box 1 the whole image, box 2 two pixels, box 3 is not used.
inline const std::vector<float>& image() {
  static const std::vector<float> pixels = [] {
    std::vector<float> all;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) all.push_back(static_cast<float>(10 * y + x));
    return all;
  }();
  return pixels;
}
inline const std::vector<float> boxes{1, 2, 1, 3, 2, 1, 0, 0, width, height, 1, 6, 3, 8, 4, 0, 7, 7, 7, 7};
inline const std::vector<float> means{12, 18.5F, 36.5F, 0};

/// A batch by hand, of n samples.
inline xs::Batch by_hand(const xs::AnyNet& net, std::size_t n) {
  xs::Batch batch = random_batch(net, n, 5);
  for (std::size_t s = 0; s < net.inputs().size(); ++s)
    if (net.inputs()[s].kind == xs::InputKind::boxes)
      for (std::size_t i = 0; i < batch.inputs[s].size(); ++i) batch.inputs[s][i] = boxes[i % boxes.size()];
  return batch;
}

}  // namespace boxes_tower
