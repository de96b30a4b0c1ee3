#pragma once
/// \file
/// Places buffers in one block of memory, by the compiler: each lives from a first to a last time, and buffers that
/// never live together may share memory. First fit in order of time.

#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/list.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

namespace detail {

struct Buffer {
  std::size_t size = 0;
  int first = 0, last = -1;
  std::size_t offset = 0;
};

/// Free memory between the living buffers, sorted by offset; the last gap has no end.
class Gaps {
 public:
  constexpr Gaps() { gaps_.push_back({0, nowhere}); }

  constexpr std::size_t take(std::size_t size) {
    std::size_t i = 0;
    while (gaps_[i].end - gaps_[i].begin < size) ++i;
    const std::size_t offset = gaps_[i].begin;
    gaps_[i].begin += size;
    if (gaps_[i].begin == gaps_[i].end) gaps_.erase(i);
    if (offset + size > peak_) peak_ = offset + size;
    return offset;
  }
  constexpr void give_back(std::size_t offset, std::size_t size) {
    std::size_t i = 0;
    while (gaps_[i].begin < offset) ++i;  // the first gap after the buffer: there is one, without an end
    const bool before = i > 0 && gaps_[i - 1].end == offset, after = gaps_[i].begin == offset + size;
    if (before && after) {
      gaps_[i - 1].end = gaps_[i].end;
      gaps_.erase(i);
    } else if (before) {
      gaps_[i - 1].end += size;
    } else if (after) {
      gaps_[i].begin = offset;
    } else {
      gaps_.insert(i, {offset, offset + size});
    }
  }
  [[nodiscard]] constexpr std::size_t peak() const { return peak_; }

 private:
  struct Gap {
    std::size_t begin = 0, end = 0;
  };
  List<Gap> gaps_;
  std::size_t peak_ = 0;
};

/// Indices of the living buffers in order of a time each, by counting.
template <class Time>
constexpr List<std::size_t> sorted_by(const List<Buffer>& buffers, std::size_t times, const Time& time) {
  List<std::size_t> start(times + 2, 0);
  std::size_t used = 0;
  for (const Buffer& b : buffers)
    if (b.size > 0 && b.last >= b.first) {
      ++start[at(time(b)) + 1];
      ++used;
    }
  for (std::size_t t = 0; t <= times; ++t) start[t + 1] += start[t];
  List<std::size_t> order(used, 0);
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].size > 0 && buffers[i].last >= buffers[i].first) order[start[at(time(buffers[i]))]++] = i;
  return order;
}

/// Gives every buffer its offset; returns the bytes of all.
constexpr std::size_t place(List<Buffer>& buffers, std::size_t times) {
  const auto begins = sorted_by(buffers, times, [](const Buffer& b) { return b.first; });
  const auto ends = sorted_by(buffers, times, [](const Buffer& b) { return b.last; });
  Gaps gaps;
  std::size_t ended = 0;
  for (const std::size_t i : begins) {
    for (; ended < ends.size() && buffers[ends[ended]].last < buffers[i].first; ++ended)
      gaps.give_back(buffers[ends[ended]].offset, buffers[ends[ended]].size);
    buffers[i].offset = gaps.take(buffers[i].size);
  }
  return gaps.peak();
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
