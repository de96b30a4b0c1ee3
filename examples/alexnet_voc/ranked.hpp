#pragma once
// Answers in the order of their scores, as far as an average precision over images that are drawn again asks for: a
// number of times for each image instead of scores.
//
//   JSON   one list of integers, the surest first: image + 1 of a right answer, -(image + 1) of a wrong one, and 0
//          before one that scores as the one before it. What comes after the last right answer changes no average
//          precision over all points, whatever is drawn, and is left out.
#include <xstitch/io/json.hpp>
#include <xstitch/metrics/average_precision.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace alexnet_voc {

namespace xs = xstitch;

class Ranked {
 public:
  Ranked() = default;
  Ranked(std::span<const xs::ScoredAnswer> answers, std::span<const std::uint32_t> images) {
    std::vector<std::size_t> order(answers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return answers[a].score != answers[b].score ? answers[a].score > answers[b].score : a < b;
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
      const xs::ScoredAnswer& one = answers[order[i]];
      answers_.push_back({images[order[i]], one.positive, i > 0 && answers[order[i - 1]].score == one.score});
    }
    // Whole groups of equal scores: an answer that ties with the last right one counts with it.
    std::size_t end = answers_.size();
    while (end > 0 && !answers_[end - 1].right) --end;
    while (end > 0 && end < answers_.size() && answers_[end].ties) ++end;
    answers_.resize(end);
  }

  /// In 0..1. `times`: how often each image was drawn; `to_find`: objects in what was drawn, above 0.
  [[nodiscard]] double average_precision(std::span<const std::uint32_t> times, double to_find) const {
    std::vector<xs::CurvePoint> points;
    double found = 0.0, all = 0.0;
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      const double count = times[answers_[i].image];
      all += count;
      if (answers_[i].right) found += count;
      const bool ends = i + 1 == answers_.size() || !answers_[i + 1].ties;
      if (ends && all > 0.0) points.push_back({0.0F, found / to_find, found / all});
    }
    return xs::average_precision(std::move(points), xs::PrecisionRule::all_points);
  }

  /// Right answers in what was drawn: of attributes all that are to find.
  [[nodiscard]] double right(std::span<const std::uint32_t> times) const {
    double count = 0.0;
    for (const Answer& one : answers_)
      if (one.right) count += times[one.image];
    return count;
  }

  [[nodiscard]] xs::Json json() const {
    xs::Json::Array list;
    for (const Answer& one : answers_) {
      if (one.ties) list.emplace_back(0);
      const auto number = static_cast<double>(one.image) + 1.0;
      list.emplace_back(one.right ? number : -number);
    }
    return list;
  }
  static Ranked from(const xs::Json& json) {
    Ranked ranked;
    bool ties = false;
    for (const xs::Json& value : json.array()) {
      const double number = value.number();
      if (number != 0.0)
        ranked.answers_.push_back(
            {static_cast<std::uint32_t>((number > 0.0 ? number : -number) - 1.0), number > 0.0, ties});
      ties = number == 0.0;
    }
    return ranked;
  }

 private:
  struct Answer {
    std::uint32_t image = 0;
    bool right = false, ties = false;
  };
  std::vector<Answer> answers_;
};

}  // namespace alexnet_voc
