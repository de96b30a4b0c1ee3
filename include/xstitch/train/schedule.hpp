#pragma once
/// \file
/// How the learning rate changes over a training: a factor on the optimizer's rate as a function of the step.
///
///     constant                        1
///     step(size, gamma)               gamma^floor(t / size)                          (Caffe "step")
///     multi_step({a, b, ...}, gamma)  gamma^(number of marks that t has reached)     (Caffe "multistep")
///     polynomial(power)               (1 - t / total)^power                          (Caffe "poly")
///     cosine(minimum)                 minimum + (1 - minimum) (1 + cos(pi t / total)) / 2
///     warm_up(steps, then)            (t + 1) / (steps + 1) of the start of `then`, then `then` over the rest
///
/// t counts from 0; total is the length of the schedule, which polynomial and cosine depend on. A schedule knows one
/// number only, so it cannot touch what groups multiply the learning rate by: the alphas keep their own multiple of it
/// throughout.

#include <xstitch/core/error.hpp>
#include <xstitch/core/isa.hpp>
#include <xstitch/core/number_text.hpp>
#include <xstitch/train/setting_range.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Schedule {
 public:
  Schedule() : Schedule(Kind::constant) {}

  /// Factor 1 in every step.
  static Schedule constant() { return {}; }
  /// The factor is gamma^floor(step / size).
  static Schedule step(std::uint64_t size, double gamma) {
    if (size == 0) fail("Schedule::step: found size = 0 steps, expected at least 1");
    setting_range::at_least_zero("Schedule::step", "gamma", gamma);
    Schedule s(Kind::step);
    s.marks_ = {size};
    s.number_ = gamma;
    return s;
  }
  /// The factor is gamma^(number of marks that were passed).
  static Schedule multi_step(std::vector<std::uint64_t> marks, double gamma) {
    if (!std::is_sorted(marks.begin(), marks.end()))
      fail("Schedule::multi_step: found marks that decrease, expected none below the one before");
    setting_range::at_least_zero("Schedule::multi_step", "gamma", gamma);
    Schedule s(Kind::multi_step);
    s.marks_ = std::move(marks);
    s.number_ = gamma;
    return s;
  }
  /// The factor is (1 - step / steps)^power.
  static Schedule polynomial(double power) {
    setting_range::at_least_zero("Schedule::polynomial", "power", power);  // below 0: infinite at the end
    Schedule s(Kind::polynomial);
    s.number_ = power;
    return s;
  }
  /// From 1 along half a cosine to `minimum` at the last step (Loshchilov and Hutter 2017).
  XSTITCH_INLINE static Schedule cosine(double minimum = 0.0) {
    setting_range::zero_to_one("Schedule::cosine", "minimum", minimum);
    Schedule s(Kind::cosine);
    s.number_ = minimum;
    return s;
  }
  /// Rises linearly for some steps, then follows another one.
  static Schedule warm_up(std::uint64_t steps, Schedule then) {
    if (steps >= longest - then.warm_up_)
      fail("Schedule::warm_up: found ", steps, " steps before ", then.describe(), ", expected fewer than 2^53 in all");
    then.warm_up_ += steps;
    return then;
  }

  /// Whether factor() depends on `total`.
  [[nodiscard]] bool depends_on_length() const noexcept {
    return (kind_ == Kind::polynomial && number_ != 0.0) || (kind_ == Kind::cosine && number_ != 1.0);
  }

  /// The factor of the learning rate at step t of `total`. Never NaN; 0 beyond the end of polynomial.
  [[nodiscard]] float factor(std::uint64_t t, std::uint64_t total) const {
    if (t < warm_up_) {
      return static_cast<float>(after_warm_up(0, rest(total)) * static_cast<double>(t + 1) /
                                static_cast<double>(warm_up_ + 1));
    }
    return static_cast<float>(after_warm_up(t - warm_up_, rest(total)));
  }

  /// One line, for logs and to recognise a changed schedule on resume.
  [[nodiscard]] XSTITCH_INLINE std::string describe() const {
    const std::string number = number_text(number_, 17);
    std::string text = warm_up_ > 0 ? "warm_up(" + std::to_string(warm_up_) + ") then " : "";
    switch (kind_) {
      case Kind::constant:
        return text + "constant";
      case Kind::step:
        return text + "step(" + std::to_string(marks_[0]) + ", " + number + ")";
      case Kind::multi_step:
        text += "multi_step({";
        for (std::size_t i = 0; i < marks_.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(marks_[i]);
        return text + "}, " + number + ")";
      case Kind::polynomial:
        return text + "polynomial(" + number + ")";
      case Kind::cosine:
        return text + "cosine(" + number + ")";
    }
    return text;
  }

 private:
  static constexpr std::uint64_t longest = std::uint64_t{1} << 53;  ///< whole numbers of a double

  enum class Kind : std::uint8_t { constant, step, multi_step, polynomial, cosine };
  explicit Schedule(Kind kind) : kind_(kind) {}

  [[nodiscard]] std::uint64_t rest(std::uint64_t total) const { return total > warm_up_ ? total - warm_up_ : 0; }
  [[nodiscard]] XSTITCH_INLINE double after_warm_up(std::uint64_t t, std::uint64_t total) const {
    const double share = total == 0 ? 1.0 : std::min(1.0, static_cast<double>(t) / static_cast<double>(total));
    switch (kind_) {
      case Kind::constant:
        break;
      case Kind::step:
        return std::pow(number_, static_cast<double>(t / marks_[0]));
      case Kind::multi_step:
        return std::pow(number_,
                        static_cast<double>(std::upper_bound(marks_.begin(), marks_.end(), t) - marks_.begin()));
      case Kind::polynomial:
        return std::pow(1.0 - share, number_);
      case Kind::cosine:
        return number_ + (1.0 - number_) * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
    }
    return 1.0;
  }

  Kind kind_ = Kind::constant;
  double number_ = 1.0;
  std::vector<std::uint64_t> marks_;
  std::uint64_t warm_up_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA
