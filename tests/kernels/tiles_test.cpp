#include "emulated_tiles.hpp"

#include <xstitch/core/random.hpp>

#include <bit>
#include <memory>
#include <string>
#include <vector>

namespace xs = xstitch;
namespace kernels = xstitch::kernels;

namespace {

struct Operands {
  alignas(64) std::uint16_t a[16][32], b[16][32];
  alignas(64) float c[16][16];
};

/// Random numbers whose exponents lie in [least, least + count).
Operands random_operands(std::uint64_t seed, unsigned least, unsigned count) {
  const xs::RandomKey key{xs::seed(seed)};
  std::uint64_t i = 0;
  const auto number = [&] {
    const auto draw = static_cast<unsigned>(key.uniform(i++, 0.0F, 65536.0F));
    const auto exponent = least + static_cast<unsigned>(key.uniform(i++, 0.0F, static_cast<float>(count)));
    return static_cast<std::uint16_t>((draw & 0x807FU) | std::min(exponent, 254U) << 7);
  };
  Operands o;
  for (auto& row : o.a)
    for (auto& x : row) x = number();
  for (auto& row : o.b)
    for (auto& x : row) x = number();
  for (auto& row : o.c)
    for (auto& x : row) x = kernels::from_bf16(number()) * key.uniform(i++, -1.0F, 1.0F);
  return o;
}

template <class Tiles>
Operands product(Operands o, const kernels::TileConfig& config) {
  const auto session = std::make_unique<kernels::TileSession<Tiles>>(config);
  auto& t = session->tiles;
  t.fence();
  t.template load<0>(o.c, 64);
  t.template load<3>(o.a, 64);
  t.template load<7>(o.b, 64);
  t.template dot<0, 3, 7>();
  t.template store<0>(o.c, 64);
  t.fence();
  return o;
}

struct Range {
  unsigned least, count;
};
constexpr Range ranges[] = {{120, 15}, {27, 200}, {55, 20}, {0, 64}, {0, 255}};

kernels::TileConfig config_of(int rows, int pairs, int columns) {
  kernels::TileConfig config;
  config.set(0, rows, columns * 4);
  config.set(3, rows, pairs * 4);
  config.set(7, pairs, columns * 4);
  return config;
}

}  // namespace

TEST_CASE("tiles: the emulation is an even and an odd chain, whose sum is added") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Operands o = random_operands(seed, 110, 30);
    const Operands result = product<EmulatedTiles>(o, {});
    for (std::size_t m = 0; m < 16; ++m)
      for (std::size_t n = 0; n < 16; ++n) {
        float even = 0, odd = 0;
        double exact = static_cast<double>(o.c[m][n]), size = std::abs(exact);
        for (std::size_t j = 0; j < 16; ++j) {
          const float a[2] = {kernels::from_bf16(o.a[m][2 * j]), kernels::from_bf16(o.a[m][2 * j + 1])};
          const float b[2] = {kernels::from_bf16(o.b[j][2 * n]), kernels::from_bf16(o.b[j][2 * n + 1])};
          even = std::fma(a[0], b[0], even), odd = std::fma(a[1], b[1], odd);
          for (int i = 0; i < 2; ++i) {
            const double term = static_cast<double>(a[i]) * static_cast<double>(b[i]);
            exact += term, size += std::abs(term);
          }
        }
        CHECK(result.c[m][n] == o.c[m][n] + (even + odd));
        CHECK(std::abs(static_cast<double>(result.c[m][n]) - exact) < 1e-6 * size);
      }
  }
}

TEST_CASE("tiles: small ones leave the rest of memory alone") {
  const Operands o = random_operands(3, 110, 30), result = product<EmulatedTiles>(o, config_of(5, 3, 7));
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 16; ++n) {
      if (m >= 5 || n >= 7) CHECK(result.c[m][n] == o.c[m][n]);
      if (m < 5 && n < 7) CHECK(result.c[m][n] != o.c[m][n]);
    }
}

TEST_CASE("tiles: denormals are zero, NaN and infinity go through") {
  Operands o{};
  o.a[0][0] = 0x0040, o.b[0][0] = 0x7F00;  // denormal times 2^127
  o.a[1][0] = 0x7F80, o.b[0][2] = 0x0000;  // infinity times zero
  o.a[2][0] = 0x7F80, o.b[0][4] = 0x3F80;
  o.c[3][3] = 1e-40F;
  const Operands result = product<EmulatedTiles>(o, {});
  CHECK(result.c[0][0] == 0.0F);
  CHECK(std::isnan(result.c[1][1]));
  CHECK(std::isinf(result.c[2][2]));
  CHECK(std::bit_cast<std::uint32_t>(result.c[3][3]) == 0);
}

TEST_CASE("tiles: the unit has the emulation's bits") {
  const char* reason = xs::matrix_unit::reason_against();
  if (reason != nullptr) {
    MESSAGE("not run, no matrix unit: " << std::string(reason));
    return;
  }
#if defined(__x86_64__)
  std::size_t different = 0;
  const auto compare = [&](const Operands& o, const kernels::TileConfig& config) {
    const Operands unit = product<kernels::UnitTiles>(o, config), emulated = product<EmulatedTiles>(o, config);
    for (std::size_t m = 0; m < 16; ++m)
      for (std::size_t n = 0; n < 16; ++n) {
        const float x = unit.c[m][n], y = emulated.c[m][n];
        if (std::bit_cast<std::uint32_t>(x) != std::bit_cast<std::uint32_t>(y) && !(std::isnan(x) && std::isnan(y)))
          ++different;
      }
  };
  for (const Range& r : ranges)
    for (std::uint64_t seed = 0; seed < 100; ++seed) compare(random_operands(seed, r.least, r.count), {});
  for (int rows = 1; rows <= 16; rows += 5)
    for (int pairs = 1; pairs <= 16; pairs += 3) compare(random_operands(9, 110, 30), config_of(rows, pairs, 16));
  CHECK(different == 0);
#endif
}
