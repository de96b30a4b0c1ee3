#include "compare.hpp"

#include <xstitch/layers/dropout.hpp>

namespace xs = xstitch;

namespace {

constexpr xs::Dims in{13, 11, 103};  // 14729 elements: four pieces a sample, the size not a multiple of 4

template <class L>
struct Masked {
  xs::RunLayer<L, in> run;
  explicit Masked(std::size_t batch, std::size_t threads = 1) : run({.batch = batch, .threads = threads}) {}
  std::vector<float> mask() {
    std::ranges::fill(run.input(), 1.0F);
    run.forward();
    return {run.output().begin(), run.output().end()};
  }
};

}  // namespace

TEST_CASE_TEMPLATE("the rate is the asked one and the expectation is kept", L, xs::Dropout<>,
                   xs::Dropout<xs::Ratio{1, 10}>, xs::Dropout<xs::Ratio{9, 10}>) {
  const std::vector<float> mask = Masked<L>(20).mask();
  const double wanted = L::rate.dropped / 65536.0;
  const auto count = static_cast<double>(mask.size());
  const double dropped = static_cast<double>(std::ranges::count(mask, 0.0F)) / count;
  CHECK(std::abs(dropped - wanted) < 5 * std::sqrt(wanted * (1 - wanted) / count));
  double sum = 0;
  for (const float v : mask) {
    sum += static_cast<double>(v);
    CHECK_UNARY(v == 0.0F || v == L::rate.scale());
  }
  CHECK(sum / count == doctest::Approx(1.0).epsilon(0.03));
  // Neighbours are independent: two dropped in a row happen wanted^2 of the time.
  std::size_t both = 0;
  for (std::size_t i = 0; i + 1 < mask.size(); ++i) both += mask[i] == 0.0F && mask[i + 1] == 0.0F;
  CHECK(static_cast<double>(both) / count == doctest::Approx(wanted * wanted).epsilon(0.05));
}

TEST_CASE("probabilities") {
  CHECK(xs::Dropout<>::rate.dropped == 32768);
  CHECK(xs::Dropout<>::rate.scale() == 2.0F);
  CHECK(xs::Dropout<xs::Ratio{0}>::rate.scale() == 1.0F);
  CHECK(Masked<xs::Dropout<xs::Ratio{0}>>(1).mask() == std::vector<float>(in.size(), 1.0F));
}

TEST_CASE("backward applies the mask of forward") {
  Masked<xs::Dropout<>> masked(3, 3);
  masked.run.first_position = 40;
  const std::vector<float> mask = masked.mask();
  std::ranges::fill(masked.run.output_gradient(), 1.0F);
  masked.run.backward();
  CHECK(test::same_bits(masked.run.input_gradient(), mask));
}

TEST_CASE("the mask depends on step, position and seed, and on nothing else") {
  Masked<xs::Dropout<>> masked(4);
  const std::vector<float> mask = masked.mask();
  for (const std::size_t threads : {2U, 3U, 7U}) CHECK(Masked<xs::Dropout<>>(4, threads).mask() == mask);
  masked.run.random = masked.run.random.with(1);
  CHECK(masked.mask() != mask);

  // A batch of four in one process, or as two and two: the same masks.
  Masked<xs::Dropout<>> second_half(2);
  second_half.run.first_position = 2;
  const std::vector<float> half = second_half.mask();
  CHECK(test::same_bits(half, std::span(mask).last(2 * in.size())));
  CHECK_FALSE(test::same_bits(half, std::span(mask).first(2 * in.size())));
}

TEST_CASE("inference is the identity") {
  for (const bool in_place : {false, true}) {
    xs::RunLayer<xs::Dropout<>, in> run({.batch = 2, .in_place = in_place});
    const std::vector<float> x = test::random_values(run.input().size(), 1);
    std::ranges::copy(x, run.input().begin());
    run.forward(false);
    CHECK(test::same_bits(run.output(), x));
  }
}

TEST_CASE("a dropped NaN is not hidden") {
  Masked<xs::Dropout<>> masked(1);
  std::ranges::fill(masked.run.input(), NAN);
  masked.run.forward();
  CHECK(std::ranges::all_of(masked.run.output(), [](float v) { return std::isnan(v); }));
}

TEST_CASE("gradients") { test::check_gradients<xs::Dropout<xs::Ratio{1, 3}>, xs::Shape<3, 3, 7>>(); }
