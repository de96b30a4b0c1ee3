#pragma once
// The alphas of a pair.
#include <xstitch/io/json.hpp>
#include <xstitch/report/table.hpp>

#include <array>
#include <string>
#include <vector>

#include "common/stage.hpp"
#include "menu.hpp"

namespace alexnet_voc {

/// Of one seam: the means over its channels of detection <- detection, detection <- attributes, and so on.
struct SeamAlphas {
  std::string seam;
  std::size_t channels = 1;
  std::array<double, 4> mean{};
};

inline std::vector<SeamAlphas> alphas_of(const xs::AnyNet& net) {
  std::vector<SeamAlphas> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const xs::ParameterSlot& slot = net.parameters()[i];
    if (!protocol::is_alpha(slot)) continue;
    SeamAlphas one{slot.name.substr(7, slot.name.size() - 7 - 6), slot.count / 4, {}};  // stitch.NAME.alpha
    for (std::size_t k = 0; k < slot.count; ++k)
      one.mean[k / one.channels] += static_cast<double>(net.parameter(i)[k]) / static_cast<double>(one.channels);
    all.push_back(one);
  }
  return all;
}

inline xs::Table alpha_table(const std::vector<SeamAlphas>& alphas) {
  xs::Table table({"seam", "channels", "det <- det", "det <- attr", "attr <- det", "attr <- attr"});
  for (const SeamAlphas& one : alphas) {
    std::vector<std::string> cells{one.seam, std::to_string(one.channels)};
    for (const double v : one.mean) cells.push_back(xs::Table::number(v, 3));
    table.add_row(cells);
  }
  return table;
}

inline xs::Json json(const std::vector<SeamAlphas>& alphas) {
  xs::Json all{xs::Json::Object{}};
  for (const SeamAlphas& one : alphas) {
    xs::Json::Array means(one.mean.begin(), one.mean.end());
    all.set(one.seam, xs::Json().set("channels", one.channels).set("mean", means));
  }
  return all;
}

}  // namespace alexnet_voc
