#pragma once
/// \file
/// Sums over all rows of an [rows, channels] matrix, per channel, in a fixed order: rows are cut into chunks by the
/// size of the problem, a chunk adds runs of 32 rows in floats, and chunks are added in double, one after the other.

#include <xstitch/core/shape.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/channel_block.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Rows of one chunk.
constexpr std::size_t channel_chunk_rows(int channels) {
  return static_cast<std::size_t>(std::clamp(16384 / channels, 32, 1024));
}
template <int Channels>
inline constexpr std::size_t channel_chunk = channel_chunk_rows(Channels);

/// Bytes for the partial sums of `kinds` quantities: one array of doubles for each chunk and kind.
constexpr Extent channel_sums_workspace(Dims in, std::size_t chunk, std::size_t kinds) {
  const std::size_t one = kinds * static_cast<std::size_t>(in.channels) * sizeof(double);
  return {(in.pixels() * one + chunk - 1) / chunk, one};
}

/// The sums of `Together` channel blocks from c on, which go through the rows side by side: a row is read in one run.
template <int Channels, std::size_t Kinds, int Together, class Terms, class Finish>
void block_sums(std::size_t begin, std::size_t end, int c, const Terms& add_terms, const Finish& finish) {
  using Block = ChannelBlock<Channels>;
  using Sums = std::array<typename Block::Batch, Kinds>;
  constexpr std::size_t run = 32;
  constexpr auto blocks = static_cast<std::size_t>(Together);
  const auto channel = [&](std::size_t b) { return c + static_cast<int>(b) * Block::used; };
  const auto clear = [](std::array<Sums, blocks>& all) {
    for (Sums& each : all) each.fill(typename Block::Batch(0.0F));
  };
  std::array<Sums, blocks> sums;
  clear(sums);
  for (std::size_t first = begin; first < end; first += run) {
    std::array<Sums, blocks> part;
    clear(part);
    for (std::size_t row = first; row < std::min(end, first + run); ++row) {
      XSTITCH_UNROLL
      for (std::size_t b = 0; b < blocks; ++b) add_terms(row, channel(b), part[b]);
    }
    for (std::size_t b = 0; b < blocks; ++b)
      for (std::size_t k = 0; k < Kinds; ++k) sums[b][k] += part[b][k];
  }
  for (std::size_t b = 0; b < blocks; ++b) finish(channel(b), sums[b]);
}

/// For each channel block calls add_terms(row, c, sums), which adds to a std::array<Batch, Kinds>, for the rows from
/// begin to end, and gives finish(c, sums) the sums of the block that begins at channel c.
template <int Channels, std::size_t Kinds, class Terms, class Finish>
void chunk_sums(std::size_t begin, std::size_t end, const Terms& add_terms, const Finish& finish) {
  using Block = ChannelBlock<Channels>;
  constexpr int together = 4, step = together * Block::used;
  int c = 0;
  for (; c + step <= Channels; c += step) block_sums<Channels, Kinds, together>(begin, end, c, add_terms, finish);
  for (; c + Block::used <= Channels; c += Block::used)
    block_sums<Channels, Kinds, 1>(begin, end, c, add_terms, finish);
  if constexpr (Channels % Block::used != 0)
    block_sums<Channels, Kinds, 1>(begin, end, Channels - Block::used, add_terms, finish);
}

/// The same, written to to[kind * Channels + channel].
template <int Channels, std::size_t Kinds, class Terms>
void chunk_totals(std::size_t begin, std::size_t end, const Terms& add_terms, double* to) {
  using Block = ChannelBlock<Channels>;
  chunk_sums<Channels, Kinds>(begin, end, add_terms, [&](int c, const auto& sums) {
    alignas(64) float values[static_cast<std::size_t>(Block::width)];
    for (std::size_t k = 0; k < Kinds; ++k) {
      sums[k].store_aligned(values);
      for (int j = 0; j < Block::used; ++j)
        to[k * static_cast<std::size_t>(Channels) + static_cast<std::size_t>(c + j)] = static_cast<double>(values[j]);
    }
  });
}

/// Sums of Kinds quantities over all rows: add_terms(row, c, sums), as above. `partial` holds
/// channel_sums_workspace(); result(c, totals as std::array<double, Kinds>) is called once a channel.
template <int Channels, std::size_t Kinds, class Terms, class Result>
void channel_sums(ThreadPool& threads, std::size_t rows, double* partial, const Terms& add_terms,
                  const Result& result) {
  constexpr std::size_t chunk = channel_chunk<Channels>, C = static_cast<std::size_t>(Channels);
  const std::size_t chunks = (rows + chunk - 1) / chunk;
  threads.parallel_for(chunks, [&](std::size_t i) {
    chunk_totals<Channels, Kinds>(i * chunk, std::min(rows, (i + 1) * chunk), add_terms, partial + i * Kinds * C);
  });
  for (std::size_t c = 0; c < C; ++c) {
    std::array<double, Kinds> totals{};
    for (std::size_t i = 0; i < chunks; ++i)
      for (std::size_t k = 0; k < Kinds; ++k) totals[k] += partial[(i * Kinds + k) * C + c];
    result(c, totals);
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
