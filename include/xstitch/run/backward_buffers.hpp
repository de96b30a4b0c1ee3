#pragma once
/// \file
/// What an operation's backward pass reads and writes in the arena: values, gradients of its outputs, gradients of its
/// inputs. Where a tensor has several consumers, the first writes its gradient, and each other one writes a temporary
/// that is then added.

#include <xstitch/run/execution.hpp>
#include <xstitch/run/gradient_flow.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class BackwardBuffers {
 public:
  XSTITCH_INLINE BackwardBuffers(Execution& execution, GradientFlow& flow) : e_(execution), flow_(flow) {
    std::size_t inputs = 1, outputs = 1;
    for (const Op& op : program().ops) {
      inputs = std::max(inputs, at(op.input_count));
      outputs = std::max(outputs, at(op.output_count) + 1);
    }
    in_.resize(inputs);
    in_gradients_.resize(inputs);
    apart_.resize(inputs);
    out_.resize(outputs);
    out_gradients_.resize(outputs);
  }
  BackwardBuffers(const BackwardBuffers&) = delete;
  BackwardBuffers& operator=(const BackwardBuffers&) = delete;

  [[nodiscard]] float* in_arena(std::size_t offset, std::size_t batch) const {
    return offset == nowhere ? nullptr : reinterpret_cast<float*>(e_.arena() + offset * batch);
  }
  /// Before operation i.
  XSTITCH_INLINE void place(std::size_t i, const Slice& slice, const PlanView& plan) {
    const Op& op = program().ops[i];
    const std::size_t batch = slice.size;
    out_[0] = nullptr;
    out_gradients_[0] = nullptr;
    for (int k = 0; k < op.output_count; ++k) {
      const std::size_t t = at(op.first_output + k);
      out_[at(k)] = e_.value(op.first_output + k, slice, plan);
      float* gradient = flow_.needed(t) ? in_arena(plan.gradient[t], batch) : nullptr;
      if (gradient != nullptr && !flow_.written(t))  // nobody read this output: its gradient is zero
        std::memset(gradient, 0, batch * op.record->outputs[at(k)].size() * sizeof(float));
      out_gradients_[at(k)] = gradient;
    }
    for (int k = 0; k < op.input_count; ++k) {
      const std::size_t edge = at(op.first_input + k), t = at(program().edges[edge]);
      in_[at(k)] = e_.value(program().edges[edge], slice, plan);
      in_gradients_[at(k)] = nullptr;
      apart_[at(k)] = 0;
      if (!flow_.needed(t)) continue;
      // What another consumer (or an earlier input of this operation) has written is added to.
      bool before = flow_.written(t);
      for (int j = 0; j < k; ++j) before = before || at(program().edges[at(op.first_input + j)]) == t;
      apart_[at(k)] = before && plan.temporary[edge] != nowhere ? 1 : 0;
      in_gradients_[at(k)] = in_arena(apart_[at(k)] != 0 ? plan.temporary[edge] : plan.gradient[t], batch);
    }
  }
  /// Into the call of the operation. Valid until the next place().
  void give(BackwardCall& call) const {
    call.input = in_[0];
    call.output = out_[0];
    call.output_gradient = out_gradients_[0];
    call.input_gradient = in_gradients_[0];
    call.inputs = in_.data();
    call.outputs = out_.data();
    call.output_gradients = out_gradients_.data();
    call.input_gradients = in_gradients_.data();
  }
  /// After the operation: temporaries are added, and its inputs have gradients.
  void add(std::size_t i, std::size_t batch, const PlanView& plan, ThreadPool& threads) const {
    const Op& op = program().ops[i];
    for (int k = 0; k < op.input_count; ++k) {
      const std::size_t t = at(program().edges[at(op.first_input + k)]);
      if (in_gradients_[at(k)] == nullptr) continue;
      if (apart_[at(k)] != 0) {
        float* sum = in_arena(plan.gradient[t], batch);
        const float* term = in_gradients_[at(k)];
        const std::size_t size = op.record->inputs[at(k)].size();
        threads.parallel_for(batch, [&](std::size_t n) {
          for (std::size_t e = n * size; e < (n + 1) * size; ++e) sum[e] += term[e];
        });
      }
      flow_.set_written(t);
    }
  }

 private:
  static constexpr std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }
  [[nodiscard]] const Program& program() const noexcept { return e_.program(); }

  Execution& e_;
  GradientFlow& flow_;
  std::vector<const float*> in_, out_;
  std::vector<float*> in_gradients_, out_gradients_;
  std::vector<std::uint8_t> apart_;  ///< [input]: its gradient is made apart and then added
};

}  // namespace xstitch::inline XSTITCH_ISA
