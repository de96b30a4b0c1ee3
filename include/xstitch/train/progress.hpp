#pragma once
/// \file
/// What a person sees of a training: on a terminal one line that is written over and over (bar, samples a second, time
/// left, each task's loss), elsewhere plain lines at the log's pace.

#include <xstitch/core/isa.hpp>
#include <xstitch/core/number_text.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

namespace xstitch::inline XSTITCH_ISA {

namespace progress {

/// "1:02:03", "2:03" or "-" when it cannot be told.
XSTITCH_INLINE std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0 || seconds > 1e9) return "-";
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  char text[48];
  if (whole >= 3600)
    std::snprintf(text, sizeof text, "%llu:%02llu:%02llu", static_cast<unsigned long long>(whole / 3600),
                  static_cast<unsigned long long>(whole / 60 % 60), static_cast<unsigned long long>(whole % 60));
  else
    std::snprintf(text, sizeof text, "%llu:%02llu", static_cast<unsigned long long>(whole / 60),
                  static_cast<unsigned long long>(whole % 60));
  return text;
}

/// Three or four digits that matter.
inline std::string short_number(double value) {
  return std::abs(value) >= 1000.0 ? fixed_text(value, 0) : number_text(value, 4);
}

XSTITCH_INLINE std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

}  // namespace progress

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `out` null: silence. Whether it is a terminal is found out for std::cout and std::cerr.
  XSTITCH_INLINE Progress(std::ostream* out, std::string name, std::uint64_t first_step, std::uint64_t total,
                          std::vector<std::string> tasks)
      : Progress(out, std::move(name), first_step, total, std::move(tasks), terminal_columns(out)) {}
  /// `columns` 0: not a terminal.
  Progress(std::ostream* out, std::string name, std::uint64_t first_step, std::uint64_t total,
           std::vector<std::string> tasks, std::size_t columns)
      : out_(out),
        name_(std::move(name)),
        tasks_(std::move(tasks)),
        first_step_(first_step),
        total_(total),
        columns_(columns) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// After a step. `losses` are those to show (NaN: there is none), `plain` says that a plain line is due;
  /// `weights` of the heads are shown beside, if given.
  XSTITCH_INLINE void step(std::uint64_t done, std::uint64_t samples, const std::vector<double>& losses, bool plain,
                           std::span<const float> weights = {}) {
    if (out_ == nullptr) return;
    samples_ += samples;
    const Clock::time_point now = Clock::now();
    if (columns_ == 0) {
      if (plain) *out_ << text(done, losses, weights, now) << std::endl;
      return;
    }
    if (shown_ && now - last_shown_ < std::chrono::milliseconds(100) && done != total_) return;
    last_shown_ = now;
    shown_ = true;
    const double share = total_ == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total_);
    std::string line = progress::bar(share, 16) + " " + text(done, losses, weights, now);
    if (line.size() + 1 > columns_) line.resize(columns_ > 1 ? columns_ - 1 : 1);
    *out_ << '\r' << line << "\x1b[K" << std::flush;
  }

  /// A line that stays.
  void say(const std::string& line) {
    if (out_ == nullptr) return;
    clear();
    *out_ << (name_.empty() ? "" : name_ + ": ") << line << std::endl;
  }

  /// Samples a second since the start.
  [[nodiscard]] double rate() const { return rate_at(Clock::now()); }
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  static std::size_t terminal_columns(const std::ostream* out) {
    const int number = out == &std::cout ? STDOUT_FILENO : out == &std::cerr ? STDERR_FILENO : -1;
    if (number < 0 || ::isatty(number) == 0) return 0;
    struct winsize size {};
    return ::ioctl(number, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }

  [[nodiscard]] double rate_at(Clock::time_point now) const {
    const double passed = std::chrono::duration<double>(now - start_).count();
    return passed > 0.0 ? static_cast<double>(samples_) / passed : 0.0;
  }

  [[nodiscard]] XSTITCH_INLINE std::string text(std::uint64_t done, const std::vector<double>& losses,
                                                std::span<const float> weights, Clock::time_point now) const {
    const double passed = std::chrono::duration<double>(now - start_).count();
    const std::uint64_t steps = done > first_step_ ? done - first_step_ : 0;
    const double left =
        steps == 0 ? -1.0 : passed / static_cast<double>(steps) * static_cast<double>(total_ - std::min(total_, done));
    std::string line = (name_.empty() ? "" : name_ + ": ") + std::to_string(done) + "/" + std::to_string(total_) +
                       "  " + progress::short_number(rate_at(now)) + " samples/s  " + progress::duration(left) +
                       " left ";
    for (std::size_t i = 0; i < losses.size() && i < tasks_.size(); ++i) {
      line += " " + tasks_[i] + " " + (std::isnan(losses[i]) ? "-" : progress::short_number(losses[i]));
      if (i < weights.size()) line += " (x" + progress::short_number(static_cast<double>(weights[i])) + ")";
    }
    return line;
  }

  void clear() {
    if (out_ != nullptr && shown_) *out_ << "\r\x1b[K" << std::flush;
    shown_ = false;
  }

  std::ostream* out_;
  std::string name_;
  std::vector<std::string> tasks_;
  std::uint64_t first_step_, total_, samples_ = 0;
  std::size_t columns_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now(), last_shown_{};
};

}  // namespace xstitch::inline XSTITCH_ISA
