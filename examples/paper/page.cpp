#include "page.hpp"

#include <xstitch/io/file.hpp>
#include <xstitch/report/draw.hpp>
#include <xstitch/report/job_report.hpp>
#include <xstitch/report/markdown.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <set>

#include "alexnet_nyu/report.hpp"
#include "alexnet_voc/report.hpp"

namespace paper {
namespace {

namespace report_of = xs::report;
constexpr std::size_t pictures = 6;

/// The stitched pair of the first seed.
const protocol::Row* row_to_see(const Page& page) {
  for (const protocol::Row& row : page.rows)
    if (row.method == "cross-stitch") return &row;
  for (const protocol::Row& row : page.rows)
    if (row.ends.size() == 1 && row.method != "one-task") return &row;
  return page.rows.empty() ? nullptr : &page.rows.front();
}

report_of::Section seen(const Page& page, const protocol::Row& row, const Results& results) {
  report_of::Section section{.title = "Predictions of " + row.method + ", seed " + std::to_string(row.seed),
                             .items = {}};
  std::vector<protocol::End> ends;
  for (const std::string& end : row.ends) {
    if (!xs::file_exists(results.runner.network_file(end))) {
      section.items.emplace_back("Its network is not here, only its results: it was trained on another machine.");
      return section;
    }
    ends.push_back({&results.runner.plan().find(end), results.runner.network_file(end)});
  }
  const std::size_t threads = results.runner.settings().threads;
  if (results.detection != nullptr) {
    section.items.emplace_back(
        alexnet_voc::pictures(*results.detection, results.detection->predictors(ends, threads), row.method, pictures));
  } else {
    const auto net = page.preset->make(ends[0].training->network, xs::seed(1));
    xs::load(*net, ends[0].network);
    xs::ThreadPool pool(threads);
    section.items.emplace_back(alexnet_nyu::page::pictures({.folder = {},
                                                            .method = net.get(),
                                                            .test = results.dense->test(),
                                                            .height = page.preset->height,
                                                            .width = page.preset->width,
                                                            .classes = page.preset->classes},
                                                           pictures, pool));
  }
  section.items.emplace_back(report_of::Drawing{
      row.method, xs::draw(results.subject.make(ends[0].training->network, xs::seed(1))->program())});
  return section;
}

/// By the log where the training was made here, else by the record.
report_of::TrainingCurves curves_of(const protocol::Runner& runner, const std::string& training) {
  const std::filesystem::path log = runner.network_file(training).parent_path() / "training" / "log.jsonl";
  if (xs::file_exists(log)) return report_of::read_training_log(log);
  report_of::training_curves::Reader reader;
  const xs::Json result = runner.training_result(training);
  if (const xs::Json* lines = result.find("curves"))
    for (const xs::Json& line : lines->array()) reader.add(line);
  return reader.take();
}

}  // namespace

std::filesystem::path write_page(Page page, const Results& results, const std::filesystem::path& folder) {
  report_of::Report html{.title = "The paper's experiments", .subtitle = std::move(page.subtitle), .sections = {}};
  html.sections = std::move(page.sections);
  html.sections.push_back({"Settings", {report_of::Settings{"Settings of this run", std::move(page.settings)}}});
  report_of::write_markdown(html, folder / "results.md");
  if (const protocol::Row* row = row_to_see(page)) {
    html.sections.push_back(seen(page, *row, results));
    std::set<std::string> shown;
    for (const protocol::Row& each : page.rows)
      for (const std::string& name : results.runner.plan().needed(each)) {
        if (each.seed != row->seed || !shown.insert(name).second) continue;
        report_of::TrainingCurves curves = curves_of(results.runner, name);
        if (curves.losses.empty()) continue;  // of a training that diverged at once, or an older record
        html.sections.push_back(
            report_of::training_section("Training: " + name, curves, results.runner.network_file(name)));
      }
  }
  const std::filesystem::path file = folder / "report.html";
  report_of::write(html, file);
  return file;
}

}  // namespace paper
