#pragma once
/// \file
/// The optimizer's state shared out over ranks: parameters are cut into chunks of 16384 elements, each rank keeps the
/// state of its chunks alone, updates these, and gets the weights of all others,
///
///     step:         sum of the gradients of its chunks -> update of its chunks -> weights of all chunks to every rank
///     checkpoint:   state of all chunks -> rank 0                     resume: rank 0 -> each chunk to whom it belongs
///
/// Which chunk is whose follows from the network and the number of ranks: the next one goes to the rank that has the
/// fewest elements, of equal ones to the first. Every rank makes the same calls, while nothing else is sent.

#include <xstitch/run/gradient_chunk.hpp>
#include <xstitch/run/layout.hpp>
#include <xstitch/run/ranks.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class StateShare {
 public:
  struct Chunk {
    std::size_t slot = 0, offset = 0, count = 0;  ///< elements of a parameter
    std::size_t owner = 0, at = 0;                ///< where its state lies within that of the owner
  };

  /// `piece`: bytes that are sent at once.
  XSTITCH_INLINE StateShare(std::shared_ptr<Ranks> ranks, const Layout& layout, std::size_t piece)
      : ranks_(std::move(ranks)), floats_(ranks_->ranks(), 0), piece_(std::max(piece / sizeof(float), gradient_chunk)) {
    for_each_chunk(layout, floats_, [this](const Chunk& chunk) {
      while (first_.size() <= chunk.slot) first_.push_back(chunks_.size());
      chunks_.push_back(chunk);
    });
    first_.resize(layout.slots().size() + 1, chunks_.size());
  }
  /// [rank]: elements of each array of the state.
  [[nodiscard]] static std::vector<std::size_t> floats_of(const Layout& layout, std::size_t ranks) {
    std::vector<std::size_t> floats(ranks, 0);
    for_each_chunk(layout, floats, [](const Chunk&) {});
    return floats;
  }

  [[nodiscard]] std::size_t rank() const { return ranks_->rank(); }
  [[nodiscard]] std::span<const Chunk> chunks() const noexcept { return {chunks_.data(), chunks_.size()}; }
  [[nodiscard]] std::span<const Chunk> of(std::size_t slot) const {
    return chunks().subspan(first_[slot], first_[slot + 1] - first_[slot]);
  }
  /// Elements of the state of a rank, of each array.
  [[nodiscard]] std::size_t floats(std::size_t rank) const { return floats_[rank]; }
  [[nodiscard]] std::size_t floats() const { return floats_[rank()]; }

  /// values(chunk) of the owner, to all ranks.
  template <class Values>
  void gather(const Values& values) {
    for_each_piece([&](std::span<const Chunk> piece, std::size_t total) {
      const std::vector<std::size_t> bytes = bytes_of(piece);
      grow(out_, bytes[rank()]);
      grow(in_, total * sizeof(float));
      pack(piece, rank(), values, out_.data());
      ranks_->gather(std::span(out_).first(bytes[rank()]), std::span(in_).first(total * sizeof(float)), bytes);
      std::byte* from = in_.data();
      for (std::size_t r = 0; r < bytes.size(); from += bytes[r++])
        if (r != rank()) unpack(piece, r, values, from);
    });
  }
  /// own(chunk) of the owner, to whole(chunk) on rank 0.
  template <class Own, class Whole>
  void collect(const Own& own, const Whole& whole) {
    transfer(true, own, whole);
  }
  /// whole(chunk) of rank 0, to own(chunk) of the owner.
  template <class Own, class Whole>
  void spread(const Own& own, const Whole& whole) {
    transfer(false, own, whole);
  }

  /// Memory to send and receive in.
  [[nodiscard]] std::size_t bytes() const noexcept { return out_.size() + in_.size(); }

 private:
  template <class Use>
  static void for_each_chunk(const Layout& layout, std::vector<std::size_t>& floats, const Use& use) {
    for (std::size_t slot = 0; slot < layout.slots().size(); ++slot) {
      if (layout.slots()[slot].spec.group == ParameterGroup::buffer) continue;  // has no state
      const std::size_t count = layout.slots()[slot].count;
      for (std::size_t offset = 0; offset < count; offset += gradient_chunk) {
        const std::size_t size = std::min(gradient_chunk, count - offset);
        const auto owner = static_cast<std::size_t>(std::ranges::min_element(floats) - floats.begin());
        use(Chunk{slot, offset, size, owner, floats[owner]});
        floats[owner] += align_up(size * sizeof(float)) / sizeof(float);
      }
    }
  }
  template <class Use>
  void for_each_piece(const Use& use) const {
    for (std::size_t begin = 0; begin < chunks_.size();) {
      std::size_t end = begin, total = 0;
      while (end < chunks_.size() && (end == begin || total + chunks_[end].count <= piece_))
        total += chunks_[end++].count;
      use(chunks().subspan(begin, end - begin), total);
      begin = end;
    }
  }
  /// [rank]
  [[nodiscard]] std::vector<std::size_t> bytes_of(std::span<const Chunk> piece) const {
    std::vector<std::size_t> bytes(floats_.size(), 0);
    for (const Chunk& chunk : piece) bytes[chunk.owner] += chunk.count * sizeof(float);
    return bytes;
  }
  template <class Values>
  static std::byte* pack(std::span<const Chunk> piece, std::size_t owner, const Values& values, std::byte* to) {
    for (const Chunk& chunk : piece) {
      if (chunk.owner != owner) continue;
      std::memcpy(to, values(chunk), chunk.count * sizeof(float));
      to += chunk.count * sizeof(float);
    }
    return to;
  }
  template <class Values>
  static const std::byte* unpack(std::span<const Chunk> piece, std::size_t owner, const Values& values,
                                 const std::byte* from) {
    for (const Chunk& chunk : piece) {
      if (chunk.owner != owner) continue;
      std::memcpy(values(chunk), from, chunk.count * sizeof(float));
      from += chunk.count * sizeof(float);
    }
    return from;
  }
  template <class Own, class Whole>
  void transfer(bool to_first, const Own& own, const Whole& whole) {
    const std::size_t ranks = floats_.size();
    const bool first = rank() == 0;
    for_each_piece([&](std::span<const Chunk> piece, std::size_t total) {
      const std::vector<std::size_t> of_owners = bytes_of(piece);
      std::vector<std::size_t> at_owner(ranks, 0), at_first(ranks, 0);
      at_owner[0] = of_owners[rank()];
      if (first) at_first = of_owners;
      grow(out_, total * sizeof(float));
      grow(in_, total * sizeof(float));
      const std::vector<std::size_t>&sent = to_first ? at_owner : at_first, &received = to_first ? at_first : at_owner;
      if (to_first) pack(piece, rank(), own, out_.data());
      std::byte* to = out_.data();
      for (std::size_t r = 0; r < ranks && first && !to_first; ++r) to = pack(piece, r, whole, to);
      const auto sum = [](const std::vector<std::size_t>& sizes) {
        std::size_t all = 0;
        for (const std::size_t size : sizes) all += size;
        return all;
      };
      ranks_->exchange(std::span(out_).first(sum(sent)), sent, std::span(in_).first(sum(received)), received);
      if (!to_first) unpack(piece, rank(), own, in_.data());
      const std::byte* from = in_.data();
      for (std::size_t r = 0; r < ranks && first && to_first; ++r) from = unpack(piece, r, whole, from);
    });
  }
  static void grow(std::vector<std::byte>& memory, std::size_t bytes) {
    if (memory.size() < bytes) memory.resize(bytes);
  }

  std::shared_ptr<Ranks> ranks_;
  std::vector<Chunk> chunks_;
  std::vector<std::size_t> first_;   ///< [parameter]: its first chunk
  std::vector<std::size_t> floats_;  ///< [rank]
  std::size_t piece_;                ///< elements
  std::vector<std::byte> out_, in_;
};

}  // namespace xstitch::inline XSTITCH_ISA
