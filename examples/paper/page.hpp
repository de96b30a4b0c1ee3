#pragma once
// The page of a run, report.html: a section an experiment (tables.cpp), what a network sees in held-back pictures
// beside the truth, curves of the trainings of the first seed, settings. It needs no other file. Its tables and figures
// alone, for documentation: results.md.
#include <xstitch/report/report.hpp>

#include <string>
#include <utility>
#include <vector>

#include "experiments.hpp"

namespace paper {

struct Page {
  std::string subtitle;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<xs::report::Section> sections{};  ///< of the experiments
  std::vector<protocol::Row> rows{};            ///< of all experiments; the first that is stitched is looked at
  const Preset* preset = nullptr;               ///< of segmentation and normals
};

/// Gives the file. Networks that are not here are not looked at: the page says so.
std::filesystem::path write_page(Page page, const Results& results, const std::filesystem::path& folder);

}  // namespace paper
