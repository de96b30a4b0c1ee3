#pragma once
/// \file
/// What Python sees of a training while it runs: one line that is written over and over to sys.stdout, which is a
/// notebook's cell, too; a function of the user's after each step; and Ctrl-C, which ends the training after its step.

#include <xstitch/run/any_net.hpp>
#include <xstitch/train/progress.hpp>

#include <pybind11/pybind11.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace xstitch::inline XSTITCH_ISA::python {

class Watch {
 public:
  /// `callback`: None, or a function of the step and {head: loss} that ends the training by returning False.
  Watch(const AnyNet& net, std::uint64_t total, std::size_t batch, bool show, pybind11::object callback)
      : net_(net), total_(total), batch_(batch), show_(show), callback_(std::move(callback)) {}

  [[nodiscard]] const std::atomic<bool>& stop() const noexcept { return stop_; }

  void after_step(std::uint64_t step, const StepResult& result) {
    const Clock::time_point now = Clock::now();
    const bool due = show_ && (step == total_ || now - shown_ > std::chrono::milliseconds(200));
    if (first_ == 0) first_ = step;
    if (!due && callback_.is_none() && now - asked_ < std::chrono::milliseconds(50)) return;
    asked_ = now;
    const pybind11::gil_scoped_acquire python;
    try {  // an exception of Python's ends the training after this step, and is thrown when that has ended
      if (due) write_line(step, result, now);
      if (!callback_.is_none()) {
        const pybind11::object answer = callback_(step, losses(result));
        if (answer.ptr() == Py_False) stop_ = true;
      }
      if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
    } catch (...) {
      if (!exception_) exception_ = std::current_exception();
      stop_ = true;
    }
  }

  /// After the training, with the interpreter: ends the line, and throws what Python threw.
  void end() {
    if (width_ > 0) pybind11::print();
    width_ = 0;
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] pybind11::dict losses(const StepResult& result) const {
    pybind11::dict dict;
    for (std::size_t h = 0; h < result.losses.size(); ++h)
      dict[pybind11::str(net_.heads()[h].name())] = result.losses[h].value();
    return dict;
  }
  void write_line(std::uint64_t step, const StepResult& result, Clock::time_point now) {
    const double passed = std::chrono::duration<double>(now - start_).count();
    const auto done = static_cast<double>(step - first_ + 1);
    std::string line = progress::bar(static_cast<double>(step) / static_cast<double>(total_), 16) + " " +
                       std::to_string(step) + "/" + std::to_string(total_) + "  " +
                       progress::short_number(done * static_cast<double>(batch_) / passed) + " samples/s  " +
                       progress::duration(passed / done * static_cast<double>(total_ - step)) + " left ";
    for (std::size_t h = 0; h < result.losses.size(); ++h)
      line += " " + net_.heads()[h].name() + " " + progress::short_number(result.losses[h].value());
    const std::size_t width = line.size();
    line.resize(std::max(width, width_), ' ');  // over what was longer before: not every notebook knows "erase line"
    pybind11::print("\r" + line, pybind11::arg("end") = "", pybind11::arg("flush") = true);
    width_ = width;
    shown_ = now;
  }

  const AnyNet& net_;
  std::uint64_t total_, first_ = 0;
  std::size_t batch_, width_ = 0;
  bool show_;
  pybind11::object callback_;
  std::atomic<bool> stop_{false};
  std::exception_ptr exception_;
  Clock::time_point start_ = Clock::now(), shown_{}, asked_{};
};

}  // namespace xstitch::inline XSTITCH_ISA::python
