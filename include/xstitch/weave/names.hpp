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
  constexpr void add(std::string_view text) {
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
};

/// A set of hashes; insert() gives what was put in under the same hash before, or null.
template <class Entry>
class NameTable {
 public:
  constexpr explicit NameTable(std::size_t most) {
    std::size_t size = 16;
    while (size < 2 * most) size *= 2;
    for (std::size_t i = 0; i < size; ++i) slots_.push_back(-1);
    entries_.reserve(most);
    hashes_.reserve(most);
  }
  constexpr const Entry* insert(std::uint64_t hash, const Entry& entry) {
    std::size_t i = hash & (slots_.size() - 1);
    for (; slots_[i] >= 0; i = (i + 1) & (slots_.size() - 1))
      if (hashes_[static_cast<std::size_t>(slots_[i])] == hash) return &entries_[static_cast<std::size_t>(slots_[i])];
    slots_[i] = static_cast<int>(entries_.size());
    entries_.push_back(entry);
    hashes_.push_back(hash);
    return nullptr;
  }

 private:
  List<int> slots_;
  List<Entry> entries_;
  List<std::uint64_t> hashes_;
};

struct NamedStep {
  std::size_t chain = 0;
  std::string_view item{};
};

constexpr void add_blocks(NameHash& hash, const ChainView& chain, int block) {
  if (block == none) return;
  add_blocks(hash, chain, chain.blocks[at(block)].parent);
  hash.add(chain.blocks[at(block)].name);
  hash.add(".");
}

constexpr NameHash hash_of_chain(const ChainView& chain) {
  NameHash hash;
  hash.value ^= mix_bits(static_cast<std::uint64_t>(chain.member));  // members have the same names
  hash.add(chain.tower);
  return hash;
}

/// Towers, heads, and operations with names of their own.
constexpr Problem find_repeated_names(std::span<const ChainView> chains) {
  std::size_t steps = 0;
  for (const ChainView& chain : chains) steps += chain.steps.size();
  NameTable<NamedStep> towers(chains.size()), heads(steps), operations(2 * steps);
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
                     .block = block == none ? std::string_view{} : chain.blocks[at(block)].name,
                     .item = item};
    };
    for (const Step& step : chain.steps) {
      NameHash hash = hash_of_chain(chain);
      if (step.ends_head) {
        if (!step.name.empty()) {
          hash.add(".");
          hash.add(step.name);
        }
        if (const NamedStep* other = heads.insert(hash.value, {c, step.name}); other != nullptr)
          return twice(*other, step.name, none);
      }
      if (step.item.empty()) continue;
      hash.add(".");
      add_blocks(hash, chain, step.block);
      hash.add(step.item);
      if (const NamedStep* other = operations.insert(hash.value, {c, step.item}); other != nullptr)
        return twice(*other, step.item, step.block);
    }
  }
  return {};
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
