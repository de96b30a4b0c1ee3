#include "gains.hpp"

#include <xstitch/report/ranks.hpp>

#include <cmath>
#include <limits>

#include "results.hpp"

namespace alexnet_voc {
namespace {

/// Over the attributes whose gain was measured.
double rho_of(const std::vector<double>& occurrences, const std::vector<double>& gains) {
  std::vector<double> x, y;
  for (std::size_t a = 0; a < gains.size(); ++a)
    if (!std::isnan(gains[a])) x.push_back(occurrences[a]), y.push_back(gains[a]);
  return x.size() < 2 ? 0.0 : xs::spearman(x, y);
}

std::vector<std::uint32_t> times_of(std::span<const std::size_t> drawn, std::size_t images) {
  std::vector<std::uint32_t> times(images, 0);
  for (const std::size_t i : drawn) ++times[i];
  return times;
}

/// In percent.
double mean_precision(const Judged& judged, std::span<const std::uint32_t> times) {
  double sum = 0.0, classes = 0.0;
  for (std::size_t k = 0; k < judged.of_class.size(); ++k) {
    double objects = 0.0;
    for (const std::uint32_t image : judged.images_of_class[k]) objects += times[image];
    if (objects == 0.0) continue;
    sum += judged.of_class[k].average_precision(times, objects);
    classes += 1.0;
  }
  return classes == 0.0 ? 0.0 : 100.0 * sum / classes;
}

}  // namespace

xs::Interval detection_interval(const std::vector<JudgedPair>& pairs, std::size_t resamples) {
  if (pairs.empty()) xs::fail("gains: found no pair of networks, expected at least one seed");
  const std::size_t images = pairs[0].first->images;
  return xs::bootstrap(images,
                       [&](std::span<const std::size_t> drawn) {
                         const std::vector<std::uint32_t> times = times_of(drawn, images);
                         double sum = 0.0;
                         for (const auto& [method, baseline] : pairs)
                           sum += mean_precision(*method, times) - mean_precision(*baseline, times);
                         return sum / static_cast<double>(pairs.size());
                       },
                       {.resamples = resamples});
}

AttributeGains::AttributeGains(std::vector<JudgedPair> pairs, const std::vector<std::size_t>& training_positives)
    : pairs_(std::move(pairs)) {
  if (pairs_.empty()) xs::fail("gains: found no pair of networks, expected at least one seed");
  const Judged& first = *pairs_[0].first;
  order_ = rarest_first(first, training_positives);
  for (const std::size_t a : order_) {
    AttributeGain one{.name = first.attributes[a].name, .in_training = training_positives[first.attribute_index[a]]};
    occurrences_.push_back(static_cast<double>(one.in_training));
    for (const auto& [method, baseline] : pairs_) {
      one.method += method->attributes.at(a).average_precision.value / static_cast<double>(pairs_.size());
      one.baseline += baseline->attributes.at(a).average_precision.value / static_cast<double>(pairs_.size());
    }
    gains_.push_back(std::move(one));
  }
  std::vector<double> values;
  for (const AttributeGain& one : gains_) values.push_back(one.gain());
  rho_ = rho_of(occurrences_, values);
}

std::vector<double> AttributeGains::over(std::span<const std::size_t> images) const {
  const std::vector<std::uint32_t> times = times_of(images, pairs_[0].first->images);
  std::vector<double> gains(order_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t a = 0; a < order_.size(); ++a) {
    const double positives = pairs_[0].first->of_attribute[order_[a]].right(times);
    if (positives == 0.0) continue;
    gains[a] = 0.0;
    for (const auto& [method, baseline] : pairs_)
      gains[a] += 100.0 *
                  (method->of_attribute[order_[a]].average_precision(times, positives) -
                   baseline->of_attribute[order_[a]].average_precision(times, positives)) /
                  static_cast<double>(pairs_.size());
  }
  return gains;
}

xs::Interval AttributeGains::interval(std::size_t resamples) const {
  return xs::bootstrap(pairs_[0].first->images,
                       [&](std::span<const std::size_t> drawn) { return rho_of(occurrences_, over(drawn)); },
                       {.resamples = resamples});
}

xs::Interval AttributeGains::mean_interval(std::size_t resamples) const {
  return xs::bootstrap(pairs_[0].first->images,
                       [&](std::span<const std::size_t> drawn) {
                         double sum = 0.0, count = 0.0;
                         for (const double gain : over(drawn))
                           if (!std::isnan(gain)) sum += gain, count += 1.0;
                         return count == 0.0 ? 0.0 : sum / count;
                       },
                       {.resamples = resamples});
}

double AttributeGains::rarest(std::size_t count) const {
  if (gains_.size() < count) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) sum += gains_[i].gain() / static_cast<double>(count);
  return sum;
}

xs::Table gain_table(const AttributeGains& gains, const std::string& baseline, const std::string& method) {
  xs::Table table({"attribute", "in training", baseline + " AP (%)", method + " AP (%)", "gain"});
  for (const AttributeGain& one : gains.gains())
    table.add_row({one.name, std::to_string(one.in_training), xs::Table::number(one.baseline),
                   xs::Table::number(one.method), xs::Table::number(one.gain(), 2)});
  return table;
}

std::string gain_text(const AttributeGains& gains, const xs::Interval& interval) {
  std::string text = "Spearman's rho of occurrences in training and gain " + xs::Table::number(gains.rho(), 2) +
                     " (95 % over test images " + xs::Table::number(interval.low, 2) + " to " +
                     xs::Table::number(interval.high, 2) + "), " + std::to_string(gains.seeds()) +
                     (gains.seeds() == 1 ? " seed\n" : " seeds\n");
  for (const std::size_t count : {10U, 20U})
    if (gains.gains().size() >= count)
      text += "Mean gain of the " + std::to_string(count) + " rarest attributes " +
              xs::Table::number(gains.rarest(count), 2) + "\n";
  return text;
}

std::vector<xs::report::Item> gain_items(const AttributeGains& gains, const std::string& baseline,
                                         const std::string& method) {
  namespace report = xs::report;
  report::Plot plot{.title = "Gain of " + method + " over " + baseline + " by attribute",
                    .x_title = "training objects with the attribute",
                    .y_title = "gain in AP (points)",
                    .curves = {},
                    .marks = report::Marks::points,
                    .log_x = true,
                    .zero_line = true};
  report::Curve curve;
  for (const AttributeGain& one : gains.gains()) {
    if (one.in_training == 0) continue;  // on decades it has no place
    curve.x.push_back(static_cast<double>(one.in_training));
    curve.y.push_back(one.gain());
    curve.labels.push_back(one.name);
  }
  plot.curves.push_back(std::move(curve));
  std::vector<report::Item> items;
  items.emplace_back(std::move(plot));
  items.emplace_back(report::TitledTable{"Attributes, the rarest of the training set first",
                                         gain_table(gains, baseline, method), gain_text(gains, gains.interval())});
  return items;
}

}  // namespace alexnet_voc
