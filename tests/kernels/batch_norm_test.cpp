#include "../layers/compare.hpp"
#include "reference/batch_norm.hpp"

#include <xstitch/kernels/batch_norm.hpp>

namespace xs = xstitch;
namespace kernels = xs::kernels;

namespace {

template <int C>
void sweep(std::size_t rows, float offset) {
  CAPTURE(C);
  CAPTURE(rows);
  constexpr auto channels = static_cast<std::size_t>(C);
  std::vector<float> x = test::random_values(rows * channels, 1);
  for (float& v : x) v += offset;
  const xs::Extent space = kernels::channel_sums_workspace({1, 1, C}, kernels::channel_chunk<C>, 2);
  std::vector<double> first_mean, first_squares;
  for (const std::size_t count : {1U, 2U, 3U, 7U}) {
    xs::ThreadPool threads(count);
    std::vector<double> partial(space.bytes(rows) / sizeof(double) + 1, 9.0), mean(channels), squares(channels);
    kernels::channel_moments<C>(threads, x.data(), rows, partial.data(), [&](std::size_t c, double m, double s) {
      mean[c] = m;
      squares[c] = s;
    });
    CHECK(partial.back() == 9.0);
    for (std::size_t c = 0; c < channels; ++c) {
      const auto expected = kernels::reference::moments(x.data() + c, rows, channels);
      CHECK(mean[c] == doctest::Approx(expected.mean).epsilon(1e-6));
      CHECK(squares[c] / static_cast<double>(rows) == doctest::Approx(expected.variance).epsilon(3e-6));
    }
    if (count == 1) first_mean = mean, first_squares = squares;
    CHECK(mean == first_mean);
    CHECK(squares == first_squares);
  }
}

}  // namespace

TEST_CASE("moments agree with their scalar reference, on any number of threads") {
  sweep<1>(5000, 0.0F);
  sweep<3>(4099, 0.0F);
  sweep<17>(3001, 2.0F);
  sweep<40>(1, 0.0F);
  sweep<96>(2000, 0.0F);
}

TEST_CASE("a mean far from zero does not hide the variance") { sweep<20>(3000, 1000.0F); }

TEST_CASE("sums of channels") {
  constexpr int C = 17;
  constexpr std::size_t rows = 3000;
  const std::vector<float> x = test::random_values(rows * C, 3);
  const xs::Extent space = kernels::channel_sums_workspace({1, 1, C}, kernels::channel_chunk<C>, 1);
  std::vector<double> partial(space.bytes(rows) / sizeof(double) + 1);
  xs::ThreadPool threads(3);
  using Block = kernels::ChannelBlock<C>;
  std::size_t calls = 0;
  kernels::channel_sums<C, 1>(
      threads, rows, partial.data(),
      [&](std::size_t row, int c, std::array<typename Block::Batch, 1>& sums) {
        sums[0] += Block::load(x.data() + static_cast<std::ptrdiff_t>(row) * C + c);
      },
      [&](std::size_t c, const std::array<double, 1>& total) {
        double expected = 0;
        for (std::size_t row = 0; row < rows; ++row) expected += static_cast<double>(x[row * C + c]);
        CHECK(std::abs(total[0] - expected) < 1e-3);
        ++calls;
      });
  CHECK(calls == C);
}
