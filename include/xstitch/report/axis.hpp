#pragma once
/// \file
/// The scale of an axis: from numbers to positions, and where its ticks are.
///
///     linear: ticks at multiples of 1, 2 or 5 times a power of ten, about five of them
///     decades: at powers of ten; where there are fewer than three, at 2 and 5 times them, too

#include <xstitch/core/number_text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::report {

/// 12000 -> "12000", 0.05 -> "0.05", 2500000 -> "2.5e+06": at most five digits that matter.
inline std::string tick_text(double value) {
  if (value == 0.0) return "0";
  char text[64];
  const double size = std::abs(value);
  if (size >= 1e-3 && size < 1e6 && value == std::floor(value))
    return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 0).ptr};
  return number_text(value, 5);
}

/// A coordinate with one digit after the point, the same in every locale.
inline std::string coordinate(double value) {
  char text[64];
  if (!std::isfinite(value) || std::abs(value) > 1e7) value = 0.0;
  std::string number(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 1).ptr);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number == "-0" ? "0" : number;
}

class Axis {
 public:
  /// Over all `values` that are finite (and above 0 for decades); without any, from 0 to 1 (1 to 10).
  XSTITCH_INLINE Axis(const std::vector<double>& values, bool decades, double first, double last)
      : decades_(decades), first_(first), last_(last) {
    bool some = false;
    for (const double value : values) {
      if (!shows(value)) continue;
      const double v = decades ? std::log10(value) : value;
      least_ = some ? std::min(least_, v) : v;
      most_ = some ? std::max(most_, v) : v;
      some = true;
    }
    if (!some) least_ = 0.0, most_ = 1.0;
    if (!(most_ - least_ > 1e-12 * std::max(std::abs(least_), std::abs(most_)))) {  // one number
      const double around = decades ? 0.5 : std::max(0.5 * std::abs(least_), 1e-300);
      least_ -= around, most_ += around;
    }
    if (!std::isfinite(most_ - least_)) least_ *= 0.25, most_ *= 0.25;  // from -1e308 to 1e308
  }

  [[nodiscard]] bool shows(double value) const noexcept { return std::isfinite(value) && (!decades_ || value > 0.0); }
  [[nodiscard]] double at(double value) const noexcept {
    const double v = decades_ ? std::log10(value) : value;
    return first_ + (last_ - first_) * ((v - least_) / (most_ - least_));
  }
  /// Widens the axis to whole ticks.
  void round_out() {
    const double step = decades_ ? 1.0 : step_of(most_ - least_);
    if (decades_ && most_ - least_ < 1.0) return;
    least_ = std::floor(least_ / step + 1e-9) * step;
    most_ = std::ceil(most_ / step - 1e-9) * step;
  }
  [[nodiscard]] std::vector<double> ticks() const { return decades_ ? decade_ticks() : linear_ticks(); }

 private:
  static double step_of(double range) {
    const double power = std::pow(10.0, std::floor(std::log10(range / 5.0)));
    const double share = range / 5.0 / power;
    return power * (share < 1.5 ? 1.0 : share < 3.5 ? 2.0 : share < 7.5 ? 5.0 : 10.0);
  }
  [[nodiscard]] XSTITCH_INLINE std::vector<double> linear_ticks() const {
    const double step = step_of(most_ - least_);
    std::vector<double> all;
    if (!(step > 0.0) || !std::isfinite(step)) return all;
    const double first = std::ceil(least_ / step - 1e-6);
    for (int k = 0; k < 20; ++k) {  // multiples, not sums: 0.1 three times is not 0.3
      const double tick = (first + k) * step;
      if (tick > most_ + 1e-6 * step) break;
      all.push_back(std::abs(tick) < 1e-9 * step ? 0.0 : tick);
    }
    return all;
  }
  [[nodiscard]] XSTITCH_INLINE std::vector<double> decade_ticks() const {
    const bool few = most_ - least_ < 3.0;
    const double every = std::max(1.0, std::ceil((most_ - least_) / 6.0));
    std::vector<double> all;
    for (double power = std::floor(least_); power <= most_ && all.size() < 40; power += every)
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor > 1.0 && !few) continue;
        const double v = power + std::log10(factor);
        if (v >= least_ - 1e-9 && v <= most_ + 1e-9) all.push_back(factor * std::pow(10.0, power));
      }
    return all;
  }

  bool decades_;
  double first_, last_, least_ = 0.0, most_ = 0.0;
};

}  // namespace xstitch::inline XSTITCH_ISA::report
