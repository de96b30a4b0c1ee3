#include "reference/softmax.hpp"

#include <doctest/doctest.h>
#include <xstitch/core/random.hpp>
#include <xstitch/kernels/short_rows.hpp>
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

struct LaneValues {
  alignas(64) float value[xs::kernels::lanes]{};
  LaneValues() = default;
  explicit LaneValues(const xs::kernels::Vector& v) { v.store_aligned(value); }
};

/// Any number of rows up to a vector's lanes: against the scalar reference, kept and restored, the same bits in any
/// lane.
template <int Channels>
static void check_short_rows() {
  using xs::kernels::ShortRows, xs::kernels::lanes;
  constexpr std::size_t count = Channels;
  const xs::RandomKey key = xs::RandomKey(xs::seed(6)).with(Channels);
  std::vector<float> x(count * lanes + 2, 1e30F), weight(count), expected(count);
  for (std::size_t i = 0; i < count * lanes; ++i) x[i + 1] = 5.0F * key.normal(i);
  for (std::size_t c = 0; c < count; ++c) weight[c] = key.uniform(9000 + c, 0.0F, 2.0F);
  LaneValues whole_sums, whole_last;
  for (const int rows : {lanes, 1, lanes - 1}) {
    ShortRows<Channels> block, weighted;
    block.load(x.data() + 1, rows);
    weighted = block;
    const auto sums = block.exponentiate();
    const auto shifted = weighted.template exponentiate<true>(weight.data());
    const LaneValues sum(sums.sum), maximum(sums.maximum), poison(sums.poison), spread(shifted.shifted);
    if (rows == lanes) {
      whole_sums = sum;
      whole_last = LaneValues(block.at(Channels - 1));
    }
    std::vector<float> kept(count * lanes + 2, -7.0F), e = kept;
    block.keep(kept.data() + 1, rows);
    CHECK((kept[0] == -7.0F && kept[count * static_cast<std::size_t>(rows) + 1] == -7.0F));
    ShortRows<Channels> again;
    again.restore(kept.data() + 1, rows);
    again.store(e.data() + 1, rows);
    CHECK((e[0] == -7.0F && e[count * static_cast<std::size_t>(rows) + 1] == -7.0F));
    for (int r = 0; r < rows; ++r) {
      const float* row = x.data() + 1 + static_cast<std::size_t>(r) * count;
      xs::kernels::reference::softmax_row(row, expected.data(), count);
      CHECK(std::log(static_cast<double>(sum.value[r])) + static_cast<double>(maximum.value[r]) ==
            doctest::Approx(xs::kernels::reference::log_sum_exp(row, count)).epsilon(1e-6));
      CHECK(static_cast<double>(spread.value[r]) ==
            doctest::Approx(
                xs::kernels::reference::shifted_sum(row, static_cast<double>(maximum.value[r]), weight.data(), count))
                .epsilon(1e-5));
      CHECK(poison.value[r] == 0.0F);
      for (std::size_t c = 0; c < count; ++c)
        CHECK(e[1 + static_cast<std::size_t>(r) * count + c] / sum.value[r] ==
              doctest::Approx(expected[c]).epsilon(1e-5));
      CHECK((sum.value[r] == whole_sums.value[r] && block.value[Channels - 1][r] == whole_last.value[r]));
    }
  }
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    x[1 + count * (lanes / 2) + count / 2] = bad;
    ShortRows<Channels> block, shifted;
    block.load(x.data() + 1, lanes);
    shifted = block;
    const LaneValues poison(block.exponentiate().poison), other(shifted.template exponentiate<true>().poison);
    for (int r = 0; r < lanes; ++r) {
      CHECK(std::isnan(poison.value[r]) == (r == lanes / 2));
      CHECK(std::isnan(other.value[r]) == (r == lanes / 2));
    }
  }
}

TEST_CASE("short rows, a lane each, agree with the scalar reference and do not depend on their place") {
  check_short_rows<1>();
  check_short_rows<3>();
  check_short_rows<4>();
  check_short_rows<13>();
  check_short_rows<20>();
  check_short_rows<64>();
}

TEST_CASE("transposes of any size") {
  for (const xs::kernels::Index rows : {1, 4, 7, 16})
    for (const xs::kernels::Index columns : {1, 3, 8, 13}) {
      std::vector<float> from(static_cast<std::size_t>(rows * 15)), to(static_cast<std::size_t>(columns * 17), -7.0F);
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
      xs::kernels::transpose(from.data(), 15, rows, columns, to.data(), 17);
      for (xs::kernels::Index c = 0; c < columns; ++c)
        for (xs::kernels::Index r = 0; r < 17; ++r)
          CHECK(to[static_cast<std::size_t>(c * 17 + r)] == (r < rows ? static_cast<float>(r * 15 + c) : -7.0F));
    }
}
