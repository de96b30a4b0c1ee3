#include "report.hpp"

#include <xstitch/report/draw.hpp>
#include <xstitch/report/job_report.hpp>
#include <xstitch/report/pictures.hpp>
#include <xstitch/train/detect_objects.hpp>

#include <algorithm>

#include "gains.hpp"

namespace alexnet_voc {
namespace {

namespace report = xs::report;

constexpr float least_score = 0.3F;        // of a box that is drawn
constexpr float least_probability = 0.5F;  // of an attribute that is listed
constexpr std::size_t most_boxes = 8;

/// The pairs of a method and the baseline, by seed.
std::vector<JudgedPair> pairs_of(const std::vector<JudgedRow>& rows, const std::string& method,
                                 const std::string& baseline) {
  std::vector<JudgedPair> pairs;
  for (const JudgedRow& row : rows)
    for (const JudgedRow& base : rows)
      if (row.method == method && base.method == baseline && row.seed == base.seed)
        pairs.emplace_back(&row.judged, &base.judged);
  return pairs;
}

/// Curves and alphas of each training, in the plan's order.
void add_trainings(const protocol::Runner& runner, report::Report& html) {
  for (const protocol::Training& training : runner.plan().trainings()) {
    const std::filesystem::path network = runner.network_file(training.name);
    const std::filesystem::path log = network.parent_path() / "training" / "log.jsonl";
    if (xs::file_exists(log))
      html.sections.push_back(
          report::training_section("Training: " + training.name, report::read_training_log(log), network));
  }
}

}  // namespace

report::PictureGrid pictures(const DetectionSubject& subject, std::vector<xs::AnyPredictor> predictors,
                             const std::string& method, std::size_t count) {
  report::PictureGrid grid{.title = "Held-back images. Drawn: detections from a score of " +
                                    xs::Table::number(static_cast<double>(least_score)) + " on, the best " +
                                    std::to_string(most_boxes) + "; below, attributes from a probability of " +
                                    xs::Table::number(static_cast<double>(least_probability)) + " on",
                           .columns = {"truth", method},
                           .rows = {}};
  const PairData& test = subject.test();
  const std::vector<std::string> class_names = test.class_names(), attribute_names = test.attribute_names();
  const xs::Dims shape{subject.preset().height, subject.preset().width, 3};
  xs::DetectionOptions options;
  options.attributes = "attributes";
  options.least_score = least_score;
  options.most = most_boxes;
  count = std::min(count, test.size());
  for (std::size_t k = 0; k < count; ++k) {
    const xs::data::DetectionImage image = test.image((2 * k + 1) * test.size() / (2 * count));
    report::Picture truth = report::photograph(image.pixels, shape), found = truth;
    for (const xs::data::ImageObject& object : image.objects) {
      report::MarkedBox box{
          .box = object.box,
          .label = class_names[static_cast<std::size_t>(object.class_index)] + (object.difficult ? " (difficult)" : ""),
          .colour = report::class_colour(object.class_index)};
      for (std::size_t a = 0; a < object.attributes.size(); ++a)
        if (object.attributes[a] != 0) box.attributes.push_back(attribute_names[a]);
      truth.boxes.push_back(std::move(box));
    }
    for (const xs::DetectedObject& one : xs::detect_objects(predictors, image, options)) {
      const auto& [at, label, score] = one.detection;
      report::MarkedBox box{.box = at,
                            .label = class_names[static_cast<std::size_t>(label)] + " " +
                                     xs::Table::number(static_cast<double>(score), 2),
                            .colour = report::class_colour(label)};
      for (std::size_t a = 0; a < test.known_attributes(); ++a)
        if (one.attributes[a] >= least_probability)
          box.attributes.push_back(attribute_names[a] + " " +
                                   xs::Table::number(static_cast<double>(one.attributes[a]), 2));
      found.boxes.push_back(std::move(box));
    }
    if (found.boxes.empty()) found.caption = "no detection";
    grid.rows.push_back({std::move(truth), std::move(found)});
  }
  return grid;
}

void write_page(const Page& page, const protocol::Runner& runner, const DetectionSubject& subject) {
  report::Report html{.title = "Detection and attributes", .subtitle = page.subtitle, .sections = {}};
  report::Section results{.title = "Results", .items = {}};
  const protocol::Comparison& comparison = *page.comparison;
  std::string sentences;
  for (const std::string& method : comparison.methods())
    if (method != comparison.baseline()) sentences += (sentences.empty() ? "" : " ") + comparison.sentence(method);
  results.items.emplace_back(report::TitledTable{"Average precision (%), means over seeds", comparison.table(),
                                                 test_sentence(page.judged.at(0).judged)});
  const xs::Table differences = comparison.difference_table();
  if (differences.rows() > 0)
    results.items.emplace_back(report::TitledTable{"Against " + comparison.baseline() + ", 95 % intervals over seeds",
                                                   differences, sentences});
  results.items.emplace_back(report::TitledTable{"Classes", class_table(page.judged)});
  results.items.emplace_back(report::TitledTable{"Attributes, the rarest of the training set first",
                                                 attribute_table(page.judged, page.training_positives)});
  results.items.emplace_back(report::Settings{"Settings", page.settings});
  html.sections.push_back(std::move(results));

  const protocol::Row& last = page.rows.back();
  if (last.method != comparison.baseline()) {
    std::vector<JudgedPair> pairs = pairs_of(page.judged, last.method, comparison.baseline());
    if (!pairs.empty())
      html.sections.push_back(
          {"Gains by attribute",
           gain_items(AttributeGains(std::move(pairs), page.training_positives), comparison.baseline(), last.method)});
  }
  std::vector<protocol::End> ends;
  for (const std::string& end : last.ends) ends.push_back({&runner.plan().find(end), runner.network_file(end)});
  html.sections.push_back({"Predictions of " + last.method + ", seed " + std::to_string(last.seed),
                           {pictures(subject, subject.predictors(ends, page.threads), last.method, 6)}});
  html.sections.push_back(
      {"Network",
       {report::Drawing{last.method, xs::draw(subject.make(ends[0].training->network, xs::seed(1))->program())}}});
  add_trainings(runner, html);
  report::write(html, page.file);
}

}  // namespace alexnet_voc
