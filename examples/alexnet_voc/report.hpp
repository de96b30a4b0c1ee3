#pragma once
// The page at the end of a run: tables with intervals, gains by attribute, pictures of boxes, labels and attributes
// beside the truth, the network, and each training's curves, alphas and settings.
#include <xstitch/report/picture.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/comparison.hpp"
#include "common/runner.hpp"
#include "results.hpp"
#include "subject.hpp"

namespace alexnet_voc {

struct Page {
  std::filesystem::path file;  ///< report.html
  std::string subtitle{};
  const protocol::Comparison* comparison = nullptr;
  std::vector<protocol::Row> rows{};              ///< of the runner
  std::vector<JudgedRow> judged{};                ///< of these
  std::vector<std::size_t> training_positives{};  ///< of each attribute
  std::vector<std::pair<std::string, std::string>> settings{};
  std::size_t threads = 1;
};

/// Evenly spread test images: the truth, and what a network sees.
xs::report::PictureGrid pictures(const DetectionSubject& subject, std::vector<xs::AnyPredictor> predictors,
                                 const std::string& method, std::size_t count);

/// The last row is shown in pictures.
void write_page(const Page& page, const protocol::Runner& runner, const DetectionSubject& subject);

}  // namespace alexnet_voc
