#pragma once
/// \file
/// What a detector finds in one image, with the attributes of each thing that it finds:
///
///     std::vector<xs::AnyPredictor> predictors;                    // one, or an ensemble whose predictions are
///     averaged const xs::data::DetectionImage image{.pixels = pixels, .proposals = xs::data::sliding_windows(height,
///     width)}; for (const xs::DetectedObject& one : xs::detect_objects(predictors, image, {.attributes =
///     "attributes"})) ...
///
/// Boxes are decoded, clipped and suppressed as in evaluate_detection(), the best first; then attributes are scored on
/// the boxes that were left. Without a head of attributes they stay empty. The objects of `image` are not looked at.

#include <xstitch/train/evaluate_detection.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A detection, with attributes.
struct DetectedObject {
  Detection detection;              ///< class, box and score
  std::vector<float> attributes{};  ///< a probability each
};

namespace detection {

inline std::vector<DetectedObject> objects_in(std::vector<RegionNetwork> nets, const data::DetectionImage& image,
                                              const DetectionOptions& options) {
  RegionScores scores(std::move(nets), options);
  const std::size_t outputs = scores.width(options.classes);
  if (outputs < 2) fail("detect_objects: found no head of classes, expected one (DetectionOptions::classes)");
  check_width(scores, options.boxes, 4 * outputs);
  const std::vector<data::DetectionImage> images(1, image);
  std::vector<RegionScores::Row> rows;
  for (const Box& box : image.proposals) rows.push_back({0, box});
  std::vector<Detection> all;
  scores.run(images, rows, [&](std::size_t row, auto probabilities, auto offsets, auto) {
    detect(rows[row].box, probabilities, offsets, scores.image(), options.least_score, all);
  });
  std::vector<DetectedObject> found;
  rows.clear();
  for (const Detection& one : suppressed(all, outputs - 1, options.suppression, options.most)) {
    rows.push_back({0, one.box});
    found.push_back({one});
  }
  if (!options.attributes.empty())
    scores.run(images, rows, [&](std::size_t row, auto, auto, std::span<const float> of_attributes) {
      found[row].attributes.assign(of_attributes.begin(), of_attributes.end());
    });
  return found;
}

}  // namespace detection

/// Detections of one image by a network.
inline std::vector<DetectedObject> detect_objects(AnyNet& net, const data::DetectionImage& image,
                                                  const DetectionOptions& options = {}) {
  ThreadPool threads(options.threads);
  const evaluation::PackedForEvaluation packed(net, threads);
  return detection::objects_in({detection::RegionNetwork(net, threads)}, image, options);
}

/// The same, averaged over several predictors.
inline std::vector<DetectedObject> detect_objects(std::vector<AnyPredictor>& predictors,
                                                  const data::DetectionImage& image,
                                                  const DetectionOptions& options = {}) {
  std::vector<detection::RegionNetwork> nets;
  for (AnyPredictor& predictor : predictors) nets.emplace_back(predictor);
  return detection::objects_in(std::move(nets), image, options);
}

}  // namespace xstitch::inline XSTITCH_ISA
