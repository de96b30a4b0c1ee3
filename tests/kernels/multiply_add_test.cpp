#include <doctest/doctest.h>

#include <xstitch/core/random.hpp>
#include <xstitch/kernels/channel_block.hpp>
#include <xstitch/kernels/simd.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace xs = xstitch;
namespace kernels = xstitch::kernels;

namespace {

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

// What the two should give: in double the product is exact, and here the sum too; the last step rounds to float.
constexpr float third = 1.0F + 0x1p-12F;           // its square is 1 + 2^-11 + 2^-24
constexpr float fused = 0x1p-24F, unfused = 0.0F;  // square - (1 + 2^-11), rounded once, or twice
constexpr float minus_square = -(1.0F + 0x1p-11F);

template <class Batch>
void check_lanes() {
  CAPTURE(Batch::size);
  const float expected = kernels::has_fused_multiply_add ? fused : unfused;
  volatile float a = third, c = minus_square;  // not at compile time
  const Batch sum = kernels::multiply_add(Batch(a), Batch(a), Batch(c));
  const Batch difference = kernels::negative_multiply_add(Batch(a), Batch(a), Batch(-c));
  alignas(64) std::array<float, Batch::size> sums, differences;
  sum.store_aligned(sums.data());
  difference.store_aligned(differences.data());
  for (std::size_t i = 0; i < Batch::size; ++i) {
    CHECK(sums[i] == expected);
    CHECK(differences[i] == -expected);
  }
  CHECK(kernels::multiply_add(float{a}, float{a}, float{c}) == expected);
  CHECK(kernels::negative_multiply_add(float{a}, float{a}, -float{c}) == -expected);
}

}  // namespace

TEST_CASE("vectors of every width and scalars round alike: once where there is a fused multiply-add") {
  check_lanes<kernels::Vector>();
  check_lanes<kernels::ChannelBlock<4>::Batch>();
  check_lanes<kernels::ChannelBlock<8>::Batch>();
  check_lanes<kernels::ChannelBlock<16>::Batch>();
}

TEST_CASE("a loop of scalars gives the bits of vectors, whatever the compiler makes of it") {
  constexpr std::size_t count = 203;  // leaves tails
  constexpr auto width = static_cast<std::size_t>(kernels::lanes);
  const xs::RandomKey key{xs::seed(4)};
  std::array<float, count> a{}, b{}, c{}, scalar{}, vector{};
  for (std::size_t i = 0; i < count; ++i) {
    a[i] = key.with("a").normal(i);
    b[i] = key.with("b").normal(i);
    c[i] = scalar[i] = vector[i] = key.with("c").normal(i);
  }
  for (std::size_t i = 0; i < count; ++i) scalar[i] = kernels::multiply_add(a[i], b[i], scalar[i]);
  for (std::size_t i = 0; i < count; i += width) {
    const auto left = static_cast<int>(std::min(width, count - i));
    kernels::store_some(&vector[i],
                        kernels::multiply_add(kernels::load_some(&a[i], left), kernels::load_some(&b[i], left),
                                              kernels::load_some(&vector[i], left)),
                        left);
  }
  std::size_t fused_differs = 0;
  for (std::size_t i = 0; i < count; ++i) {
    CAPTURE(i);
    CHECK(bits(scalar[i]) == bits(vector[i]));
    volatile float product = a[i] * b[i];  // rounded by itself
    fused_differs += bits(scalar[i]) != bits(product + c[i]) ? 1U : 0U;
  }
  CHECK((fused_differs > 0) == kernels::has_fused_multiply_add);
  float sum = 0.0F, one_by_one = 0.0F;  // a sum of products, which g++ would make of vector products and scalar sums
  for (std::size_t i = 0; i < count; ++i) sum = kernels::multiply_add(a[i], b[i], sum);
  for (std::size_t i = 0; i < count; ++i) {
    volatile float x = a[i], y = b[i];
    one_by_one = kernels::multiply_add(float{x}, float{y}, one_by_one);
  }
  CHECK(bits(sum) == bits(one_by_one));
}
