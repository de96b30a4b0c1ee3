#pragma once
// Clocks around the operations of a network, from outside the library: the network gets a copy of its program whose
// functions are wrapped, and each call brings its clock as context.

#include "support/machine.hpp"
#include "support/network.hpp"

#include <xstitch/run/describe.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace bench {

class Profile final : public EditProgram {
 public:
  /// The same program with clocks. The profile must outlive the network.
  xs::Program edit(const xs::Program& program) override {
    clocks_.resize(program.ops.size());
    forward_.assign(program.forward.begin(), program.forward.end());
    training_.assign(program.training.begin(), program.training.end());
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      const xs::Op& op = program.ops[i];
      Clock& clock = clocks_[i];
      clock.tower = op.chain == xs::none ? "" : xs::detail::tower_text(program, op);
      clock.what = std::string(op.record->kind) + " " +
                   (op.chain == xs::none || op.is_loss ? std::string(op.place) : xs::full_name(program, op));
      clock.weave = op.chain == xs::none;
      clock.inference = program.forward[i];
      clock.training = program.training[i];
      forward_[i].forward = &Clock::infer;
      training_[i].forward = &Clock::train;
      if (op.record->fuses_next) {
        forward_[i].fused = &Clock::infer_fused;
        training_[i].fused = &Clock::train_fused;
      }
      training_[i].backward = &Clock::go_back;
      forward_[i].context = training_[i].context = &clock;
    }
    xs::Program edited = program;
    edited.forward = forward_;
    edited.training = training_;
    return edited;
  }

  /// Forgets what was measured so far (the first steps).
  void restart() {
    for (Clock& clock : clocks_) clock.forward = clock.backward = 0.0;
  }

  /// Seconds a step spends in weave units.
  [[nodiscard]] double weave_seconds(std::size_t steps) const {
    double sum = 0.0;
    for (const Clock& clock : clocks_)
      if (clock.weave) sum += clock.forward + clock.backward;
    return sum / static_cast<double>(steps);
  }

  /// Writes the table of all operations: milliseconds a step and share of the step.
  void print(std::FILE* out, std::size_t steps, double step_seconds) const {
    const double scale = 1e3 / static_cast<double>(steps), whole = 1e3 * step_seconds;
    std::fprintf(out, "%-14s %-24s %10s %10s %7s\n", "tower", "operation", "forward ms", "backward ms", "%");
    double sum = 0.0;
    for (const Clock& clock : clocks_) {
      const double f = clock.forward * scale, b = clock.backward * scale;
      sum += f + b;
      if (f + b >= 0.0005)
        std::fprintf(out, "%-14s %-24s %10.3f %10.3f %7.2f\n", clock.tower.c_str(), clock.what.c_str(), f, b,
                     100 * (f + b) / whole);
    }
    std::fprintf(out, "%-14s %-24s %10s %10.3f %7.2f\n", "", "all else", "", whole - sum, 100 * (whole - sum) / whole);
  }

 private:
  /// One operation's functions and how long they took.
  struct Clock {
    std::string tower, what;
    bool weave = false;
    xs::ForwardFunctions inference;
    xs::TrainingFunctions training;
    double forward = 0.0, backward = 0.0;  ///< seconds in all

    template <class Call, class Function>
    static void run(const Call& call, double Clock::*sum, const void* context, Function function) {
      Clock& clock = *const_cast<Clock*>(static_cast<const Clock*>(call.context));
      Call inner = call;
      inner.context = context;
      const double start = now();
      function(inner);
      clock.*sum += now() - start;
    }
    static const Clock& of(const void* context) { return *static_cast<const Clock*>(context); }
    static void infer(const xs::ForwardCall& call) {
      const xs::ForwardFunctions& f = of(call.context).inference;
      run(call, &Clock::forward, f.context, f.forward);
    }
    static void infer_fused(const xs::ForwardCall& call) {
      const xs::ForwardFunctions& f = of(call.context).inference;
      run(call, &Clock::forward, f.context, f.fused);
    }
    static void train(const xs::ForwardCall& call) {
      const xs::TrainingFunctions& f = of(call.context).training;
      run(call, &Clock::forward, f.context, f.forward);
    }
    static void train_fused(const xs::ForwardCall& call) {
      const xs::TrainingFunctions& f = of(call.context).training;
      run(call, &Clock::forward, f.context, f.fused);
    }
    static void go_back(const xs::BackwardCall& call) {
      const xs::TrainingFunctions& f = of(call.context).training;
      run(call, &Clock::backward, f.context, f.backward);
    }
  };

  std::vector<Clock> clocks_;
  std::vector<xs::ForwardFunctions> forward_;
  std::vector<xs::TrainingFunctions> training_;
};

}  // namespace bench
