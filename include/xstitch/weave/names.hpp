#pragma once
/// \file
/// The names of a network's operations must tell its parameters and heads apart: "upper.layer1.0.conv1",
/// "stitch.pool1", "lower.head". Found by hashes of the whole names in one table, so that many operations cost no more
/// than their number. (Two names of equal 64-bit hashes would be taken for one: not in practice.)

#include <xstitch/core/random.hpp>
#include <xstitch/weave/graph.hpp>
#include <xstitch/weave/list.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// FNV-1a over parts of a name.
struct NameHash {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  [[nodiscard]] constexpr NameHash followed_by(std::string_view text) const {
    NameHash hash = *this;
    for (const char c : text) hash.value = (hash.value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
  }
};

struct NamedStep {
  std::size_t chain = 0;
  std::string_view item{};
};

/// A set of hashes; insert() gives what was put in under the same hash before, or null.
class NameTable {
 public:
  constexpr explicit NameTable(std::size_t most) : slots_(power_of_two(2 * most)) { entries_.reserve(most); }
  constexpr const NamedStep* insert(std::uint64_t hash, const NamedStep& step) {
    std::size_t i = hash & (slots_.size() - 1);
    for (; slots_[i] != 0; i = (i + 1) & (slots_.size() - 1))
      if (entries_[slots_[i] - 1].hash == hash) return &entries_[slots_[i] - 1].step;
    entries_.push_back({hash, step});
    slots_[i] = entries_.size();
    return nullptr;
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    NamedStep step{};
  };
  static constexpr std::size_t power_of_two(std::size_t least) {
    std::size_t size = 16;
    while (size < least) size *= 2;
    return size;
  }

  List<std::size_t> slots_;  ///< number of the entry, from 1; 0: free
  List<Entry> entries_;
};

constexpr NameHash hash_of_chain(const ChainView& chain) {
  NameHash hash;
  hash.value ^= mix_bits(static_cast<std::uint64_t>(chain.member));  // members have the same names
  return hash.followed_by(chain.tower);
}

/// Towers, heads, and operations with names of their own.
constexpr Problem find_repeated_names(std::span<const ChainView> chains) {
  std::size_t ends = 0, named = 0;
  for (const ChainView& chain : chains)
    for (const Step& step : chain.steps) {
      ends += step.ends_head ? 1U : 0U;
      named += step.item.empty() ? 0U : 1U;
    }
  NameTable towers(chains.size()), heads(ends), operations(named);
  for (std::size_t c = 0; c < chains.size(); ++c)
    if (const NamedStep* other = towers.insert(hash_of_chain(chains[c]).value, {c, {}}); other != nullptr)
      return {.kind = ProblemKind::two_towers_of_one_name, .tower = chains[c].tower};
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const ChainView& chain = chains[c];
    const auto twice = [&](const NamedStep& other, std::string_view item, int block) {
      const bool same = other.chain == c && other.item == item;
      return Problem{.kind = same ? ProblemKind::name_used_twice : ProblemKind::full_name_used_twice,
                     .tower = chains[other.chain].tower,
                     .other_tower = chain.tower,
                     .blocks = block_names(chain.blocks, block),
                     .item = item};
    };
    // What names begin with is hashed once: "upper.", and "upper.layer1.0." of a Block (it comes after those around
    // it).
    const NameHash whole = hash_of_chain(chain);
    const NameHash outermost = whole.followed_by(".");
    List<NameHash> prefixes;
    for (const BlockName& block : chain.blocks) {
      const NameHash around = block.parent == none ? outermost : prefixes[at(block.parent)];
      prefixes.push_back(around.followed_by(block.name).followed_by("."));
    }
    for (const Step& step : chain.steps) {
      NameHash place = step.block == none ? outermost : prefixes[at(step.block)];
      if (step.ends_head) {
        const NameHash head = step.name.empty() ? whole : outermost.followed_by(step.name);
        if (const NamedStep* other = heads.insert(head.value, {c, step.name}); other != nullptr)
          return twice(*other, step.name, none);
        place = head.followed_by(".");
      }
      if (step.item.empty()) continue;
      const NameHash hash = place.followed_by(step.item);
      if (const NamedStep* other = operations.insert(hash.value, {c, step.item}); other != nullptr)
        return twice(*other, step.item, step.block);
    }
  }
  return {};
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
