// Further results of experiments: sorted alphas (Table 4), gains of classes (Figure 6).
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/report/bootstrap.hpp>
#include <xstitch/report/ranks.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <iostream>
#include <numeric>

#include "alexnet_voc/gains.hpp"
#include "experiments.hpp"

namespace paper {
namespace {

constexpr std::array<const char*, 3> seams{"pool1", "pool5", "fc7"};  // those of the paper's Table 4
constexpr std::array<const char*, 2> towers{"segmentation", "normals"};

/// Alphas [to][from] of a seam, each list ascending: of result.json, because networks do not outlive their machine.
std::array<std::array<std::vector<float>, 2>, 2> sorted_alphas(const protocol::Runner& runner,
                                                               const std::string& training, const std::string& seam) {
  const xs::Json result = runner.training_result(training);
  const xs::Json* all = result.find("alphas");
  const xs::Json* of_seam = all == nullptr || all->is_null() ? nullptr : all->find(seam);
  if (of_seam == nullptr) xs::fail("training \"", training, "\": found no alphas of ", seam, " in its result.json");
  std::array<std::array<std::vector<float>, 2>, 2> alphas;
  // The unit's rows are towers in the order in which the network's type names them: segmentation, normals.
  for (std::size_t to = 0; to < 2; ++to)
    for (std::size_t from = 0; from < 2; ++from)
      for (const xs::Json& value : of_seam->array().at(to).array().at(from).array())
        alphas[to][from].push_back(static_cast<float>(value.number()));
  return alphas;
}

double mean_of(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

xs::report::Plot alpha_plot(const std::string& method, const std::string& seam,
                            const std::array<std::array<std::vector<float>, 2>, 2>& alphas) {
  xs::report::Plot plot{.title = method + ", " + seam + ": alphas, sorted",
                        .x_title = "share of the channels (%)",
                        .y_title = "alpha",
                        .curves = {},
                        .zero_line = true};
  for (std::size_t to = 0; to < 2; ++to)
    for (std::size_t from = 0; from < 2; ++from) {
      xs::report::Curve curve{.name = std::string(towers[to]) + " from " + towers[from], .x = {}, .y = {}};
      const std::vector<float>& list = alphas[to][from];
      for (std::size_t i = 0; i < list.size(); ++i) {
        curve.x.push_back(100.0 * static_cast<double>(i) /
                          static_cast<double>(std::max<std::size_t>(1, list.size() - 1)));
        curve.y.push_back(static_cast<double>(list[i]));
      }
      plot.curves.push_back(std::move(curve));
    }
  return plot;
}

/// 33 points of a sorted list, from the first to the last.
xs::Json curve_of(const std::vector<float>& sorted) {
  xs::Json::Array points;
  for (std::size_t i = 0; i <= 32; ++i) points.emplace_back(static_cast<double>(sorted[i * (sorted.size() - 1) / 32]));
  return points;
}

/// The IU that both have, mean over the pairs of networks of (stitched - one-task) for each class; NaN without pixels.
std::vector<double> gains_of(const std::vector<ScenePair>& pairs, std::span<const std::size_t> scenes) {
  std::vector<double> sum(pairs[0].method.classes(), 0.0);
  for (const auto& [stitched, alone] : pairs) {
    const std::vector<double> a = stitched.class_iu(scenes), b = alone.class_iu(scenes);
    for (std::size_t c = 0; c < sum.size(); ++c)
      sum[c] = a[c] < 0.0 || b[c] < 0.0 ? std::nan("") : sum[c] + (a[c] - b[c]) / static_cast<double>(pairs.size());
  }
  return sum;
}

/// Spearman's rho of frequency and gain over the classes that have pixels.
double rho_of(const std::vector<double>& frequency, const std::vector<double>& gains) {
  std::vector<double> x, y;
  for (std::size_t c = 0; c < gains.size(); ++c)
    if (!std::isnan(gains[c])) x.push_back(frequency[c]), y.push_back(gains[c]);
  return x.size() < 2 ? 0.0 : xs::spearman(x, y);
}

}  // namespace

xs::Json report_alphas(const Experiment& experiment, const Results& results, std::vector<xs::report::Item>& items) {
  xs::Table table(
      {"initial", "seam", "task", "alpha_S mean", "lowest", "highest", "alpha_D mean", "lowest", "highest"});
  table.align(1, xs::Align::left).align(2, xs::Align::left);
  std::string csv = "method,seed,seam,to,from,position,alpha\n";
  xs::Json::Array curves;
  for (const protocol::Row& row : experiment.parts[0].rows) {
    if (row.method == "one-task" || !results.runner.evaluated(row).measured) continue;
    for (const char* seam : seams) {
      const auto alphas = sorted_alphas(results.runner, row.ends[0], seam);
      if (row.seed == results.seeds[0]) items.emplace_back(alpha_plot(row.method, seam, alphas));
      for (std::size_t to = 0; to < 2; ++to) {
        for (std::size_t from = 0; from < 2; ++from) {
          const std::vector<float>& list = alphas[to][from];
          for (std::size_t i = 0; i < list.size(); ++i)
            csv += "\"" + row.method + "\"," + std::to_string(row.seed) + "," + seam + "," + towers[to] + "," +
                   towers[from] + "," + std::to_string(i) + "," + xs::number_text(list[i], 6) + "\n";
          curves.push_back(xs::Json()
                               .set("method", row.method)
                               .set("seed", row.seed)
                               .set("seam", seam)
                               .set("to", towers[to])
                               .set("from", towers[from])
                               .set("curve", curve_of(list)));
        }
        if (row.seed != results.seeds[0]) continue;  // the table is of the first seed, the files of all
        const std::vector<float>&same = alphas[to][to], &other = alphas[to][1 - to];
        const auto number = [](float value) { return xs::Table::number(static_cast<double>(value), 2); };
        table.add_row({row.method, seam, towers[to], xs::Table::number(mean_of(same), 2), number(same.front()),
                       number(same.back()), xs::Table::number(mean_of(other), 2), number(other.front()),
                       number(other.back())});
      }
    }
  }
  std::cout << "\nAlphas after training, seed " << results.seeds[0]
            << " (sorted, of all seeds, in table4_alphas.csv):\n\n"
            << table << std::flush;
  items.emplace_back(xs::report::TitledTable{"Alphas after training, seed " + std::to_string(results.seeds[0]), table});
  xs::write_file_atomically(results.folder / "table4_alphas.csv", csv);
  return xs::Json().set("curves", std::move(curves));
}

xs::Json report_class_gains(const Experiment& experiment, const Results& results,
                            std::vector<xs::report::Item>& items) {
  const std::vector<ScenePair> pairs = scene_pairs(experiment.parts[0], results.runner, "cross-stitch");
  if (pairs.empty()) return {};
  const std::vector<double> frequency = results.dense->class_counts(results.seeds[0]);
  std::vector<std::size_t> scenes(pairs[0].method.segmentation.size());
  std::iota(scenes.begin(), scenes.end(), std::size_t{0});
  const std::vector<double> gains = gains_of(pairs, scenes);
  const double rho = rho_of(frequency, gains);
  const xs::Interval interval = xs::bootstrap(
      scenes.size(), [&](std::span<const std::size_t> drawn) { return rho_of(frequency, gains_of(pairs, drawn)); },
      {.resamples = 1000});

  // Rarest first. Classes without test pixels (and never predicted) have no gain and are left out.
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < gains.size(); ++c)
    if (!std::isnan(gains[c]) && pairs[0].method.truth(c) > 0.0) order.push_back(c);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return frequency[a] < frequency[b]; });
  const double all = std::accumulate(frequency.begin(), frequency.end(), 0.0);
  const auto names = xs::data::nyu_class_names(results.classes);
  xs::Table table({"class", "of training pixels (%)", "IU gain"});
  xs::Json::Array classes;
  for (const std::size_t c : order) {
    const double share = all > 0.0 ? 100.0 * frequency[c] / all : 0.0;
    table.add_row({std::string(names[c]), xs::Table::number(share, 2), xs::Table::number(gains[c], 2)});
    classes.push_back(xs::Json().set("class", names[c]).set("share", share).set("gain", gains[c]));
  }
  std::string summary = "Spearman's rho of frequency and gain " + xs::Table::number(rho, 2) + " (95 % over scenes " +
                        xs::Table::number(interval.low, 2) + " to " + xs::Table::number(interval.high, 2) + ")\n";
  std::string text = "\nIU of each class, cross-stitch - one-task, rarest first, mean over " +
                     std::to_string(pairs.size()) + (pairs.size() == 1 ? " seed" : " seeds") + ":\n\n" +
                     table.to_text() + "\n";
  xs::Json rarest{xs::Json::Object{}};
  for (const std::size_t count : {10U, 20U}) {
    if (order.size() < count) continue;
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += gains[order[i]] / static_cast<double>(count);
    summary += "Mean gain of the " + std::to_string(count) + " rarest classes " + xs::Table::number(sum, 2) + "\n";
    rarest.set(std::to_string(count), sum);
  }
  std::cout << text << summary << std::flush;
  xs::write_file_atomically(results.folder / "fig6_classes.csv", table.to_csv());
  xs::report::Plot plot{.title = "Gain of cross-stitch over one-task by class",
                        .x_title = "of the training pixels (%)",
                        .y_title = "gain in IU (points)",
                        .curves = {},
                        .marks = xs::report::Marks::points,
                        .log_x = true,
                        .zero_line = true};
  xs::report::Curve curve;
  for (const std::size_t c : order) {
    if (frequency[c] <= 0.0) continue;  // on decades it has no place
    curve.x.push_back(100.0 * frequency[c] / all);
    curve.y.push_back(gains[c]);
    curve.labels.emplace_back(names[c]);
  }
  plot.curves.push_back(std::move(curve));
  items.emplace_back(std::move(plot));
  items.emplace_back(xs::report::TitledTable{"Classes, the rarest of the training pixels first", table, summary});
  return xs::Json()
      .set("classes", std::move(classes))
      .set("rho", rho)
      .set("rho_low", interval.low)
      .set("rho_high", interval.high)
      .set("rarest", std::move(rarest));
}

xs::Json report_attribute_gains(const Experiment& experiment, const Results& results,
                                std::vector<xs::report::Item>& items) {
  const Part& part = experiment.parts[0];
  std::deque<alexnet_voc::Judged> judged;  // stay where they are
  std::vector<alexnet_voc::JudgedPair> pairs = judged_pairs(part, results.runner, "cross-stitch", judged);
  if (pairs.empty()) return {};
  const alexnet_voc::AttributeGains gains(std::move(pairs), results.detection->training_positives(results.seeds[0]));
  const xs::Table table = gain_table(gains, part.baseline, "cross-stitch");
  const xs::Interval interval = gains.interval(), of_mean = gains.mean_interval();
  const std::string text = gain_text(gains, interval) +
                           "Mean over the attributes, drawn over test images: " + xs::Table::number(of_mean.low, 2) +
                           " to " + xs::Table::number(of_mean.high, 2) + "\n";
  std::cout << "\nAverage precision of each attribute, cross-stitch - " << part.baseline << ", rarest first:\n\n"
            << table << '\n'
            << text << std::flush;
  xs::write_file_atomically(results.folder / "fig5_attributes.csv", table.to_csv());
  for (xs::report::Item& item : gain_items(gains, part.baseline, "cross-stitch")) items.push_back(std::move(item));
  xs::Json::Array attributes;
  for (const alexnet_voc::AttributeGain& one : gains.gains())
    attributes.push_back(xs::Json()
                             .set("attribute", one.name)
                             .set("in_training", one.in_training)
                             .set("baseline", one.baseline)
                             .set("method", one.method)
                             .set("gain", one.gain()));
  xs::Json rarest{xs::Json::Object{}};
  for (const std::size_t count : {10U, 20U})
    if (gains.gains().size() >= count) rarest.set(std::to_string(count), gains.rarest(count));
  return xs::Json()
      .set("attributes", std::move(attributes))
      .set("rho", gains.rho())
      .set("rho_low", interval.low)
      .set("rho_high", interval.high)
      .set("mean_low", of_mean.low)
      .set("mean_high", of_mean.high)
      .set("rarest", std::move(rarest));
}

}  // namespace paper
