#pragma once
// The paper's Figure 5: what a method gains on each attribute, against how often the attribute occurs in training.
//
//   gain = mean over seeds of (AP of the method - AP of the baseline), points
//
// Spearman's rho of occurrences and gain, with the 95 % interval of drawing the test images again
// (report/bootstrap.hpp): an attribute that a draw has no positive of is left out of it.
#include <xstitch/report/bootstrap.hpp>
#include <xstitch/report/report.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "judged.hpp"

namespace alexnet_voc {

using JudgedPair = std::pair<const Judged*, const Judged*>;  ///< method, baseline, of a seed

struct AttributeGain {
  std::string name;
  std::size_t in_training = 0;
  double baseline = 0.0, method = 0.0;  ///< AP in percent, means over seeds
  [[nodiscard]] double gain() const { return method - baseline; }
};

class AttributeGains {
 public:
  AttributeGains(std::vector<JudgedPair> pairs, const std::vector<std::size_t>& training_positives);

  /// Rarest first.
  [[nodiscard]] const std::vector<AttributeGain>& gains() const { return gains_; }
  [[nodiscard]] double rho() const { return rho_; }
  /// Of rho, over test images.
  [[nodiscard]] xs::Interval interval(std::size_t resamples = 1000) const;
  /// Of the difference of both means over attributes.
  [[nodiscard]] xs::Interval mean_interval(std::size_t resamples = 1000) const;
  /// Mean gain of the rarest; NaN with fewer attributes.
  [[nodiscard]] double rarest(std::size_t count) const;
  [[nodiscard]] std::size_t seeds() const { return pairs_.size(); }

 private:
  /// Gains of all attributes over the objects of these images; NaN without a positive.
  [[nodiscard]] std::vector<double> over(std::span<const std::size_t> images) const;

  std::vector<JudgedPair> pairs_;
  std::vector<std::size_t> order_;   ///< of Judged::attributes, rarest first
  std::vector<double> occurrences_;  ///< in this order
  std::vector<AttributeGain> gains_;
  double rho_ = 0.0;
};

/// Of the difference of both detection mAPs, mean over the pairs, test images drawn again: a class without an object in
/// what was drawn is left out.
xs::Interval detection_interval(const std::vector<JudgedPair>& pairs, std::size_t resamples = 1000);

/// Plot and table for a page.
std::vector<xs::report::Item> gain_items(const AttributeGains& gains, const std::string& baseline,
                                         const std::string& method);
xs::Table gain_table(const AttributeGains& gains, const std::string& baseline, const std::string& method);
/// "Spearman's rho of ...", a line each.
std::string gain_text(const AttributeGains& gains, const xs::Interval& interval);

}  // namespace alexnet_voc
