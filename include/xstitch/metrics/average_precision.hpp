#pragma once
/// \file
/// Precision and recall of scored answers, and the average precision of PASCAL VOC. With the answers ranked by score,
/// at each different score (answers of equal score together, so that their order does not matter):
///
///     recall = right ones among them / all there are to find      precision = right ones among them / all of them
///
///     all points     area under the precision made monotone, P(r) = max precision at recall >= r  (VOC from 2010)
///     eleven points  mean of P(r) at r = 0, 0.1, ..., 1                                        (VOC until 2009)

#include <xstitch/core/isa.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Area under the whole curve (Pascal VOC from 2010 on), or the mean of 11 points (until 2009).
enum class PrecisionRule { all_points, eleven_points };

/// One point of a precision-recall curve.
struct CurvePoint {
  float threshold = 0.0F;                ///< a yes from this score on
  double recall = 0.0, precision = 0.0;  ///< shares of what is there and of what was found
};

/// An answer, with how sure it was.
struct ScoredAnswer {
  float score = 0.0F;     ///< larger is surer
  bool positive = false;  ///< whether it is right
};

/// A point for each different score, the largest first; none where there is nothing to find.
XSTITCH_INLINE std::vector<CurvePoint> precision_recall(std::vector<ScoredAnswer> ranked, std::size_t to_find) {
  std::sort(ranked.begin(), ranked.end(),
            [](const ScoredAnswer& a, const ScoredAnswer& b) { return a.score > b.score; });
  const auto all = static_cast<double>(to_find);
  std::vector<CurvePoint> points;
  double found = 0.0;
  for (std::size_t i = 0; all > 0.0 && i < ranked.size(); ++i) {
    found += ranked[i].positive ? 1.0 : 0.0;
    if (i + 1 == ranked.size() || ranked[i + 1].score != ranked[i].score)
      points.push_back({ranked[i].score, found / all, found / static_cast<double>(i + 1)});
  }
  return points;
}

/// In 0..1.
XSTITCH_INLINE double average_precision(std::vector<CurvePoint> curve, PrecisionRule rule) {
  for (std::size_t i = curve.size(); i-- > 1;)
    curve[i - 1].precision = std::max(curve[i - 1].precision, curve[i].precision);
  double sum = 0.0;
  if (rule == PrecisionRule::all_points) {
    double recall = 0.0;
    for (const CurvePoint& point : curve) {
      sum += (point.recall - recall) * point.precision;
      recall = point.recall;
    }
    return sum;
  }
  for (int step = 0; step <= 10; ++step) {
    const double recall = step / 10.0;
    const auto at = std::find_if(curve.begin(), curve.end(),
                                 [&](const CurvePoint& point) { return point.recall >= recall - 1e-12; });
    if (at != curve.end()) sum += at->precision;
  }
  return sum / 11.0;
}

}  // namespace xstitch::inline XSTITCH_ISA
