#pragma once
/// \file
/// Average precision of detections as PASCAL VOC counts it. In an image each detection of a class, the highest score
/// first, looks for the object of that class that it overlaps most:
///
///     overlap below `least_overlap`   wrong
///     the object is difficult         neither right nor wrong
///     the object has been found       wrong (a duplicate)
///     else                            right
///
/// Recall is over the objects that are not difficult. A class without one has no average precision and is left out of
/// the mean. In percent. Keeps 12 bytes a detection, and of which image it is, so that images can be drawn again
/// (report/bootstrap.hpp).
///
/// ProposalRecall: the share of the objects, difficult ones left out, that some proposal of their image overlaps by
/// at least so much, whatever the class.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/sort_stably.hpp>
#include <xstitch/metrics/average_precision.hpp>
#include <xstitch/metrics/metric_support.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What a detector says. Classes count from 0, without the background.
struct Detection {
  Box box;              ///< in pixels of the image
  int class_index = 0;  ///< from 0, without the background
  float score = 0.0F;   ///< larger is surer
};

/// What is there.
struct TrueBox {
  Box box;                 ///< in pixels of the image
  int class_index = 0;     ///< from 0, without the background
  bool difficult = false;  ///< counts neither as found nor as missed
};

/// Average precision of detections, a class at a time and in the mean.
class DetectionPrecision {
 public:
  /// What was measured of one class.
  struct PerClass {
    std::string name;                       ///< of the class
    MetricValue all_points, eleven_points;  ///< average precision
    /// Objects to find, difficult ones, detections, and objects that were found.
    std::size_t objects = 0, difficult = 0, detections = 0, found = 0;
  };

  /// Classes are called by these names, or by their numbers.
  XSTITCH_INLINE explicit DetectionPrecision(std::size_t classes, std::vector<std::string> names = {},
                                             double least_overlap = 0.5)
      : names_(std::move(names)), least_overlap_(least_overlap), classes_(classes) {
    if (!names_.empty() && names_.size() != classes) fail(who, ": ", names_.size(), " names for ", classes, " classes");
    if (!(least_overlap > 0.0 && least_overlap <= 1.0))
      fail(who, ": found a least overlap of ", least_overlap, ", expected a share in (0, 1]");
  }

  /// One image.
  XSTITCH_INLINE void add(std::span<const Detection> detections, std::span<const TrueBox> objects) {
    for (const TrueBox& object : objects) {
      ClassCounts& counts = at(object.class_index, "object");
      (object.difficult ? counts.difficult : counts.objects) += 1;
      if (!object.difficult) counts.images_of_objects.push_back(images_);
    }
    std::vector<std::size_t> order(detections.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (const Detection& one : detections)
      if (!std::isfinite(one.score)) fail(who, ": a score of class ", one.class_index, " is not finite");
    sort_stably(order, [&](std::size_t a, std::size_t b) { return detections[a].score > detections[b].score; });
    std::vector<bool> found(objects.size(), false);
    for (const std::size_t i : order) {
      const Detection& one = detections[i];
      ClassCounts& counts = at(one.class_index, "detection");
      std::size_t nearest = objects.size();
      double most = 0.0;
      for (std::size_t k = 0; k < objects.size(); ++k) {
        if (objects[k].class_index != one.class_index) continue;
        const double share = overlap(one.box, objects[k].box);
        if (share > most) most = share, nearest = k;
      }
      ++counts.detections;
      const bool meets = nearest < objects.size() && most >= least_overlap_;
      if (meets && objects[nearest].difficult) continue;
      const bool right = meets && !found[nearest];
      if (right) found[nearest] = true;
      counts.answers.push_back({one.score, right});
      counts.images_of_answers.push_back(images_);
    }
    ++images_;
  }
  void reset() {
    std::fill(classes_.begin(), classes_.end(), ClassCounts{});
    images_ = 0;
  }
  /// How many images were added.
  [[nodiscard]] std::size_t images() const noexcept { return images_; }
  /// The detections of a class that are right or wrong, in the order of images.
  [[nodiscard]] std::span<const ScoredAnswer> answers(std::size_t k) const { return classes_.at(k).answers; }
  /// Of each of answers(k) its image, counted from 0.
  [[nodiscard]] std::span<const std::uint32_t> images_of_answers(std::size_t k) const {
    return classes_.at(k).images_of_answers;
  }
  /// The image of each object of a class that is to be found.
  [[nodiscard]] std::span<const std::uint32_t> images_of_objects(std::size_t k) const {
    return classes_.at(k).images_of_objects;
  }

  /// One row a class.
  [[nodiscard]] XSTITCH_INLINE std::vector<PerClass> per_class() const {
    std::vector<PerClass> all;
    for (std::size_t k = 0; k < classes_.size(); ++k) {
      const ClassCounts& c = classes_[k];
      const std::vector<CurvePoint> curve = precision_recall(c.answers, c.objects);
      const double measured = c.objects > 0 ? 1.0 : 0.0;
      const auto value = [&](const char* name, PrecisionRule rule) {
        return metrics::percentage(name, average_precision(curve, rule), measured);
      };
      all.push_back({metrics::name_of(names_, k), value("average precision", PrecisionRule::all_points),
                     value("average precision (11 points)", PrecisionRule::eleven_points), c.objects, c.difficult,
                     c.detections,
                     static_cast<std::size_t>(std::count_if(c.answers.begin(), c.answers.end(),
                                                            [](const ScoredAnswer& a) { return a.positive; }))});
    }
    return all;
  }
  /// Means over the classes that have objects: "mean average precision" and "... (11 points)".
  [[nodiscard]] XSTITCH_INLINE std::vector<MetricValue> values() const {
    double all_points = 0.0, eleven_points = 0.0, measured = 0.0;
    for (const PerClass& c : per_class()) {
      all_points += c.all_points.value / 100.0;
      eleven_points += c.eleven_points.value / 100.0;
      measured += c.all_points.measured ? 1.0 : 0.0;
    }
    return {metrics::percentage("mean average precision", all_points, measured),
            metrics::percentage("mean average precision (11 points)", eleven_points, measured)};
  }

 private:
  static constexpr std::string_view who = "detection precision";
  struct ClassCounts {
    std::size_t objects = 0, difficult = 0, detections = 0;
    std::vector<ScoredAnswer> answers{};
    std::vector<std::uint32_t> images_of_answers{}, images_of_objects{};
  };

  ClassCounts& at(int class_index, const char* of) {
    if (class_index < 0 || static_cast<std::size_t>(class_index) >= classes_.size())
      fail(who, ": class ", class_index, " of a ", of, ", expected 0 to ", classes_.size() - 1);
    return classes_[static_cast<std::size_t>(class_index)];
  }

  std::vector<std::string> names_;
  double least_overlap_;
  std::vector<ClassCounts> classes_;
  std::uint32_t images_ = 0;
};

/// Share of the objects that some proposal covers.
class ProposalRecall {
 public:
  /// One image.
  XSTITCH_INLINE void add(std::span<const Box> proposals, std::span<const TrueBox> objects) {
    proposals_ += proposals.size();
    ++images_;
    for (const TrueBox& object : objects) {
      if (object.difficult) continue;
      double most = 0.0;
      for (const Box& box : proposals) most = std::max(most, overlap(box, object.box));
      best_.push_back(most);
    }
  }
  /// Share of the objects that a proposal overlaps at least by so much.
  [[nodiscard]] MetricValue at(double least_overlap) const {
    const auto covered =
        std::count_if(best_.begin(), best_.end(), [&](double share) { return share >= least_overlap; });
    return metrics::percentage("recall of proposals", static_cast<double>(covered), static_cast<double>(best_.size()));
  }
  /// Objects that were added, without difficult ones.
  [[nodiscard]] std::size_t objects() const noexcept { return best_.size(); }
  /// How many proposals an image has on the mean.
  [[nodiscard]] double proposals_an_image() const noexcept {
    return images_ == 0 ? 0.0 : static_cast<double>(proposals_) / static_cast<double>(images_);
  }

 private:
  std::vector<double> best_;
  std::size_t proposals_ = 0, images_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
