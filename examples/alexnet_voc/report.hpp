#pragma once
// The page at the end of a run: tables with intervals, gains by attribute, pictures of boxes, labels and attributes
// beside the truth, the network, and each training's curves, alphas and settings.
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
  std::vector<protocol::Row> rows{};  ///< of the runner
  std::vector<JudgedRow> judged{};    ///< of these
  std::vector<std::pair<std::string, std::string>> settings{};
  std::size_t threads = 1;
};

/// The last row is shown in pictures.
void write_page(const Page& page, const protocol::Runner& runner, const DetectionSubject& subject);

}  // namespace alexnet_voc
