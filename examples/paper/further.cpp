// Further results of experiments: sorted alphas (Table 4), gains of classes (Figure 6).
#include <xstitch/data/nyuv2_classes.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/safetensors.hpp>
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

/// Alphas [to][from] of a seam, each list ascending.
std::array<std::array<std::vector<float>, 2>, 2> sorted_alphas(const std::filesystem::path& network,
                                                               const std::string& seam) {
  const xs::SafetensorsFile file(network);
  const std::string name = "stitch." + seam + ".alpha";
  const xs::SafetensorsFile::Entry* entry = file.find(name);
  if (entry == nullptr) xs::fail(network.string(), ": found no \"", name, "\"");
  std::size_t count = 1;
  for (const std::uint64_t extent : entry->shape) count *= static_cast<std::size_t>(extent);
  std::vector<float> values(count);
  file.read(name, values);
  std::array<std::array<std::vector<float>, 2>, 2> alphas;
  // The unit's rows are towers in the order in which the network's type names them: segmentation, normals.
  const std::size_t channels = count / 4;
  for (std::size_t k = 0; k < 4; ++k) {
    std::vector<float>& list = alphas[k / 2][k % 2];
    list.assign(values.begin() + static_cast<std::ptrdiff_t>(k * channels),
                values.begin() + static_cast<std::ptrdiff_t>((k + 1) * channels));
    std::sort(list.begin(), list.end());
  }
  return alphas;
}

double mean_of(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
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

xs::Json report_alphas(const Experiment& experiment, const Results& results) {
  xs::Table table(
      {"initial", "seam", "task", "alpha_S mean", "lowest", "highest", "alpha_D mean", "lowest", "highest"});
  table.align(1, xs::Align::left).align(2, xs::Align::left);
  std::string csv = "method,seed,seam,to,from,position,alpha\n";
  xs::Json::Array curves;
  for (const protocol::Row& row : experiment.parts[0].rows) {
    if (row.method == "one-task" || !results.runner.evaluated(row).measured) continue;
    for (const char* seam : seams) {
      const auto alphas = sorted_alphas(results.runner.network_file(row.ends[0]), seam);
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
            << " (all of them, sorted, in table4_alphas.csv):\n\n"
            << table << std::flush;
  xs::write_file_atomically(results.folder / "table4_alphas.csv", csv);
  return xs::Json().set("curves", std::move(curves));
}

xs::Json report_class_gains(const Experiment& experiment, const Results& results) {
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
  std::string text = "\nIU of each class, cross-stitch - one-task, rarest first, mean over " +
                     std::to_string(pairs.size()) + (pairs.size() == 1 ? " seed" : " seeds") + ":\n\n" +
                     table.to_text() + "\nSpearman's rho of frequency and gain " + xs::Table::number(rho, 2) +
                     " (95 % over scenes " + xs::Table::number(interval.low, 2) + " to " +
                     xs::Table::number(interval.high, 2) + ")\n";
  xs::Json rarest{xs::Json::Object{}};
  for (const std::size_t count : {10U, 20U}) {
    if (order.size() < count) continue;
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += gains[order[i]] / static_cast<double>(count);
    text += "Mean gain of the " + std::to_string(count) + " rarest classes " + xs::Table::number(sum, 2) + "\n";
    rarest.set(std::to_string(count), sum);
  }
  std::cout << text << std::flush;
  xs::write_file_atomically(results.folder / "fig6_classes.csv", table.to_csv());
  return xs::Json()
      .set("classes", std::move(classes))
      .set("rho", rho)
      .set("rho_low", interval.low)
      .set("rho_high", interval.high)
      .set("rarest", std::move(rarest));
}

xs::Json report_attribute_gains(const Experiment& experiment, const Results& results) {
  const Part& part = experiment.parts[0];
  std::deque<alexnet_voc::Judged> judged;  // stay where they are
  std::vector<alexnet_voc::JudgedPair> pairs;
  for (const protocol::Row& row : part.rows)
    for (const protocol::Row& base : part.rows) {
      if (row.method != "cross-stitch" || base.method != part.baseline || row.seed != base.seed) continue;
      const protocol::EvaluatedRow &mine = results.runner.evaluated(row), &theirs = results.runner.evaluated(base);
      if (!mine.measured || !theirs.measured) continue;
      judged.push_back(alexnet_voc::judged_from(mine.judged));
      judged.push_back(alexnet_voc::judged_from(theirs.judged));
      pairs.emplace_back(&judged[judged.size() - 2], &judged.back());
    }
  if (pairs.empty()) return {};
  const alexnet_voc::AttributeGains gains(std::move(pairs), results.detection->test(),
                                          results.detection->training_positives());
  const xs::Table table = gain_table(gains, part.baseline, "cross-stitch");
  const xs::Interval interval = gains.interval(), of_mean = gains.mean_interval();
  const std::string text = gain_text(gains, interval) +
                           "Mean over the attributes, drawn over test images: " + xs::Table::number(of_mean.low, 2) +
                           " to " + xs::Table::number(of_mean.high, 2) + "\n";
  std::cout << "\nAverage precision of each attribute, cross-stitch - " << part.baseline << ", rarest first:\n\n"
            << table << '\n'
            << text << std::flush;
  xs::write_file_atomically(results.folder / "fig5_attributes.csv", table.to_csv());
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
