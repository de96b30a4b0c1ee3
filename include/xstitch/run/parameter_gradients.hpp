#pragma once
/// \file
/// Where an operation's backward pass puts the gradients of its parameters: where the policy wants the whole gradient,
/// or, as far as it wants none, in chunks to the policy (through sinks, where the operation emits them itself, else
/// from scratch, after the operation).

#include <xstitch/run/execution.hpp>
#include <xstitch/run/gradients.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class ParameterGradients {
 public:
  XSTITCH_INLINE ParameterGradients(const Layout& layout, const Parameters& parameters)
      : layout_(layout), parameters_(parameters), sinks_(layout.slots().size()), pointers_(layout.slots().size()) {}

  /// Scratch for the largest operation; allocated once.
  void prepare() {
    if (prepared_) return;
    std::size_t largest = 0;
    for (std::size_t i = 0; i < layout_.program().ops.size(); ++i) {
      if (layout_.program().ops[i].record->streams_gradients) continue;
      std::size_t floats = 0;
      for (std::size_t p = 0; p < layout_.parameter_count(i); ++p) floats += padded(layout_.first_parameter(i) + p);
      largest = std::max(largest, floats);
    }
    Execution::grow(scratch_, largest * sizeof(float));
    prepared_ = true;
  }

  /// Tells the call of operation i where its gradients go.
  XSTITCH_INLINE void place(std::size_t i, GradientPolicy& policy, BackwardCall& call) {
    const std::size_t first = layout_.first_parameter(i);
    float* next = scratch_.floats();
    for (std::size_t slot = first; slot < first + layout_.parameter_count(i); ++slot) {
      const bool trained = parameters_.trained(slot);
      float* destination = trained ? policy.destination(slot) : nullptr;
      if (layout_.program().ops[i].record->streams_gradients) {
        sinks_[slot] = trained ? GradientSink(&emit, &policy, slot, destination, &take_factors) : GradientSink();
        continue;
      }
      const bool buffer = layout_.slots()[slot].spec.group == ParameterGroup::buffer;
      pointers_[slot] = buffer ? nullptr : destination != nullptr ? destination : next;
      if (!buffer) next += padded(slot);
    }
    call.parameter_gradients = pointers_.data() + first;
    call.sinks = sinks_.data() + first;
  }

  /// After operation i: what lies in scratch goes to the policy, and every gradient is complete.
  void finish(std::size_t i, GradientPolicy& policy, ThreadPool& threads) const {
    const std::size_t first = layout_.first_parameter(i), end = first + layout_.parameter_count(i);
    const bool streamed = layout_.program().ops[i].record->streams_gradients;
    for (std::size_t slot = first; slot < end; ++slot) {
      if (!parameters_.trained(slot)) continue;
      if (!streamed && policy.destination(slot) != pointers_[slot]) emit_chunks(slot, policy, threads);
      policy.complete(slot);
    }
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return scratch_.bytes(); }

 private:
  [[nodiscard]] std::size_t padded(std::size_t slot) const {
    return align_up(layout_.slots()[slot].count * sizeof(float)) / sizeof(float);
  }
  void emit_chunks(std::size_t slot, GradientPolicy& policy, ThreadPool& threads) const {
    const std::size_t count = layout_.slots()[slot].count;
    threads.parallel_for((count + gradient_chunk - 1) / gradient_chunk, [&](std::size_t chunk) {
      const std::size_t begin = chunk * gradient_chunk;
      policy.emit(slot, begin, pointers_[slot] + begin, std::min(gradient_chunk, count - begin));
    });
  }
  static void emit(void* policy, std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) {
    static_cast<GradientPolicy*>(policy)->emit(slot, offset, gradient, count);
  }
  static bool take_factors(void* policy, std::size_t slot, const GradientFactors& factors) {
    return static_cast<GradientPolicy*>(policy)->take_factors(slot, factors);
  }

  const Layout& layout_;
  const Parameters& parameters_;
  std::vector<GradientSink> sinks_;  ///< [parameter]
  std::vector<float*> pointers_;     ///< [parameter]
  Memory scratch_;
  bool prepared_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
