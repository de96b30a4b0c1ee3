#pragma once
// The tiles of kernels/tiles/tiles.hpp in memory, with the bits of the matrix unit: the oracle of kernels on tiles, on
// every machine and under the sanitizers.

#include <xstitch/kernels/simd_bf16.hpp>
#include <xstitch/kernels/tiles/tiles.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

struct EmulatedTiles {
  using Config = xstitch::kernels::TileConfig;
  Config config;
  bool configured = false;
  alignas(64) unsigned char data[8][16][64] = {};

  static float flush(float x) { return std::abs(x) < 0x1p-126F ? std::copysign(0.0F, x) : x; }
  static float widen(std::uint16_t bits) { return flush(xstitch::kernels::from_bf16(bits)); }

  void configure(const Config& c) {
    config = c;
    configured = true;
    std::memset(data, 0, sizeof data);
  }
  void release() { configured = false; }
  static void fence() {}
  template <int T>
  void zero() {
    REQUIRE(configured);
    std::memset(data[T], 0, sizeof data[T]);
  }
  template <int T>
  void load(const void* p, std::ptrdiff_t row_bytes) {
    zero<T>();
    for (int r = 0; r < config.rows[T]; ++r)
      std::memcpy(data[T][r], static_cast<const char*>(p) + r * row_bytes, config.row_bytes[T]);
  }
  template <int T>
  void store(void* p, std::ptrdiff_t row_bytes) {
    REQUIRE(configured);
    for (int r = 0; r < config.rows[T]; ++r)
      std::memcpy(static_cast<char*>(p) + r * row_bytes, data[T][r], config.row_bytes[T]);
  }
  template <int C, int A, int B>
  void dot() {
    const int pairs = config.row_bytes[A] / 4, columns = config.row_bytes[C] / 4;
    REQUIRE(configured);
    REQUIRE(config.row_bytes[A] % 4 == 0);
    REQUIRE(config.rows[B] == pairs);  // else the unit raises an illegal instruction
    REQUIRE(config.rows[C] == config.rows[A]);
    REQUIRE(config.row_bytes[C] == config.row_bytes[B]);
    float b[16][2][16];
    for (int j = 0; j < pairs; ++j) {
      std::uint16_t row[32];
      std::memcpy(row, data[B][j], 64);
      for (int n = 0; n < columns; ++n) b[j][0][n] = widen(row[2 * n]), b[j][1][n] = widen(row[2 * n + 1]);
    }
    for (int m = 0; m < config.rows[C]; ++m) {
      float even[16] = {}, odd[16] = {}, sum[16];
      for (int j = 0; j < pairs; ++j) {
        std::uint16_t pair[2];
        std::memcpy(pair, data[A][m] + 4 * j, 4);
        const float first = widen(pair[0]), second = widen(pair[1]);
        for (int n = 0; n < columns; ++n) {
          even[n] = flush(std::fma(first, b[j][0][n], even[n]));
          odd[n] = flush(std::fma(second, b[j][1][n], odd[n]));
        }
      }
      std::memcpy(sum, data[C][m], 64);
      for (int n = 0; n < columns; ++n) sum[n] = flush(flush(sum[n]) + flush(even[n] + odd[n]));
      std::memcpy(data[C][m], sum, 64);
    }
  }
};
