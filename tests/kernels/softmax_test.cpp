#include "reference/softmax.hpp"

#include <doctest/doctest.h>
#include <xstitch/core/random.hpp>
#include <xstitch/kernels/softmax.hpp>

#include <cmath>
#include <initializer_list>
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

/// Rows with a sum of their logits and with a part taken away, as label smoothing needs them.
template <int Channels>
static void check_smoothing_row() {
  const xs::RandomKey key = xs::RandomKey(xs::seed(4)).with(Channels);
  constexpr std::size_t count = Channels;
  std::vector<float> x(count + 2, 1e30F), weight(count + 2, 1e30F), to(count + 2, -7.0F);
  for (std::size_t c = 0; c < count; ++c) {
    x[c + 1] = 3.0F * key.normal(c);
    weight[c + 1] = key.uniform(1000 + c, 0.0F, 2.0F);
  }
  for (const float* weights : std::initializer_list<const float*>{nullptr, weight.data() + 1}) {
    const auto plain = xs::kernels::exponentials<Channels, false>(x.data() + 1, nullptr);
    const auto row = xs::kernels::exponentials<Channels, true, true>(x.data() + 1, to.data() + 1, weights);
    CHECK((row.maximum == plain.maximum && row.sum == plain.sum && row.poison == 0.0F));
    CHECK(static_cast<double>(row.shifted) ==
          doctest::Approx(
              xs::kernels::reference::shifted_sum(x.data() + 1, static_cast<double>(row.maximum), weights, count))
              .epsilon(1e-5));
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()})
      for (const std::size_t place : {std::size_t{0}, count / 2, count - 1}) {
        auto spoilt = x;
        spoilt[place + 1] = bad;
        const auto wrong = xs::kernels::exponentials<Channels, false, true>(spoilt.data() + 1, nullptr, weights);
        CHECK(std::isnan(wrong.poison));
      }
    xs::kernels::scale_row_minus<Channels>(x.data() + 1, 0.5F, 0.25F, weights, to.data() + 1);
    for (std::size_t c = 0; c < count; ++c)
      CHECK(to[c + 1] ==
            doctest::Approx(0.5F * x[c + 1] - 0.25F * (weights == nullptr ? 1.0F : weights[c])).epsilon(1e-5));
    CHECK((to[0] == -7.0F && to[count + 1] == -7.0F));
    std::vector<float> in_place = x;
    xs::kernels::scale_row_minus<Channels>(in_place.data() + 1, 0.5F, 0.25F, weights, in_place.data() + 1);
    for (std::size_t c = 0; c < count; ++c) CHECK(in_place[c + 1] == to[c + 1]);
  }
}

TEST_CASE("rows for label smoothing") {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (check_smoothing_row<static_cast<int>(I) + 1>(), ...); }
  (std::make_index_sequence<19>{});
  check_smoothing_row<40>();
  check_smoothing_row<1000>();
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
