#pragma once
/// \file
/// How good a detector is on whole images: evaluate_detection(net, data), of a network or a predictor.
///
/// For each image the network sees its proposals, as many rows at a time as its Input "regions" has; every class k
/// gives decode(proposal, offsets of k) the score p_k, clipped to the image; non-maximum suppression leaves the
/// detections of a class, and the best `most` of an image count (Girshick: Fast R-CNN, 2015). The objects themselves,
/// difficult ones left out, are further rows, on which attributes are scored. Predictions of an ensemble's members are
/// averaged.
///
/// It is a function of its own because a Metric sees one head, and the rows of one sample: this joins heads (classes,
/// boxes, attributes), an input (the regions) and what an image shows, for all of the image's proposals.
///
///     random      average precision of the same proposals with random scores and their boxes as they are
///     recall      what share of the objects a proposal overlaps: no detector by regions finds many more

#include <xstitch/core/random.hpp>
#include <xstitch/core/sort_stably.hpp>
#include <xstitch/core/threads.hpp>
#include <xstitch/data/regions.hpp>
#include <xstitch/metrics/attribute_precision.hpp>
#include <xstitch/metrics/detection.hpp>
#include <xstitch/train/evaluate.hpp>
#include <xstitch/train/region_scores.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What detectors and attributes are judged by.
struct DetectionEvaluation {
  DetectionPrecision detections, random;  ///< of the network, and of random scores
  ProposalRecall recall;                  ///< of the proposals
  AttributePrecision attributes;          ///< of the attributes
  std::size_t images = 0;                 ///< how many were judged
};

namespace detection {

/// Non-maximum suppression within each class; then the best `most` of all.
XSTITCH_INLINE std::vector<Detection> suppressed(const std::vector<Detection>& all, std::size_t classes,
                                                 double threshold, std::size_t most) {
  std::vector<Detection> kept;
  for (std::size_t k = 0; k < classes; ++k) {
    std::vector<Box> boxes;
    std::vector<float> scores;
    for (const Detection& one : all)
      if (one.class_index == static_cast<int>(k)) boxes.push_back(one.box), scores.push_back(one.score);
    for (const std::size_t i : keep_maxima(boxes, scores, threshold))
      kept.push_back({boxes[i], static_cast<int>(k), scores[i]});
  }
  sort_stably(kept, [](const Detection& a, const Detection& b) { return a.score > b.score; });
  if (kept.size() > most) kept.resize(most);
  return kept;
}

/// The detections of one proposal, all classes.
XSTITCH_INLINE void detect(const Box& proposal, std::span<const float> classes, std::span<const float> offsets,
                           Dims image, float least, std::vector<Detection>& to) {
  for (std::size_t k = 1; k < classes.size(); ++k) {
    if (classes[k] < least) continue;
    Box box = proposal;
    if (!offsets.empty())
      box = decode(proposal, {offsets[4 * k], offsets[4 * k + 1], offsets[4 * k + 2], offsets[4 * k + 3]});
    box = clipped(box, static_cast<float>(image.width), static_cast<float>(image.height));
    if (!box.empty()) to.push_back({box, static_cast<int>(k) - 1, classes[k]});
  }
}

inline void check_width(const RegionScores& scores, const std::string& head, std::size_t expected) {
  if (!head.empty() && scores.width(head) != expected)
    fail("evaluate_detection: head \"", head, "\" predicts ", scores.width(head), " elements a region, expected ",
         expected);
}

/// The images from `first` on, loaded on all threads.
template <class D>
std::vector<data::DetectionImage> load_images(const D& data, std::size_t first, std::size_t count,
                                              ThreadPool& threads) {
  std::vector<data::DetectionImage> images(count);
  threads.parallel_for(count, [&](std::size_t i) {
    try {
      images[i] = data.image(first + i);
    } catch (const std::exception& error) {
      fail("evaluate_detection: image ", first + i, ": ", error.what());
    }
  });
  return images;
}

template <data::DetectionSet D>
DetectionEvaluation judge(std::vector<RegionNetwork> nets, const D& data, const DetectionOptions& options,
                          ThreadPool& threads) {
  const std::vector<std::string> names = data.class_names(), attribute_names = data.attribute_names();
  const std::size_t classes = names.size(), attributes = attribute_names.size();
  RegionScores scores(std::move(nets), options);
  check_width(scores, options.classes, classes + 1);
  check_width(scores, options.boxes, 4 * (classes + 1));
  check_width(scores, options.attributes, attributes);
  DetectionEvaluation result{DetectionPrecision(classes, names),
                             DetectionPrecision(classes, names),
                             {},
                             AttributePrecision(attributes, classes, attribute_names, options.attribute_rule),
                             data.size()};
  const std::size_t group = std::max<std::size_t>(options.batch, 16);
  for (std::size_t first = 0; first < result.images; first += group) {
    const std::vector<data::DetectionImage> images =
        load_images(data, first, std::min(group, result.images - first), threads);
    std::vector<RegionScores::Row> rows;
    std::vector<const data::ImageObject*> of_object;  // [row] null for a proposal
    for (std::size_t n = 0; n < images.size(); ++n) {
      if (!options.classes.empty())
        for (const Box& box : images[n].proposals) rows.push_back({n, box}), of_object.push_back(nullptr);
      if (options.attributes.empty()) continue;
      for (const data::ImageObject& object : images[n].objects)
        if (!object.difficult && !object.attributes.empty())
          rows.push_back({n, object.box}), of_object.push_back(&object);
    }
    std::vector<std::vector<Detection>> found(images.size()), random(images.size());
    scores.run(images, rows, [&](std::size_t row, auto probabilities, auto offsets, auto of_attributes) {
      const auto& [n, box] = rows[row];
      if (of_object[row] != nullptr)
        return result.attributes.add(of_object[row]->class_index, of_attributes, of_object[row]->attributes);
      detect(box, probabilities, offsets, scores.image(), options.least_score, found[n]);
      const RandomKey key = RandomKey(seed(options.seed)).with("random scores").with(first + n).with(row);
      for (std::size_t k = 0; k < classes; ++k) random[n].push_back({box, static_cast<int>(k), key.uniform(k)});
    });
    for (std::size_t n = 0; n < images.size() && !options.classes.empty(); ++n) {
      std::vector<TrueBox> objects;
      for (const data::ImageObject& object : images[n].objects)
        objects.push_back({object.box, object.class_index, object.difficult});
      const auto best = [&](const std::vector<Detection>& all) {
        return suppressed(all, classes, options.suppression, options.most);
      };
      result.detections.add(best(found[n]), objects);
      result.random.add(best(random[n]), objects);
      result.recall.add(images[n].proposals, objects);
    }
  }
  return result;
}

}  // namespace detection

/// Judges a network on every image of a data set.
template <data::DetectionSet D>
DetectionEvaluation evaluate_detection(AnyNet& net, const D& data, const DetectionOptions& options = {}) {
  ThreadPool threads(options.threads);
  const evaluation::PackedForEvaluation packed(net, threads);
  return detection::judge({detection::RegionNetwork(net, threads)}, data, options, threads);
}

/// By a predictor, whose network may have more rows than the trained one: xs::Predictor<Wide>{net}. It has threads of
/// its own; options.threads load images.
template <data::DetectionSet D>
DetectionEvaluation evaluate_detection(AnyPredictor& predictor, const D& data, const DetectionOptions& options = {}) {
  ThreadPool threads(options.threads);
  return detection::judge({detection::RegionNetwork(predictor)}, data, options, threads);
}

/// By the mean of what several predictors say: an ensemble of networks that were trained each on its own.
template <data::DetectionSet D>
DetectionEvaluation evaluate_detection(std::vector<AnyPredictor>& predictors, const D& data,
                                       const DetectionOptions& options = {}) {
  ThreadPool threads(options.threads);
  std::vector<detection::RegionNetwork> nets;
  for (AnyPredictor& predictor : predictors) nets.emplace_back(predictor);
  return detection::judge(std::move(nets), data, options, threads);
}

/// What a training set says of the attributes of each class, for the predictor that knows the true class alone: without
/// it that predictor has looked at the evaluated set itself. `training.objects(i)` are those of image i.
template <class D>
void add_training_objects(AttributePrecision& attributes, const D& training) {
  for (std::size_t i = 0; i < training.size(); ++i)
    for (const data::ImageObject& object : training.objects(i))
      if (!object.difficult && !object.attributes.empty())
        attributes.add_training(object.class_index, object.attributes);
}

}  // namespace xstitch::inline XSTITCH_ISA
