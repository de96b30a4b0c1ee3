#pragma once
/// \file
/// Walks over the channels of a pixel, vector by vector, for kernels that treat every channel alike. The number of
/// channels is a constant: the vectors are as wide as it allows, the last one overlaps its neighbour (so a kernel must
/// only overwrite, never add to memory), and fewer than four channels travel in a partly filled vector.

#include <xstitch/kernels/simd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

template <int Channels>
struct ChannelBlock {
  static constexpr int width = Channels >= 16 && lanes >= 16 ? 16 : Channels >= 8 && lanes >= 8 ? 8 : 4;
  static constexpr int used = Channels < width ? Channels : width;
  using Batch = xsimd::make_sized_batch_t<float, static_cast<std::size_t>(width)>;
  using Integers = xsimd::batch<std::int32_t, typename Batch::arch_type>;

  static Batch load(const float* p) noexcept {
    if constexpr (used == width) return Batch::load_unaligned(p);
    alignas(64) float buffer[width] = {};
    std::memcpy(buffer, p, used * sizeof(float));
    return Batch::load_aligned(buffer);
  }
  static void store(float* p, const Batch& v) noexcept {
    if constexpr (used == width) return v.store_unaligned(p);
    alignas(64) float buffer[width];
    v.store_aligned(buffer);
    std::memcpy(p, buffer, used * sizeof(float));
  }
  /// Bytes as floats.
  static Batch load_bytes(const std::uint8_t* p) noexcept {
#if defined(__AVX512F__)
    if constexpr (used == 16)
      return Batch(_mm512_maskz_cvtepi32_ps(
          0xFFFF, _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))));
#endif
#if defined(__AVX2__)
    if constexpr (used == 8)
      return Batch(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))));
#endif
    alignas(64) std::int32_t buffer[width] = {};
    for (int i = 0; i < used; ++i) buffer[i] = p[i];
    return xsimd::to_float(Integers::load_aligned(buffer));
  }
  /// The lowest byte of the bits of each lane.
  static void store_low_bytes(std::uint8_t* p, const Batch& v) noexcept {
    alignas(64) std::int32_t buffer[width];
    bits_as<Integers>(v).store_aligned(buffer);
    for (int i = 0; i < used; ++i) p[i] = static_cast<std::uint8_t>(buffer[i]);
  }
  /// An integer's bits in every lane, carried as floats, so that a comparison of floats chooses among them.
  static Batch bits(std::int32_t value) noexcept { return bits_as<Batch>(Integers(value)); }

  /// Calls f(c) for the first channel of each vector.
  template <class Function>
  static void for_each(const Function& f) {
    for (int c = 0; c + used <= Channels; c += used) f(c);
    if constexpr (Channels % used != 0) f(Channels - used);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
