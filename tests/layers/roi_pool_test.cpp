#include <xstitch/layers/roi_pool.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../golden/roi_pool.inc"
#include "compare.hpp"

namespace xs = xstitch;
using xs::Dims, xs::Ratio, xs::RegionPool, xs::Shapes, xs::Size, xs::TensorShape;

namespace {

constexpr Shapes<2> pool_inputs(Dims map, int regions) {
  return {TensorShape(map), TensorShape(Dims{regions, 1, 5}, 1, xs::ElementType::float32, false)};
}

template <class Pool, Shapes<2> In>
void check_golden(std::span<const float> x, std::span<const float> boxes, std::span<const float> y,
                  std::span<const float> dy, std::span<const float> dx) {
  for (const std::size_t threads : {1U, 3U}) {
    xs::RunOperation<Pool, In> pool({.batch = x.size() / In[0].size(), .threads = threads});
    std::ranges::copy(x, pool.input(0).begin());
    std::ranges::copy(boxes, pool.input(1).begin());
    pool.forward(false);
    CHECK(test::same_bits(pool.output(), y));
    pool.forward();
    CHECK(test::same_bits(pool.output(), y));
    std::ranges::copy(dy, pool.output_gradient().begin());
    pool.backward();
    CHECK(test::largest_error(pool.input_gradient(0), dx) < 1e-6);
    CHECK(pool.fault() == "");
  }
}

/// The definition once more, in double and without bins: each pixel asks whether it is in bin (i, j).
double slow_maximum(const std::vector<float>& map, Dims in, int channel, const float* box, double scale, Size bins,
                    int i, int j) {
  const auto within = [](int pixel, double from, double to, double by, int n, int k) {
    const double start = std::round(from * by), size = std::max(std::round(to * by) - start + 1, 1.0);
    return pixel >= start + std::floor(k * size / n) && pixel < start + std::ceil((k + 1) * size / n);
  };
  double best = -std::numeric_limits<double>::infinity();
  for (int row = 0; row < in.height; ++row)
    for (int column = 0; column < in.width; ++column)
      if (within(row, static_cast<double>(box[2]), static_cast<double>(box[4]), scale, bins.height, i) &&
          within(column, static_cast<double>(box[1]), static_cast<double>(box[3]), scale, bins.width, j))
        best = std::max(best, static_cast<double>(
                                  map[static_cast<std::size_t>((row * in.width + column) * in.channels + channel)]));
  return std::isinf(best) ? 0.0 : best;
}

}  // namespace

TEST_CASE("values and gradients are torchvision's: boxes outside the map, of a pixel, upside down, not used") {
  check_golden<RegionPool<6, Ratio{1, 16}>, pool_inputs({7, 9, 2}, 12)>(sixteenth_x, sixteenth_boxes, sixteenth_y,
                                                                        sixteenth_dy, sixteenth_dx);
  check_golden<RegionPool<Size{3, 2}, Ratio{1, 10}>, pool_inputs({5, 4, 19}, 4)>(tenth_x, tenth_boxes, tenth_y,
                                                                                 tenth_dy, tenth_dx);
}

TEST_CASE("random regions against the definition, pixel by pixel") {
  constexpr Dims map{11, 13, 5};
  constexpr Shapes<2> in = pool_inputs(map, 40);
  xs::RunOperation<RegionPool<Size{4, 2}, Ratio{1, 8}>, in> pool({.batch = 1, .threads = 2});
  const std::vector<float> x = test::random_values(map.size(), 3);
  std::ranges::copy(x, pool.input(0).begin());
  const xs::RandomKey key = xs::RandomKey(xs::seed(5));
  for (std::size_t r = 0; r < 40; ++r) {
    float* box = pool.input(1).data() + 5 * r;
    box[0] = 1.0F;
    for (std::size_t k = 0; k < 4; ++k) box[1 + k] = std::round(key.uniform(4 * r + k, -30.0F, 130.0F));
  }
  pool.forward();
  std::size_t empty = 0;
  for (int r = 0; r < 40; ++r)
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 2; ++j)
        for (int c = 0; c < 5; ++c) {
          const double expected = slow_maximum(x, map, c, pool.input(1).data() + 5 * r, 1.0 / 8.0, Size{4, 2}, i, j);
          empty += expected == 0.0 ? 1 : 0;
          CHECK(static_cast<double>(pool.output()[static_cast<std::size_t>(((r * 4 + i) * 2 + j) * 5 + c)]) ==
                expected);
        }
  CHECK(empty > 0);
}

TEST_CASE("gradients: the checker's numbers are regions, too") {
  const auto report = xs::check_operation_gradients<RegionPool<Size{2, 3}, Ratio{1, 8}>, pool_inputs({6, 7, 3}, 9)>(
      {.batch = 2, .input = xs::CheckedInput::distinct});
  INFO(report.text());
  CHECK(report.ok);
}

TEST_CASE("a gradient that is asked of the regions is zero") {
  constexpr Shapes<2> in{TensorShape(Dims{4, 4, 1}), TensorShape(Dims{2, 1, 5})};
  xs::RunOperation<RegionPool<2, Ratio{1}>, in> pool({.batch = 1});
  std::ranges::copy(test::random_values(16, 1), pool.input(0).begin());
  std::ranges::copy(std::vector<float>{1, 0, 0, 3, 3, 1, 1, 1, 2, 2}, pool.input(1).begin());
  pool.forward();
  std::ranges::fill(pool.output_gradient(), 1.0F);
  pool.backward();
  for (const float v : pool.input_gradient(1)) CHECK(v == 0.0F);
}

TEST_CASE("a NaN in a region shows; one beside it does not") {
  constexpr Shapes<2> in = pool_inputs({4, 8, 1}, 2);
  xs::RunOperation<RegionPool<1, Ratio{1}>, in> pool({.batch = 1});
  std::ranges::copy(test::random_values(32, 1), pool.input(0).begin());
  pool.input(0)[9] = std::numeric_limits<float>::quiet_NaN();
  std::ranges::copy(std::vector<float>{1, 0, 0, 3, 3, 1, 4, 0, 7, 3}, pool.input(1).begin());
  pool.forward();
  CHECK(std::isnan(pool.output()[0]));
  CHECK_FALSE(std::isnan(pool.output()[1]));
}

TEST_CASE("a region that is not finite is an error that says which") {
  xs::RunOperation<RegionPool<2, Ratio{1, 16}>, pool_inputs({4, 4, 1}, 3)> pool({.batch = 2});
  std::ranges::fill(pool.input(1), 0.0F);
  const std::vector<float> wrong{1, 0, std::numeric_limits<float>::infinity(), 5, 5};
  std::ranges::copy(wrong, pool.input(1).begin() + 20);
  CHECK_THROWS_WITH_AS(pool.forward(),
                       "RoiPool: sample 1 of the batch, region 1: found (1, 0, inf, 5, 5), expected finite numbers",
                       xs::Error);
}

TEST_CASE("the same bits on any number of threads, with a tail of channels") {
  constexpr Shapes<2> in = pool_inputs({14, 15, 37}, 20);
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 7U}) {
    xs::RunOperation<RegionPool<6, Ratio{1, 16}>, in> pool({.batch = 3, .threads = threads});
    std::ranges::copy(test::random_values(pool.input(0).size(), 1), pool.input(0).begin());
    const xs::RandomKey key = xs::RandomKey(xs::seed(1));
    for (std::size_t i = 0; i < pool.input(1).size(); ++i)
      pool.input(1)[i] = i % 5 == 0 ? 1.0F : key.uniform(i, 0.0F, i % 5 < 3 ? 120.0F : 240.0F);
    pool.forward();
    std::vector<float> all(pool.output().begin(), pool.output().end());
    std::ranges::copy(test::random_values(pool.output_gradient().size(), 2), pool.output_gradient().begin());
    pool.backward();
    all.insert(all.end(), pool.input_gradient(0).begin(), pool.input_gradient(0).end());
    if (threads == 1) first = all;
    CHECK(test::same_bits(all, first));
  }
}
