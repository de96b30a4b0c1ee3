#pragma once
/// \file
/// Packs a batch of inputs and output gradients as pairs of images in bf16, for the gradient of a convolution's weights
/// (weight_layout.hpp). An odd last image is paired with zeros.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/pack.hpp>
#include <xstitch/kernels/tiles/pack_tiles.hpp>
#include <xstitch/kernels/tiles/weight_layout.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

class PackWeightOperands {
 public:
  /// Input: some rows of cells a task.
  static void inputs(const TileWeightLayout& l, Index batch, const float* in, Bf16Bits* to, ThreadPool& threads) {
    constexpr Index rows_wanted = 8;
    const Index rows = divide_up(l.plane_cells(), l.pitch), parts = divide_up(rows, rows_wanted);
    const Index image = Index{l.c.image_height} * l.c.image_width * l.c.group_in * l.c.groups;
    threads.parallel_for(static_cast<std::size_t>(divide_up(batch, 2) * parts), [&](std::size_t task) {
      const Index pair = static_cast<Index>(task) / parts, part = static_cast<Index>(task) % parts;
      const Images images{in + 2 * pair * image, 2 * pair + 1 < batch ? in + (2 * pair + 1) * image : nullptr};
      for (int g = 0; g < l.c.groups; ++g) {
        const Images of_group = images.from(Index{g} * l.c.group_in);
        Bf16Bits* p = to + pair * l.in_pair() + g * (l.in_block() * l.in_blocks());
        for (Index r = part * rows / parts; r < (part + 1) * rows / parts; ++r)
          l.merged ? merged_row(l, of_group, static_cast<int>(r), p) : row(l, of_group, static_cast<int>(r), p);
      }
    });
  }

  /// Output gradient, of which the padding's pixels are zero: some tiles a task, whose sums over pixels, [outputs], go
  /// to `sums` (null: they are not wanted).
  static void gradients(const TileWeightLayout& l, Index batch, const float* dy, Bf16Bits* to, float* sums,
                        ThreadPool& threads) {
    const Index tiles = l.tiles_of_pair(), parts = l.gradient_parts();
    const Index all = Index{l.c.group_out} * l.c.groups, image = l.c.out_image;
    threads.parallel_for(static_cast<std::size_t>(divide_up(batch, 2) * parts), [&](std::size_t task) {
      const Index pair = static_cast<Index>(task) / parts, part = static_cast<Index>(task) % parts;
      const float* first = dy + 2 * pair * image;
      const float* second = 2 * pair + 1 < batch ? first + image : nullptr;
      float* sum = sums == nullptr ? nullptr : sums + static_cast<Index>(task) * all;
      if (sum != nullptr) std::fill_n(sum, all, 0.0F);
      for (Index tile = part * tiles / parts; tile < (part + 1) * tiles / parts; ++tile) {
        Index place[16];  // of the pixels, -1: in the padding
        for (int i = 0; i < 16; ++i) {
          const Index y = (tile * 16 + i) / l.pitch, x = (tile * 16 + i) % l.pitch;
          place[i] = y < l.c.out_height && x < l.c.out_width ? (y * l.c.out_width + x) * all : -1;
        }
        for (int g = 0; g < l.c.groups; ++g)
          for (int b = 0; b < l.out_blocks(); ++b) {
            const Index channel = Index{g} * l.c.group_out + b * 16;
            const int valid = std::min(16, l.c.group_out - b * 16);
            alignas(64) std::uint32_t pixels[16][16];
            for (int i = 0; i < 16; ++i) {
              const Index at = place[i] + channel;
              make_16_pairs(place[i] < 0 ? nullptr : first + at,
                            place[i] < 0 || second == nullptr ? nullptr : second + at, valid, pixels[i]);
            }
            if (sum != nullptr) {
              add_pixels(first + channel, place, valid, sum + channel);
              if (second != nullptr) add_pixels(second + channel, place, valid, sum + channel);
            }
            Bf16Bits* p = to + pair * l.out_pair() + (g * l.out_blocks() + b) * l.out_block() + tile * l.tile_numbers;
            transpose_16(pixels[0], 16, reinterpret_cast<std::uint32_t*>(p), 16);
          }
      }
    });
  }

 private:
  static void add_pixels(const float* from, const Index* place, int valid, float* sum) noexcept {
    for (int c = 0; c < valid; c += lanes) {
      const int count = std::min(lanes, valid - c);
      Vector part(0.0F);
      for (int i = 0; i < 16; ++i)
        if (place[i] >= 0) part += count == lanes ? load(from + place[i] + c) : load_some(from + place[i] + c, count);
      if (count == lanes)
        store(sum + c, load(sum + c) + part);
      else
        store_some(sum + c, load_some(sum + c, count) + part, count);
    }
  }

  struct Images {
    const float *first, *second;
    [[nodiscard]] Images from(Index offset) const noexcept {
      return {first + offset, second == nullptr ? nullptr : second + offset};
    }
  };

  /// One row of cells of all planes.
  static void row(const TileWeightLayout& l, const Images& images, int r, Bf16Bits* to) noexcept {
    const Index all = Index{l.c.group_in} * l.c.groups, plane = l.plane_cells();
    const Index begin = Index{r} * l.pitch, count = std::min<Index>(l.pitch, plane - begin);
    for (int phase = 0; phase < l.planes(); ++phase, to += plane * l.cell_numbers) {
      const int py = phase / l.stride.width, px = phase % l.stride.width, y = r * l.stride.height + py;
      const float* first_row = l.source_row(images.first, y);
      const float* second_row = images.second == nullptr ? nullptr : l.source_row(images.second, y);
      const Index first = std::min(count, divide_up(std::max(l.first_column - px, 0), l.stride.width));
      const Index last = first_row == nullptr
                             ? first
                             : std::clamp(divide_up(std::max(l.last_column - px, 0), l.stride.width), first, count);
      for (int b = 0; b < l.in_blocks(); ++b) {
        Bf16Bits* p = to + b * l.in_block() + begin * l.cell_numbers;
        clear(p, first * l.cell_numbers);
        clear(p + last * l.cell_numbers, (count - last) * l.cell_numbers);
      }
      for (Index j = first; j < last; ++j) {
        const Index at = (j * l.stride.width + px - l.c.left) * all;
        auto* p = reinterpret_cast<std::uint32_t*>(to + (begin + j) * l.cell_numbers);
        for (int b = 0; b < l.in_blocks(); ++b, p += l.in_block() / 2)
          make_16_pairs(first_row + at + b * 16, second_row == nullptr ? nullptr : second_row + at + b * 16,
                        std::min(16, l.channels - b * 16), p);
      }
    }
  }

  /// One row of merged cells: gathered first, [cell][channels, rounded up to blocks], for both images.
  static void merged_row(const TileWeightLayout& l, const Images& images, int r, Bf16Bits* to) {
    const Index begin = Index{r} * l.pitch, count = std::min<Index>(l.pitch, l.plane_cells() - begin);
    const Index cell = Index{l.in_blocks()} * 16;
    auto* lines = reinterpret_cast<float*>(thread_scratch(static_cast<std::size_t>(2 * count * cell) * sizeof(float)));
    gather(l, images.first, r, count, lines);
    if (images.second != nullptr)
      gather(l, images.second, r, count, lines + count * cell);
    else
      std::fill_n(lines + count * cell, count * cell, 0.0F);
    for (Index j = 0; j < count; ++j)
      for (int b = 0; b < l.in_blocks(); ++b) {
        const float* from = lines + j * cell + b * 16;
        make_pairs(from, from + count * cell, 16,
                   reinterpret_cast<std::uint32_t*>(to + b * l.in_block() + (begin + j) * l.cell_numbers));
      }
  }
  /// Cells one after the other, a whole row of a cell's pixels at once where they are neighbours in memory: then 16
  /// numbers are copied, because that is one store; those after the row are overwritten by what follows.
  static void gather(const TileWeightLayout& l, const float* image, int r, Index count, float* to) noexcept {
    const Index all = Index{l.c.group_in} * l.c.groups, cell = Index{l.in_blocks()} * 16, wide = l.c.stride.width;
    const Index piece = wide * l.c.group_in, row = l.c.image_width * all;
    const auto bytes = [](Index numbers) { return static_cast<std::size_t>(numbers) * sizeof(float); };
    for (Index j = 0; j < count; ++j, to += cell) {
      const Index first = std::max<Index>(j * wide, l.first_column),
                  last = std::min<Index>((j + 1) * wide, l.last_column);
      const Index x = first - l.c.left;
      const bool one_run = all == l.c.group_in && last - first == wide;
      for (Index py = 0; py < l.c.stride.height; ++py) {
        const float* from = l.source_row(image, r * l.c.stride.height + static_cast<int>(py));
        float* p = to + py * piece;
        if (from != nullptr && one_run) {
          if (piece <= 16 && x * all + 16 <= row && py * piece + 16 <= cell)
            std::memcpy(p, from + x * all, bytes(16));
          else
            std::memcpy(p, from + x * all, bytes(piece));
          continue;
        }
        std::fill_n(p, piece, 0.0F);
        if (from == nullptr) continue;
        p += (first - j * wide) * l.c.group_in;
        for (Index k = 0; k < last - first; ++k)
          std::memcpy(p + k * l.c.group_in, from + (x + k) * all, bytes(l.c.group_in));
      }
      std::fill_n(to + l.channels, cell - l.channels, 0.0F);
    }
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
