#pragma once
/// \file
/// What a job (train/job.hpp) leaves in its folder, as sections of a report: one a stage.
///
///     job_sections("out")                                      of job.json and each stage's log and last checkpoint
///     training_section("title", curves, "last.safetensors")    of one training
///
/// Of a stage that is stitched: the alphas over time, the band from the least to the most of a seam's channels, and
/// those of the last checkpoint, sorted (the plot of the paper's Table 4).

#include <xstitch/io/safetensors.hpp>
#include <xstitch/report/report.hpp>
#include <xstitch/report/training_curves.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {
namespace job_report {

inline constexpr std::size_t most_entries = 9;  // of a seam's matrix: 3 towers

/// Losses far from each other in size are read on decades.
inline bool spans_decades(const std::vector<Curve>& curves) {
  double least = 0.0, most = 0.0;
  for (const Curve& curve : curves)
    for (const double y : curve.y) {
      if (std::isnan(y)) continue;
      if (y <= 0.0) return false;
      least = least == 0.0 ? y : std::min(least, y);
      most = std::max(most, y);
    }
  return least > 0.0 && most / least > 30.0;
}

inline Plot over_iterations(std::string title, std::string y_title, std::vector<Curve> curves) {
  Plot plot{
      .title = std::move(title), .x_title = "iterations", .y_title = std::move(y_title), .curves = std::move(curves)};
  plot.log_y = spans_decades(plot.curves);
  plot.from_zero = true;
  return plot;
}

XSTITCH_INLINE void add_metrics(const TrainingCurves& curves, std::vector<Item>& items) {
  std::vector<std::string_view> names;
  for (const TrainingCurves::Metric& metric : curves.metrics)
    if (metric.name != "loss" && std::ranges::find(names, metric.name) == names.end()) names.push_back(metric.name);
  for (const std::string_view name : names) {
    Plot plot = over_iterations(std::string(name), std::string(name), {});
    for (const TrainingCurves::Metric& metric : curves.metrics)
      if (metric.name == name) plot.curves.push_back(metric.curve);
    if (plot.curves.size() == 1) plot.title = plot.curves[0].name + ": " + plot.title;
    items.emplace_back(std::move(plot));
  }
}

/// All entries of a small matrix; of a large one the diagonal.
inline bool is_shown(std::size_t entry, std::size_t columns, std::size_t entries) {
  return entries <= most_entries || entry / columns == entry % columns;
}

XSTITCH_INLINE void add_alphas(const TrainingCurves& curves, std::vector<Item>& items) {
  for (const TrainingCurves::Seam& seam : curves.seams) {
    if (seam.alphas.empty()) continue;
    Plot plot = over_iterations("Alphas at " + seam.name + ": mean and range over channels", "alpha", {});
    for (std::size_t k = 0; k < seam.alphas.size(); ++k)
      if (is_shown(k, seam.columns, seam.alphas.size())) plot.curves.push_back(seam.alphas[k]);
    items.emplace_back(std::move(plot));
  }
}

/// Alphas of a checkpoint or parameter file: "stitch.SEAM.alpha", {rows, columns, channels}.
XSTITCH_INLINE void add_sorted_alphas(const SafetensorsFile& file, const TrainingCurves& curves,
                                      std::vector<Item>& items) {
  for (const auto& [name, entry] : file.entries()) {
    const bool alpha = name.starts_with("stitch.") && name.ends_with(".alpha") && entry.dtype == "F32" &&
                       entry.shape.size() == 3 && entry.shape[2] > 1 && entry.count() > 0;
    if (!alpha) continue;
    const std::string seam = name.substr(7, name.size() - 7 - 6);
    std::vector<float> values(static_cast<std::size_t>(entry.count()));
    file.read(name, std::span(values));
    const auto columns = static_cast<std::size_t>(entry.shape[1]), channels = static_cast<std::size_t>(entry.shape[2]);
    const std::size_t entries = values.size() / channels;
    std::vector<std::string> towers;
    for (const TrainingCurves::Seam& one : curves.seams)
      if (one.name == seam) towers = one.towers;
    Plot plot{.title = "Alphas at " + seam + ", sorted",
              .x_title = "channels, each curve from its least alpha",
              .y_title = "alpha",
              .curves = {}};
    for (std::size_t k = 0; k < entries; ++k) {
      if (!is_shown(k, columns, entries)) continue;
      Curve curve{.name = training_curves::entry_name(towers, k / columns, k % columns), .x = {}, .y = {}};
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(k * channels);
      std::sort(begin, begin + static_cast<std::ptrdiff_t>(channels));
      curve.y.assign(begin, begin + static_cast<std::ptrdiff_t>(channels));
      curve.x.resize(channels);
      std::iota(curve.x.begin(), curve.x.end(), 1.0);
      plot.curves.push_back(std::move(curve));
    }
    items.emplace_back(std::move(plot));
  }
}

XSTITCH_INLINE Settings settings_of(const Json& json) {
  Settings settings{.title = "Settings", .values = {}};
  for (const auto& [name, value] : json.object())
    settings.values.emplace_back(name, value.is_string() ? value.string() : value.text());
  return settings;
}

}  // namespace job_report

/// Curves, the alphas of `checkpoint` (if the path is not empty and the file is there) and settings.
XSTITCH_INLINE Section training_section(const std::string& title, const TrainingCurves& curves,
                                        const std::filesystem::path& checkpoint = {}) {
  Section section{.title = title, .items = {}};
  section.items.emplace_back(std::to_string(curves.step) + " of " + std::to_string(curves.total) + " iterations.");
  for (const std::string& note : curves.notes) section.items.emplace_back(note);
  std::vector<Curve> losses = curves.losses;
  for (const TrainingCurves::Metric& metric : curves.metrics) {
    if (metric.name != "loss") continue;
    losses.push_back(metric.curve);
    losses.back().name += ", evaluation";
  }
  if (!losses.empty()) section.items.emplace_back(job_report::over_iterations("Loss", "loss", std::move(losses)));
  job_report::add_metrics(curves, section.items);
  if (!curves.learning_rate.y.empty())
    section.items.emplace_back(Plot{.title = "Learning rate",
                                    .x_title = "iterations",
                                    .y_title = "learning rate",
                                    .curves = {curves.learning_rate},
                                    .zero_line = true,
                                    .from_zero = true});
  if (!curves.weights.empty())
    section.items.emplace_back(job_report::over_iterations("Weights of the losses", "weight", curves.weights));
  job_report::add_alphas(curves, section.items);
  if (!checkpoint.empty() && file_exists(checkpoint)) {
    try {
      job_report::add_sorted_alphas(SafetensorsFile(checkpoint), curves, section.items);
    } catch (const Error& error) {  // the curves are worth a report all the same
      section.items.emplace_back(std::string(error.what()));
    }
  }
  if (!curves.settings.is_null()) section.items.emplace_back(job_report::settings_of(curves.settings));
  return section;
}

/// A section a stage, in the order in which they were begun. An Error if the folder has no job.json.
XSTITCH_INLINE std::vector<Section> job_sections(const std::filesystem::path& folder) {
  const std::filesystem::path manifest = folder / "job.json";
  const Json json = Json::parse(read_file(manifest), manifest.string());
  std::vector<Section> sections;
  try {
    for (const Json& stage : json.at("stages").array()) {
      const std::string& name = stage.at("name").string();
      const std::string title = "Training: " + name + " (" + stage.at("state").string() + ")";
      const std::filesystem::path of_stage = folder / name, log = of_stage / "log.jsonl";
      if (file_exists(log))
        sections.push_back(training_section(title, read_training_log(log), of_stage / "last.safetensors"));
      else
        sections.push_back({title, {"There is no log of this stage.", job_report::settings_of(stage.at("settings"))}});
    }
  } catch (const Error& error) {
    fail(manifest.string(), ": ", error.what());
  }
  return sections;
}

}  // namespace xstitch::inline XSTITCH_ISA::report
