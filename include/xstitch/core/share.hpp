#pragma once
/// \file
/// How the samples of a batch are cut into slices, and how those are shared out over ranks,
///
///     slice s of S of B samples = [B s / S, B (s + 1) / S),      S = min(B, slices)
///     slice s belongs to rank s mod ranks, which works it off in round s / ranks
///
/// so that the slices of a round follow each other, in the order of the ranks: sums over slices can be added in the
/// order of one process, whatever the number of ranks.

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

struct Share {
  std::size_t rank = 0, ranks = 1;
  std::size_t slices = 1;  ///< wanted, of the whole batch; a rank beyond them has none
  std::size_t piece = 0;   ///< samples a slice, but for the last; 0: as many slices as said

  /// Samples [begin, begin + size).
  struct Range {
    std::size_t begin = 0, size = 0;
  };

  [[nodiscard]] constexpr std::size_t slices_of(std::size_t samples) const noexcept {
    return piece > 0 ? (samples + piece - 1) / piece : std::min(samples, slices);
  }
  [[nodiscard]] constexpr std::size_t rounds(std::size_t samples) const noexcept {
    return (slices_of(samples) + ranks - 1) / ranks;
  }
  /// Ranks that have a slice in a round: the first ones.
  [[nodiscard]] constexpr std::size_t at_work(std::size_t samples, std::size_t round) const noexcept {
    return std::min(ranks, slices_of(samples) - std::min(slices_of(samples), round * ranks));
  }
  /// What rank `of` works off in a round, within the whole batch; nothing: of size 0.
  [[nodiscard]] constexpr Range range(std::size_t samples, std::size_t round, std::size_t of) const noexcept {
    const std::size_t n = slices_of(samples), s = round * ranks + of;
    if (s >= n) return {samples, 0};
    const std::size_t begin = piece > 0 ? s * piece : cut(samples, s, n);
    return {begin, (piece > 0 ? std::min(samples, begin + piece) : cut(samples, s + 1, n)) - begin};
  }
  [[nodiscard]] constexpr Range range(std::size_t samples, std::size_t round) const noexcept {
    return range(samples, round, rank);
  }
  /// Samples of all rounds of a rank: of its part of the batch, which holds its slices one after the other.
  [[nodiscard]] constexpr std::size_t size(std::size_t samples, std::size_t of) const noexcept {
    std::size_t sum = 0;
    for (std::size_t k = 0; k < rounds(samples); ++k) sum += range(samples, k, of).size;
    return sum;
  }
  [[nodiscard]] constexpr std::size_t size(std::size_t samples) const noexcept { return size(samples, rank); }

 private:
  /// samples s / n, without a product that could overflow.
  static constexpr std::size_t cut(std::size_t samples, std::size_t s, std::size_t n) noexcept {
    return samples / n * s + samples % n * s / n;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
