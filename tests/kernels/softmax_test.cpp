#include <doctest/doctest.h>
#include <xstitch/core/random.hpp>
#include <xstitch/kernels/softmax.hpp>
#include <xstitch/kernels/softmax_reference.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace xs = xstitch;

template <int Channels>
static void check_row() {
  const xs::RandomKey key = xs::RandomKey(xs::seed(2)).with(Channels);
  constexpr std::size_t count = Channels;
  for (const float deviation : {0.0F, 1.0F, 30.0F, 1e4F}) {
    // Guards around the row: what lies beyond it must be neither read as a logit nor written.
    std::vector<float> x(count + 2, 1e30F), p(count + 2, -7.0F), expected(count);
    for (std::size_t c = 0; c < count; ++c) x[c + 1] = deviation * key.normal(c);
    xs::kernels::softmax_row<Channels>(x.data() + 1, p.data() + 1);
    xs::kernels::reference::softmax_row(x.data() + 1, expected.data(), count);
    float sum = 0.0F;
    for (std::size_t c = 0; c < count; ++c) {
      CHECK(p[c + 1] == doctest::Approx(expected[c]).epsilon(1e-5));
      sum += p[c + 1];
    }
    CHECK(sum == doctest::Approx(1.0F).epsilon(1e-5));
    CHECK(p[0] == -7.0F);
    CHECK(p[count + 1] == -7.0F);
    const auto row = xs::kernels::exponentials<Channels, false>(x.data() + 1, nullptr);
    CHECK(static_cast<double>(row.maximum) + std::log(static_cast<double>(row.sum)) ==
          doctest::Approx(xs::kernels::reference::log_sum_exp(x.data() + 1, count)).epsilon(1e-6));
    CHECK(row.poison == 0.0F);
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()})
      for (const std::size_t place : {std::size_t{0}, count / 2, count - 1}) {
        auto spoilt = x;
        spoilt[place + 1] = bad;
        CHECK(std::isnan(xs::kernels::exponentials<Channels, false>(spoilt.data() + 1, nullptr).poison));
        xs::kernels::softmax_row<Channels>(spoilt.data() + 1, p.data() + 1);
        for (std::size_t c = 0; c < count; ++c) CHECK(std::isnan(p[c + 1]));
        CHECK(std::isnan(xs::kernels::reference::log_sum_exp(spoilt.data() + 1, count)));
      }
  }
}

TEST_CASE("softmax rows of every length around the vector sizes agree with the scalar reference") {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (check_row<static_cast<int>(I) + 1>(), ...); }
  (std::make_index_sequence<21>{});
  check_row<31>();
  check_row<32>();
  check_row<33>();
  check_row<40>();
  check_row<1000>();
}
