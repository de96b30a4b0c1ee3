// Expected values without a note are those of scipy 1.10 (stats.t, ttest_rel, spearmanr, rankdata), whose quantiles are
// good to ten digits: for one degree of freedom tan(0.475 pi) is 12.7062047361747.
#include <doctest/doctest.h>
#include <xstitch/core/error.hpp>
#include <xstitch/report/bootstrap.hpp>
#include <xstitch/report/paired_difference.hpp>
#include <xstitch/report/ranks.hpp>

#include <limits>

namespace xs = xstitch;
using doctest::Approx;
static const double not_a_number = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("Student's t: quantiles and p-values, odd and even degrees of freedom") {
  const auto quantile = [](double p, std::size_t v) { return xs::student_t::two_sided_quantile(p, v); };
  CHECK(quantile(0.95, 1) == Approx(12.706204736432095).epsilon(1e-9));
  CHECK(quantile(0.95, 2) == Approx(4.302652729911275).epsilon(1e-9));
  CHECK(quantile(0.95, 4) == Approx(2.7764451051977987).epsilon(1e-9));
  CHECK(quantile(0.95, 9) == Approx(2.2621571627409915).epsilon(1e-9));
  CHECK(quantile(0.95, 30) == Approx(2.0422724563012373).epsilon(1e-9));
  CHECK(quantile(0.99, 5) == Approx(4.032142983557536).epsilon(1e-9));
  CHECK(quantile(0.95, 200) == Approx(1.9718962236316089).epsilon(1e-9));
  const auto p = [](double t, std::size_t v) { return xs::student_t::two_sided_probability(t, v); };
  CHECK(p(0.5, 1) == Approx(0.7048327646991336).epsilon(1e-12));
  CHECK(p(-2.0, 1) == Approx(0.2951672353008664).epsilon(1e-12));
  CHECK(p(2.0, 2) == Approx(0.1835034190722739).epsilon(1e-12));
  CHECK(p(2.776, 4) == Approx(0.0500227783199764).epsilon(1e-12));
  CHECK(p(3.0, 5) == Approx(0.03009924789746257).epsilon(1e-12));
  CHECK(p(12.0, 3) == Approx(0.001245015800789336).epsilon(1e-11));
  CHECK(p(1.2, 10) == Approx(0.25779630072430576).epsilon(1e-12));
  CHECK(p(5.0, 40) == Approx(1.1840065669659487e-05).epsilon(1e-9));
  CHECK(p(0.0, 4) == 1.0);
  CHECK_THROWS_AS((void)p(1.0, 0), xs::Error);
  CHECK_THROWS_AS((void)p(not_a_number, 3), xs::Error);
  CHECK_THROWS_AS((void)quantile(1.0, 3), xs::Error);
}

TEST_CASE("a paired difference: mean, 95 % interval, p") {
  const std::vector<double> a{33.1, 32.7, 33.4, 32.9, 33.3}, b{32.0, 32.2, 32.1, 32.4, 31.9};
  const xs::PairedDifference d = xs::paired_difference(a, b);
  CHECK(d.pairs == 5);
  CHECK(d.mean == Approx(0.96));
  CHECK(d.low == Approx(0.42162731953241916).epsilon(1e-12));
  CHECK(d.high == Approx(1.4983726804675797).epsilon(1e-12));
  CHECK(d.p == Approx(0.007756658283739543).epsilon(1e-11));
  const xs::PairedDifference one = xs::paired_difference({3.0}, {1.0});
  CHECK_FALSE(one.has_interval());
  CHECK(one.mean == 2.0);
  CHECK(one.p == 1.0);
  CHECK(xs::paired_difference({1, 2}, {1, 2}).p == 1.0);  // no difference at all
  CHECK(xs::paired_difference({2, 3}, {1, 2}).p == 0.0);  // always the same one
  CHECK_THROWS_AS((void)xs::paired_difference({1, 2}, {1}), xs::Error);
  CHECK_THROWS_AS((void)xs::paired_difference({}, {}), xs::Error);
  CHECK_THROWS_AS((void)xs::paired_difference({1.0, not_a_number}, {1, 2}), xs::Error);
}

TEST_CASE("Holm: by hand") {
  // Sorted: 0.005 x 4 = 0.02, 0.01 x 3 = 0.03, 0.03 x 2 = 0.06, 0.04 x 1 = 0.04, not below the one before: 0.06.
  const std::vector<double> adjusted = xs::holm({0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected{0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < 4; ++i) CHECK(adjusted[i] == Approx(expected[i]));
  CHECK(xs::holm({0.6, 0.7}) == std::vector<double>{1.0, 1.0});
  CHECK(xs::holm({}).empty());
  CHECK_THROWS_AS((void)xs::holm({1.5}), xs::Error);
}

TEST_CASE("ranks and Spearman's correlation") {
  const std::vector<double> x{1, 2, 2, 4, 5, 7, 7}, y{3, 1, 4, 4, 9, 2, 8};
  CHECK(xs::ranks(x) == std::vector<double>{1, 2.5, 2.5, 4, 5, 6.5, 6.5});
  CHECK(xs::ranks(y) == std::vector<double>{3, 1, 4.5, 4.5, 7, 2, 6});
  CHECK(xs::spearman(x, y) == Approx(0.3578132236660672).epsilon(1e-12));
  CHECK(xs::spearman({1, 2, 3}, {9, 8, 7}) == Approx(-1.0));
  CHECK(xs::spearman({1, 2, 3}, {5, 5, 5}) == 0.0);
  CHECK_THROWS_AS((void)xs::spearman({1, 2}, {1}), xs::Error);
  CHECK_THROWS_AS((void)xs::ranks({1.0, not_a_number}), xs::Error);
}

static xs::TaskMetrics metrics(double angle, double within, double iu) {
  return {{{"mean", angle, "deg", false, true}, {"within 30", within, "%", true, true}},
          {{"mean IU", iu, "%", true, true}}};
}

TEST_CASE("delta_m and mean rank: by hand") {
  // Normals: ((30 - 27) / 30 + (55 - 50) / 50) / 2 = 0.1; segmentation: (18 - 20) / 20 = -0.1; the mean is 0.
  CHECK(xs::relative_change(metrics(27, 55, 18), metrics(30, 50, 20)) == Approx(0.0));
  // Segmentation as before: 0.1 / 2.
  CHECK(xs::relative_change(metrics(27, 55, 20), metrics(30, 50, 20)) == Approx(5.0));
  // Ranks: 27 < 30 < 31 and 55 > 50 = 50 and 20 = 20 > 18.
  const std::vector<double> places = xs::mean_ranks({metrics(30, 50, 20), metrics(27, 55, 18), metrics(31, 50, 20)});
  CHECK(places[0] == Approx((2 + 2.5 + 1.5) / 3));
  CHECK(places[1] == Approx((1 + 1 + 3.0) / 3));
  CHECK(places[2] == Approx((3 + 2.5 + 1.5) / 3));
  xs::TaskMetrics other = metrics(1, 2, 3);
  other[1][0].name = "pixel accuracy";
  CHECK_THROWS_AS((void)xs::relative_change(other, metrics(1, 2, 3)), xs::Error);
  CHECK_THROWS_AS((void)xs::relative_change(metrics(1, 2, 3), metrics(0, 2, 3)), xs::Error);
  other = metrics(1, 2, 3);
  other[1][0].measured = false;
  CHECK_THROWS_AS((void)xs::mean_ranks({other, metrics(1, 2, 3)}), xs::Error);
}

TEST_CASE("bootstrap: intervals of a mean") {
  const std::vector<double> z{3.1, 0.2, 5.5, 4.4, 2.2, 8.1, 1.0, 6.3, 2.9, 3.3, 7.7, 0.9};
  const auto mean = [&](std::span<const std::size_t> drawn) {
    double sum = 0;
    for (const std::size_t i : drawn) sum += z[i];
    return sum / static_cast<double>(drawn.size());
  };
  // numpy, quantiles of a million resamples; 20,000 of ours reach about 0.02.
  const xs::Interval wide = xs::bootstrap(z.size(), mean, {.resamples = 20000, .seed = xs::seed(3)});
  CHECK(std::abs(wide.low - 2.408) < 0.04);
  CHECK(std::abs(wide.high - 5.250) < 0.04);
  const xs::Interval narrow = xs::bootstrap(z.size(), mean, {.resamples = 20000, .confidence = 0.9});
  CHECK(std::abs(narrow.low - 2.617) < 0.04);
  CHECK(std::abs(narrow.high - 5.017) < 0.04);
  // Two groups, exactly: means of 0, 1/2 and 1 with chances 1/4, 1/2, 1/4.
  const auto half = [](std::span<const std::size_t> drawn) { return static_cast<double>(drawn[0] + drawn[1]) / 2; };
  const xs::Interval exact = xs::bootstrap(2, half);
  CHECK(exact.low == 0.0);
  CHECK(exact.high == 1.0);
  CHECK(xs::bootstrap(2, half, {.confidence = 0.4}).low == 0.5);
  // The same seed, the same draws.
  CHECK(xs::bootstrap(z.size(), mean).low == xs::bootstrap(z.size(), mean).low);
  CHECK_THROWS_AS((void)xs::bootstrap(0, mean), xs::Error);
  CHECK_THROWS_AS((void)xs::bootstrap(2, [](std::span<const std::size_t>) { return not_a_number; }), xs::Error);
  CHECK(xs::bootstrapping::quantile({1, 2, 4}, 0.75) == Approx(3.0));
}
