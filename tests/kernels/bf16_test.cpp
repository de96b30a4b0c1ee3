#include "linear_check.hpp"

#include <bit>
#include <limits>

namespace kernels = xstitch::kernels;
using kernels::Bf16;
using kernels::bf16_bits;

TEST_CASE("bf16: nearest, ties to even, denormals to zero, NaN stays NaN") {
  CHECK(kernels::round_to_bf16(1.0F) == 1.0F);
  CHECK(bf16_bits(0x1.01p0F) == 0x3F80);      // halfway between 1 and 1 + 2^-7: to the even one
  CHECK(bf16_bits(0x1.03p0F) == 0x3F82);      // halfway, the upper one is even
  CHECK(bf16_bits(0x1.010002p0F) == 0x3F81);  // just above halfway
  CHECK(bf16_bits(-0x1.03p0F) == 0xBF82);
  CHECK(bf16_bits(1e-40F) == 0);
  CHECK(bf16_bits(-1e-40F) == 0x8000);
  CHECK(bf16_bits(std::numeric_limits<float>::infinity()) == 0x7F80);
  CHECK(bf16_bits(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(std::isnan(kernels::from_bf16(bf16_bits(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_CASE("bf16: rows and pairs are rounded as single numbers are") {
  auto values = conv_check::random_floats(80, 9);
  values[3] = 1e-40F;
  values[20] = std::numeric_limits<float>::infinity();
  values[21] = 0x1.01p0F;
  values[22] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::uint32_t> pairs(37), alone(37), row(19);
  kernels::make_pairs(values.data(), values.data() + 40, 37, pairs.data());
  kernels::make_pairs(values.data(), nullptr, 37, alone.data());
  kernels::round_row(values.data(), 37, reinterpret_cast<std::byte*>(row.data()));
  for (std::size_t i = 0; i < 37; ++i) {
    CHECK(pairs[i] == Bf16::make(values[i], values[i + 40]));
    CHECK(alone[i] == bf16_bits(values[i]));
    CHECK((row[i / 2] >> (i % 2 * 16) & 0xFFFF) == bf16_bits(values[i]));
  }
}

namespace {
// A template, because only there an arithmetic may lack rounded(), as the one with an instruction for bf16 does.
template <class Arithmetic>
void check_vectors_are_rounded() {
  if constexpr (kernels::RoundsBeforehand<Arithmetic>) {
    const float tiny = std::numeric_limits<float>::min();
    std::vector<float> values{1.0F,
                              0x1.01p0F,
                              -0x1.03p0F,
                              0x1.010002p0F,
                              0.0F,
                              -0.0F,
                              1e-40F,
                              -1e-40F,
                              tiny,
                              -tiny,
                              std::numeric_limits<float>::max(),
                              std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity(),
                              std::numeric_limits<float>::quiet_NaN(),
                              std::bit_cast<float>(0x7FFFFFFFU),
                              std::bit_cast<float>(0xFF800001U)};
    for (const float value : conv_check::random_floats(48, 5)) values.push_back(value);
    for (const bool flushed : {false, true}) {
      std::vector<float> rounded(values.size());
      const auto round_all = [&] {
        for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(kernels::lanes))
          kernels::store(rounded.data() + i, Arithmetic::rounded(kernels::load(values.data() + i)));
      };
      if (flushed) {
        const xstitch::FlushDenormals flush;
        round_all();
      } else {
        round_all();
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i]))
          CHECK(std::isnan(rounded[i]));
        else
          CHECK(std::bit_cast<std::uint32_t>(rounded[i]) == bf16_bits(values[i]) << 16);
      }
    }
  }
}
}  // namespace
TEST_CASE("bf16: vectors are rounded as single numbers are") { check_vectors_are_rounded<Bf16>(); }

TEST_CASE("bf16: a multiply-add adds the second product, then the first, each rounded") {
  const xstitch::FlushDenormals flush;
  constexpr auto lanes = static_cast<std::size_t>(kernels::lanes);
  const auto a = conv_check::random_floats(2 * lanes, 1), b = conv_check::random_floats(2, 2);
  const auto c = conv_check::random_floats(lanes, 3);
  for (const float scale : {1.0F, 1e20F, 1e-20F, 1e-36F}) {
    std::vector<std::uint32_t> pairs(lanes);
    for (std::size_t i = 0; i < lanes; ++i) pairs[i] = Bf16::make(scale * a[2 * i], a[2 * i + 1]);
    const std::uint32_t other = Bf16::make(b[0], scale * b[1]);
    std::vector<float> sums(lanes);
    kernels::store(sums.data(),
                   Bf16::multiply_add(Bf16::broadcast(&other), Bf16::load(pairs.data()), kernels::load(c.data())));
    for (std::size_t i = 0; i < lanes; ++i) {
      const auto half = [](std::uint32_t pair, int which) { return kernels::from_bf16(pair >> (16 * which) & 0xFFFF); };
      const float first = std::fma(half(pairs[i], 1), half(other, 1), c[i]);
      CHECK(sums[i] == std::fma(half(pairs[i], 0), half(other, 0), first));
    }
  }
}

TEST_CASE("linear in bf16: the same as fp32 of rounded operands") {
  for (const std::size_t batch : std::initializer_list<std::size_t>{1, 2, 7, 16, 33})
    linear_check::check<Bf16>(batch, 51, 41);
  linear_check::check<Bf16>(75, 301, 70);  // many samples
  linear_check::check<Bf16>(3, 1, 1);
  linear_check::check<Bf16>(5, 70, 1000);
  linear_check::check<Bf16>(2, 1001, 64);
}
