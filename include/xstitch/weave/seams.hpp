#pragma once
/// \file
/// Which seams of a network are stitched, and what is wrong with them.

#include <xstitch/weave/graph.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

constexpr bool contains(std::span<const std::string_view> names, std::string_view name) {
  for (const std::string_view n : names)
    if (n == name) return true;
  return false;
}

/// Which seams are stitched, and what is wrong with them.
template <std::size_t MaxSeams>
struct ActiveSeams {
  std::array<std::string_view, MaxSeams> names{};  ///< in the order of the towers
  std::size_t count = 0;                           ///< of the names
  Problem problem{};                               ///< of the first one, or none
};

/// The step of a seam, or none. (A number: g++ with the sanitizer of undefined behaviour compares no address of a
/// constant with null while it compiles.)
constexpr int find_seam(const ChainView& chain, std::string_view name) {
  for (std::size_t i = 0; i < chain.steps.size(); ++i)
    if (chain.steps[i].leaf == none && chain.steps[i].name == name) return static_cast<int>(i);
  return none;
}

/// `wanted` empty: every seam that two or more chains have.
template <std::size_t MaxSeams>
constexpr ActiveSeams<MaxSeams> find_seams(std::span<const ChainView> chains,
                                           std::span<const std::string_view> wanted) {
  ActiveSeams<MaxSeams> active;
  const auto consider = [&](std::string_view name, bool asked_for) {
    if (active.problem.found() || contains(std::span(active.names.data(), active.count), name)) return;
    const ChainView* first = nullptr;
    TensorShape shape{};
    std::size_t towers = 0;
    for (const ChainView& chain : chains) {
      const int step = find_seam(chain, name);
      if (step == none) continue;
      const TensorShape& mine = chain.tensors[at(chain.steps[at(step)].first_output)];
      if (towers++ == 0) {
        first = &chain;
        shape = mine;
      } else if (!(mine == shape)) {
        active.problem = {.kind = ProblemKind::seam_shapes_differ,
                          .tower = first->tower,
                          .other_tower = chain.tower,
                          .item = name,
                          .got = shape,
                          .wanted = mine};
        return;
      }
    }
    if (towers >= 2)
      active.names[active.count++] = name;
    else if (asked_for)
      active.problem = {.kind = ProblemKind::seam_needs_two_towers, .item = name};
  };
  if (!wanted.empty()) {
    for (const std::string_view name : wanted) consider(name, true);
    return active;
  }
  for (const ChainView& chain : chains)
    for (const Step& step : chain.steps)
      if (step.leaf == none) consider(step.name, false);
  if (active.count == 0 && !active.problem.found())
    active.problem = {.kind = ProblemKind::no_common_seam,
                      .tower = chains[0].tower,
                      .other_tower = chains.size() > 1 ? chains[1].tower : std::string_view{}};
  return active;
}

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
