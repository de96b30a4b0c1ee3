#pragma once
/// \file
/// The alphas of a network for the log: of each seam, over its channels, the mean, least and most of each entry of the
/// matrix (row t: what tower t gets of each), to five digits after the point:
///
///     {"pool1": {"mean": [[0.9, 0.1], [0.1, 0.9]], "least": [[...], ...], "most": [[...], ...]}, ...}
///
/// Parameters of weave units that are called "alpha" and have extents {rows, columns, channels}; others are no alphas.

#include <xstitch/io/json.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace alphas {

inline bool is_alpha(const ParameterSlot& slot) {
  return slot.spec.group == ParameterGroup::stitch && slot.spec.name == "alpha" && slot.spec.extents.rank == 3;
}
/// "pool1" of "stitch.pool1.alpha".
inline std::string seam_of(const ParameterSlot& slot) {
  const std::size_t first = slot.name.find('.'), last = slot.name.rfind('.');
  return first == last ? slot.name : slot.name.substr(first + 1, last - first - 1);
}

/// The towers at a seam, in the order of rows and columns, where each has one.
inline std::vector<std::string> towers_at(const AnyNet& net, std::string_view seam) {
  std::vector<std::string> names;
  for (const Op& op : net.program().ops) {
    if (op.chain != none || op.place != seam || !names.empty()) continue;  // of an ensemble: the first member's
    for (int k = 0; k < op.input_count; ++k) names.push_back(tower_of_input(net.program(), op, k));
  }
  return names;
}
/// Of each seam: {"pool1": ["upper", "lower"]}.
XSTITCH_INLINE Json towers(const AnyNet& net) {
  Json seams{Json::Object{}};
  for (const Op& op : net.program().ops) {
    if (op.chain != none) continue;
    Json::Array names;
    for (std::string& name : towers_at(net, op.place)) names.emplace_back(std::move(name));
    seams.set(op.place, std::move(names));
  }
  return seams;
}

XSTITCH_INLINE Json of(const AnyNet& net) {
  Json seams{Json::Object{}};
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const ParameterSlot& slot = net.parameters()[i];
    if (!is_alpha(slot)) continue;
    const std::span<const float> values = net.parameter(i);
    const auto size = [&](std::size_t k) { return static_cast<std::size_t>(slot.spec.extents.size[k]); };
    const auto number = [](double value) {
      return std::isfinite(value) ? Json(std::round(value * 1e5) / 1e5) : Json();
    };
    Json::Array mean(size(0)), least(size(0)), most(size(0));
    for (std::size_t row = 0; row < size(0); ++row) {
      Json::Array means, leasts, mosts;
      for (std::size_t column = 0; column < size(1); ++column) {
        const std::span<const float> channels = values.subspan((row * size(1) + column) * size(2), size(2));
        double sum = 0.0;
        for (const float value : channels) sum += static_cast<double>(value);
        const auto [low, high] = std::minmax_element(channels.begin(), channels.end());
        means.push_back(number(sum / static_cast<double>(size(2))));
        leasts.push_back(number(static_cast<double>(*low)));
        mosts.push_back(number(static_cast<double>(*high)));
      }
      mean[row] = std::move(means), least[row] = std::move(leasts), most[row] = std::move(mosts);
    }
    Json seam;
    seam.set("mean", std::move(mean)).set("least", std::move(least)).set("most", std::move(most));
    seams.set(seam_of(slot), std::move(seam));
  }
  return seams;
}

}  // namespace alphas
}  // namespace xstitch::inline XSTITCH_ISA
