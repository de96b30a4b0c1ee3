#pragma once
// What came of judging a row: kept as JSON beside the trainings, and read again for tables, gains and pages.
#include <xstitch/io/json.hpp>
#include <xstitch/train/evaluate_detection.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pair_data.hpp"
#include "ranked.hpp"

namespace alexnet_voc {

namespace xs = xstitch;

struct Judged {
  std::vector<xs::DetectionPrecision::PerClass> classes;         ///< those with objects
  std::vector<xs::MetricValue> random_of_class;                  ///< of each, of random scores
  std::vector<xs::AttributePrecision::PerAttribute> attributes;  ///< those with positives
  std::vector<std::size_t> attribute_index;                      ///< of each, among the network's
  std::vector<xs::MetricValue> random, of_attributes;            ///< as values() of the two metrics
  xs::MetricValue recall;                                        ///< of proposals, overlap of half
  double proposals_an_image = 0.0;
  std::size_t images = 0, objects = 0;
  // For drawing the test images again:
  std::vector<Ranked> of_class, of_attribute;               ///< answers, of each of `classes` and of `attributes`
  std::vector<std::vector<std::uint32_t>> images_of_class;  ///< of each class the image of every object to find
};

/// `test`: what was judged.
xs::Json json_of(const xs::DetectionEvaluation& found, const PairData& test);
/// From JSON that holds what json_of() gave.
Judged judged_from(const xs::Json& json);

}  // namespace alexnet_voc
