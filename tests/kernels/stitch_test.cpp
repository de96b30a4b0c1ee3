#include <doctest/doctest.h>

#include <xstitch/core/random.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/stitch.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace xs = xstitch;

namespace {

constexpr std::size_t towers = 3, pixels = 37;
constexpr std::array<std::size_t, towers> order{2, 0, 1};

// One channel's values; the channels of a unit are copies of it, so that place alone could tell them apart.
struct OneChannel {
  std::vector<float> x, dy, alpha;  // [tower][pixel], [tower][pixel], [to][from]
  explicit OneChannel(std::uint64_t seed) {
    const xs::RandomKey key{xs::seed(seed)};
    for (std::size_t i = 0; i < towers * pixels; ++i) x.push_back(key.with("x").normal(i));
    for (std::size_t i = 0; i < towers * pixels; ++i) dy.push_back(key.with("dy").normal(i));
    for (std::size_t i = 0; i < towers * towers; ++i) alpha.push_back(key.with("alpha").normal(i));
  }
};

struct Result {
  std::vector<float> y, dx, alpha_gradient;  // [tower][pixel][channel] twice, [to][from][channel]
};

Result run(const OneChannel& one, std::size_t channels) {
  const auto wide = [&](const std::vector<float>& values) {
    std::vector<float> all;
    for (const float v : values) all.insert(all.end(), channels, v);
    return all;
  };
  const std::vector<float> x = wide(one.x), dy = wide(one.dy), alpha = wide(one.alpha);
  Result result;
  result.y.resize(x.size());
  result.dx.resize(x.size());
  result.alpha_gradient.resize(alpha.size());
  std::vector<float> workspace(xs::kernels::stitch_workspace(towers, channels) / sizeof(float));
  xs::ThreadPool threads(2);
  std::array<const float*, towers> inputs{}, output_gradients{};
  std::array<float*, towers> outputs{}, input_gradients{};
  for (std::size_t t = 0; t < towers; ++t) {
    const std::size_t at = t * pixels * channels;
    inputs[t] = x.data() + at;
    outputs[t] = result.y.data() + at;
    output_gradients[t] = dy.data() + at;
    input_gradients[t] = result.dx.data() + at;
  }
  auto* memory = reinterpret_cast<std::byte*>(workspace.data());
  xs::kernels::stitch_forward({towers, pixels, channels, inputs.data(), outputs.data(), order.data(), memory, threads},
                              alpha.data(), true);
  xs::kernels::stitch_backward({towers, pixels, channels, inputs.data(), output_gradients.data(),
                                input_gradients.data(), order.data(), memory, threads},
                               alpha.data(), result.alpha_gradient.data(), true);
  return result;
}

// Whether each run of `channels` floats holds the same bits throughout, and those of `expected`.
bool all_channels_are(const std::vector<float>& values, std::size_t channels, const std::vector<float>& expected) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::bit_cast<std::uint32_t>(values[i]) != std::bit_cast<std::uint32_t>(expected[i / channels])) return false;
  return true;
}

// y, dx and dalpha with the fused multiply-adds written out. (Where there is none, product and sum; at x86-64 std::fma
// would be another arithmetic.)
float step(float a, float b, float sum) { return xs::kernels::multiply_add(a, b, sum); }

}  // namespace

TEST_CASE("a channel's bits do not depend on its place, in a vector or in the scalar tail") {
  const OneChannel one(11);
  const Result alone = run(one, 1);
  for (const std::size_t channels : {2U, 3U, 5U, 7U, 8U, 11U, 16U, 19U, 33U, 47U}) {
    CAPTURE(channels);
    const Result many = run(one, channels);
    CHECK(all_channels_are(many.y, channels, alone.y));
    CHECK(all_channels_are(many.dx, channels, alone.dx));
    CHECK(all_channels_are(many.alpha_gradient, channels, alone.alpha_gradient));
  }
}

TEST_CASE("the sums are fused multiply-adds in the order of the towers, where the instruction set has them") {
  const OneChannel one(12);
  for (const std::size_t channels : {1U, 6U, 32U}) {
    CAPTURE(channels);
    const Result result = run(one, channels);
    std::vector<float> y(towers * pixels), dx(towers * pixels);
    for (std::size_t t = 0; t < towers; ++t)
      for (std::size_t p = 0; p < pixels; ++p) {
        y[t * pixels + p] = one.alpha[t * towers + order[0]] * one.x[order[0] * pixels + p];
        dx[t * pixels + p] = one.alpha[order[0] * towers + t] * one.dy[order[0] * pixels + p];
        for (std::size_t k = 1; k < towers; ++k) {
          const std::size_t s = order[k];
          y[t * pixels + p] = step(one.alpha[t * towers + s], one.x[s * pixels + p], y[t * pixels + p]);
          dx[t * pixels + p] = step(one.alpha[s * towers + t], one.dy[s * pixels + p], dx[t * pixels + p]);
        }
      }
    CHECK(all_channels_are(result.y, channels, y));
    CHECK(all_channels_are(result.dx, channels, dx));
  }
}
