#pragma once
/// \file
/// Average precision of the attributes of objects whose class is known, beside what needs no picture:
///
///     average precision   of the scores, over all objects
///     prevalence          positives / objects: what random scores give
///     from class          of a predictor that knows the true class alone: its score is the share of the
///                         class's objects that have the attribute, in a training set (add_training) or,
///                         without one, in this set
///     within class        mean over the classes with positives and negatives of the average precision among
///                         the objects of the class: what the class does not tell; beside its prevalence
///
/// An attribute without a positive is left out of the means. In percent. Keeps all scores.

#include <xstitch/metrics/average_precision.hpp>
#include <xstitch/metrics/metric_support.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class AttributePrecision {
 public:
  /// What was measured of one attribute.
  struct PerAttribute {
    std::string name;  ///< of the attribute
    /// Average precisions of the scores, of chance, of the class alone, and within classes.
    MetricValue average_precision, prevalence, from_class, within_class, within_class_prevalence;
    std::size_t positives = 0, objects = 0;  ///< objects that have it, and all
  };

  /// Names and rule of average precision; without names attributes are numbered.
  XSTITCH_INLINE explicit AttributePrecision(std::size_t attributes, std::size_t classes,
                                             std::vector<std::string> names = {},
                                             PrecisionRule rule = PrecisionRule::all_points)
      : attributes_(attributes), classes_(classes), names_(std::move(names)), rule_(rule), training_(classes) {
    if (!names_.empty() && names_.size() != attributes)
      fail(who, ": ", names_.size(), " names for ", attributes, " attributes");
    for (Frequencies& f : training_) f.positives.assign(attributes, 0);
  }

  /// One object; scores and labels (0 or 1) of every attribute.
  XSTITCH_INLINE void add(int class_index, std::span<const float> scores, std::span<const std::uint8_t> labels) {
    check(class_index, labels);
    if (scores.size() != attributes_) fail(who, ": ", scores.size(), " scores, expected ", attributes_);
    for (std::size_t a = 0; a < attributes_; ++a)
      if (!std::isfinite(scores[a])) fail(who, ": the score of attribute ", a, " is not finite");
    objects_.push_back(static_cast<std::size_t>(class_index));
    scores_.insert(scores_.end(), scores.begin(), scores.end());
    labels_.insert(labels_.end(), labels.begin(), labels.end());
  }
  /// An object of the training set, for the predictor that knows the class alone.
  void add_training(int class_index, std::span<const std::uint8_t> labels) {
    check(class_index, labels);
    count(training_[static_cast<std::size_t>(class_index)], labels.data());
    trained_ = true;
  }

  /// Of each object in the order of add(): its class, and the scores of its attributes.
  [[nodiscard]] const std::vector<std::size_t>& objects() const noexcept { return objects_; }
  /// Of an object in the order of add().
  [[nodiscard]] std::span<const float> scores(std::size_t object) const {
    if (object >= objects_.size()) fail(who, ": object ", object, " wanted, found ", objects_.size());
    return std::span(scores_).subspan(object * attributes_, attributes_);
  }

  /// One row an attribute.
  [[nodiscard]] XSTITCH_INLINE std::vector<PerAttribute> per_attribute() const {
    const std::vector<Frequencies> known = trained_ ? training_ : own_frequencies();
    std::vector<PerAttribute> all;
    for (std::size_t a = 0; a < attributes_; ++a) {
      std::vector<ScoredAnswer> answers, from_class;
      std::vector<std::vector<ScoredAnswer>> each(classes_);
      for (std::size_t i = 0; i < objects_.size(); ++i) {
        const std::size_t k = objects_[i];
        const ScoredAnswer one{scores_[i * attributes_ + a], labels_[i * attributes_ + a] != 0};
        answers.push_back(one);
        each[k].push_back(one);
        from_class.push_back({known[k].share(a), one.positive});
      }
      const std::size_t found = positives(answers);
      PerAttribute result{metrics::name_of(names_, a), {}, {}, {}, {}, {}, found, objects_.size()};
      const double measured = found > 0 ? 1.0 : 0.0;
      result.average_precision = metrics::percentage("average precision", precision(answers), measured);
      result.prevalence =
          metrics::percentage("prevalence", found > 0 ? share_of(found, answers.size()) : 0.0, measured);
      result.from_class = metrics::percentage("from class", precision(from_class), measured);
      double sum = 0.0, random = 0.0, mixed = 0.0;
      for (const auto& of_class : each) {
        const std::size_t here = positives(of_class);
        if (here == 0 || here == of_class.size()) continue;
        sum += precision(of_class), random += share_of(here, of_class.size()), mixed += 1.0;
      }
      result.within_class = metrics::percentage("within class", sum, mixed);
      result.within_class_prevalence = metrics::percentage("within class, prevalence", random, mixed);
      all.push_back(std::move(result));
    }
    return all;
  }

  /// Means over the attributes that have positives, in the order of PerAttribute's values.
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const {
    constexpr std::array members{&PerAttribute::average_precision, &PerAttribute::prevalence, &PerAttribute::from_class,
                                 &PerAttribute::within_class, &PerAttribute::within_class_prevalence};
    constexpr std::array names{"mean average precision", "mean prevalence", "mean from class", "mean within class",
                               "mean within class, prevalence"};
    const std::vector<PerAttribute> each = per_attribute();
    std::vector<MetricValue> all;
    for (std::size_t m = 0; m < members.size(); ++m) {
      double sum = 0.0, measured = 0.0;
      for (const PerAttribute& one : each)
        if (const MetricValue& v = one.*members[m]; v.measured) sum += v.value / 100.0, measured += 1.0;
      all.push_back(metrics::percentage(names[m], sum, measured));
    }
    return all;
  }

 private:
  static constexpr std::string_view who = "attribute precision";
  struct Frequencies {
    std::vector<std::size_t> positives{};
    std::size_t objects = 0;
    [[nodiscard]] float share(std::size_t a) const {
      return objects == 0 ? 0.0F : static_cast<float>(share_of(positives[a], objects));
    }
  };

  static double share_of(std::size_t part, std::size_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  }
  static std::size_t positives(const std::vector<ScoredAnswer>& answers) {
    std::size_t found = 0;
    for (const ScoredAnswer& one : answers) found += one.positive ? 1U : 0U;
    return found;
  }
  [[nodiscard]] XSTITCH_INLINE double precision(const std::vector<ScoredAnswer>& answers) const {
    return average_precision(precision_recall(answers, positives(answers)), rule_);
  }
  XSTITCH_INLINE void check(int class_index, std::span<const std::uint8_t> labels) const {
    if (class_index < 0 || static_cast<std::size_t>(class_index) >= classes_)
      fail(who, ": class ", class_index, ", expected 0 to ", classes_ - 1);
    if (labels.size() != attributes_) fail(who, ": ", labels.size(), " labels, expected ", attributes_);
  }
  void count(Frequencies& f, const std::uint8_t* labels) const {
    ++f.objects;
    for (std::size_t a = 0; a < attributes_; ++a) f.positives[a] += labels[a] != 0 ? 1U : 0U;
  }
  [[nodiscard]] XSTITCH_INLINE std::vector<Frequencies> own_frequencies() const {
    std::vector<Frequencies> all(classes_);
    for (Frequencies& f : all) f.positives.assign(attributes_, 0);
    for (std::size_t i = 0; i < objects_.size(); ++i) count(all[objects_[i]], labels_.data() + i * attributes_);
    return all;
  }

  std::size_t attributes_, classes_;
  std::vector<std::string> names_;
  PrecisionRule rule_;
  std::vector<std::size_t> objects_;  ///< their classes
  std::vector<float> scores_;
  std::vector<std::uint8_t> labels_;
  std::vector<Frequencies> training_;
  bool trained_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
