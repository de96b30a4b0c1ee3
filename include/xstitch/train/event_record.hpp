#pragma once
/// \file
/// A training for TensorBoard (io/event_file.hpp), an option of the trainer:
///
///     loss/HEAD, learning_rate, weight/HEAD        at each line of the log
///     alpha/SEAM/TOWER from TOWER                  histograms over channels, at each line of the log and at step 0
///     evaluation/HEAD/METRIC                       at each evaluation, and the images that TensorBoard::images gives

#include <xstitch/io/event_file.hpp>
#include <xstitch/train/alpha_record.hpp>
#include <xstitch/train/evaluate.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct TensorBoard {
  std::filesystem::path folder{};  ///< empty: no event files
  /// Called after each evaluation with the network as it was evaluated: a name and a picture each.
  std::function<std::vector<std::pair<std::string, EncodedImage>>(AnyNet&)> images{};
};

class EventRecord {
 public:
  EventRecord(const AnyNet& net, const TensorBoard& options, std::uint64_t step) : options_(options) {
    if (options.folder.empty()) return;
    file_ = EventFile(options.folder, step);
    if (step == 0) alphas(net, 0);
  }

  XSTITCH_INLINE void step(const AnyNet& net, std::uint64_t step, double learning_rate,
                           std::span<const std::string> heads, std::span<const double> losses,
                           std::span<const float> weights) {
    if (!file_.writes()) return;
    for (std::size_t h = 0; h < losses.size(); ++h)
      if (!std::isnan(losses[h])) file_.scalar("loss/" + heads[h], static_cast<float>(losses[h]), step);
    for (std::size_t h = 0; h < weights.size(); ++h) file_.scalar("weight/" + heads[h], weights[h], step);
    file_.scalar("learning_rate", static_cast<float>(learning_rate), step);
    alphas(net, step);
  }

  XSTITCH_INLINE void evaluated(AnyNet& net, std::uint64_t step, const Evaluation& evaluation) {
    if (!file_.writes()) return;
    for (const Evaluation::Row& row : evaluation.rows) {
      const std::string prefix = "evaluation/" + row.name + "/";
      if (row.labelled) file_.scalar(prefix + "loss", static_cast<float>(row.loss), step);
      for (const MetricValue& v : row.values)
        if (v.measured) file_.scalar(prefix + v.name, static_cast<float>(v.value), step);
    }
    if (!options_.images) return;
    for (const auto& [name, image] : options_.images(net)) file_.image(name, image, step);
  }

  /// Everything so far is on the disk afterwards.
  void flush() { file_.flush(); }

 private:
  XSTITCH_INLINE void alphas(const AnyNet& net, std::uint64_t step) {
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      const ParameterSlot& slot = net.parameters()[i];
      if (!alphas::is_alpha(slot)) continue;
      const auto rows = static_cast<std::size_t>(slot.spec.extents.size[0]),
                 columns = static_cast<std::size_t>(slot.spec.extents.size[1]),
                 channels = slot.count / (rows * columns);
      const std::string seam = alphas::seam_of(slot);
      const std::vector<std::string> towers = alphas::towers_at(net, seam);
      const auto name = [&](std::size_t t) { return towers.size() == rows ? towers[t] : std::to_string(t + 1); };
      for (std::size_t k = 0; k < rows * columns; ++k)
        file_.histogram("alpha/" + seam + "/" + name(k / columns) + " from " + name(k % columns),
                        net.parameter(i).subspan(k * channels, channels), step);
    }
  }

  const TensorBoard& options_;
  EventFile file_;
};

}  // namespace xstitch::inline XSTITCH_ISA
