#pragma once
// The page at the end of a run: the table, gains by class, pictures of predictions, the network, and each training's
// curves, alphas and settings.
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/metrics/segmentation.hpp>
#include <xstitch/report/class_gains.hpp>
#include <xstitch/report/draw.hpp>
#include <xstitch/report/job_report.hpp>
#include <xstitch/report/pictures.hpp>
#include <xstitch/train/evaluate.hpp>

#include <filesystem>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "baselines.hpp"

namespace alexnet_nyu {

/// What the page shows. Networks must have a head "segmentation"; those of `method` may have "normals".
struct Page {
  std::filesystem::path folder;  ///< of the job; report.html comes here
  std::string subtitle{};
  xs::Table results{{"method"}};
  std::string note{};  ///< below the table
  std::string baseline_name = "one-task", method_name = "cross-stitch";
  xs::AnyNet* baseline = nullptr;  ///< null: no gains by class
  xs::AnyNet* method = nullptr;
  xs::DataSetRef test;
  int height = 0, width = 0, classes = 0;
  std::vector<std::pair<std::string, std::string>> settings{};
};

namespace page {

inline std::vector<std::string> class_names(int classes) {
  std::vector<std::string> names;
  for (int c = 0; c < classes; ++c) {
    const auto k = static_cast<std::size_t>(c);
    names.emplace_back(classes == 13   ? std::string(xs::data::nyu13_class_names[k])
                       : classes == 40 ? std::string(xs::data::nyu40_class_names[k])
                                       : std::to_string(c));
  }
  return names;
}

inline std::vector<xs::ClassScore> class_scores(xs::AnyNet& net, const Page& page, std::size_t batch,
                                                std::size_t threads) {
  xs::SegmentationMetric metric(xs::Dims{page.height, page.width, page.classes});
  xs::evaluate(net, page.test, {.batch = batch, .threads = threads, .metrics = {{"segmentation", metric}}});
  return metric.per_class();
}

inline std::vector<xs::report::Item> gains(const Page& page, std::size_t batch, std::size_t threads) {
  const std::vector<xs::ClassScore> before = class_scores(*page.baseline, page, batch, threads),
                                    after = class_scores(*page.method, page, batch, threads);
  const std::vector<std::string> names = class_names(page.classes);
  std::vector<xs::report::ClassGain> classes;
  for (std::size_t c = 0; c < names.size(); ++c)
    classes.push_back({names[c], static_cast<double>(before[c].truth), before[c].intersection_over_union,
                       after[c].intersection_over_union});
  return xs::report::class_gains(std::move(classes), "IU (%)", page.baseline_name, page.method_name);
}

/// Evenly spread test samples: image, truth and prediction of both tasks.
inline xs::report::PictureGrid pictures(const Page& page, std::size_t count, xs::ThreadPool& threads) {
  namespace report = xs::report;
  report::PictureGrid grid{
      .title = "Held-back images; a normal's colour: right is red, up green, to the camera blue",
      .columns = {"image", "classes, truth", "classes, predicted", "normals, truth", "normals, predicted"},
      .rows = {},
      .legend = report::class_legend(class_names(page.classes))};
  const LabelIndex at(page.test);
  count = std::min(count, page.test.size());
  xs::AnyNet& net = *page.method;
  xs::Sample sample;
  for (std::size_t k = 0; k < count; ++k) {
    page.test.load((2 * k + 1) * page.test.size() / (2 * count), sample);
    xs::Batch batch;
    batch.size = 1;
    batch.inputs.assign(net.inputs().size(), {});
    batch.shared_input.assign(net.inputs().size(), 0);
    batch.inputs[0].assign(sample.inputs[0].begin(), sample.inputs[0].end());
    net.evaluate(batch, threads);
    const xs::LabelValue &classes = sample.labels[at.segmentation], &normals = sample.labels[at.normals];
    std::vector<report::Picture> row(5);
    row[0] = report::photograph(sample.inputs[0], {page.height, page.width, 3});
    row[1] = report::class_picture(classes.indices, page.height, page.width);
    row[3] = report::normal_picture(normals.values, page.height, page.width, normals.mask);
    for (std::size_t head = 0; head < net.heads().size(); ++head) {
      if (net.heads()[head].member != 0) continue;
      if (net.heads()[head].tower == "segmentation")
        row[2] = report::scores_picture(net.prediction(head), {page.height, page.width, page.classes});
      else
        row[4] = report::normal_picture(net.prediction(head), page.height, page.width);
    }
    grid.rows.push_back(std::move(row));
  }
  return grid;
}

}  // namespace page

/// Writes report.html and says where it is. `batch`: of evaluations.
inline void write_report(const Page& page, std::size_t batch, xs::ThreadPool& threads, std::ostream& out) {
  namespace report = xs::report;
  report::Report html{.title = "Segmentation and surface normals", .subtitle = page.subtitle, .sections = {}};
  report::Section results{.title = "Results", .items = {}};
  results.items.emplace_back(report::TitledTable{
      "Surface normals (angle in degrees, share of pixels within, %) and segmentation (%)", page.results, page.note});
  if (page.baseline != nullptr && page.method != nullptr)
    for (report::Item& item : page::gains(page, batch, threads.size())) results.items.push_back(std::move(item));
  results.items.emplace_back(report::Settings{"Settings", page.settings});
  html.sections.push_back(std::move(results));
  if (page.method != nullptr) {
    html.sections.push_back({"Predictions of " + page.method_name, {page::pictures(page, 6, threads)}});
    html.sections.push_back({"Network", {report::Drawing{page.method_name, xs::draw(page.method->program())}}});
  }
  for (report::Section& section : report::job_sections(page.folder)) html.sections.push_back(std::move(section));
  const std::filesystem::path file = page.folder / "report.html";
  report::write(html, file);
  out << "The report, to be opened in a browser: " << file.string() << std::endl;
}

}  // namespace alexnet_nyu
