#pragma once
/// \file
/// Several ranks (processes, or threads with a network each) as one training: each computes a slice of every batch, and
/// a Reduction adds up over them. Where every rank starts from the same parameters and sums are added in the order of
/// the ranks, all ranks keep the same bits, and with one slice a rank these are the bits of one training that
/// accumulates the slices.
///
///     training.set_reduction(std::make_shared<MyReduction>(...));
///
/// Every rank calls the functions below at the same points of a step, with arrays of the same size.

#include <xstitch/run/gradients.hpp>

#include <cstddef>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

class Reduction {
 public:
  Reduction() = default;
  Reduction(const Reduction&) = delete;
  Reduction& operator=(const Reduction&) = delete;
  virtual ~Reduction() = default;

  [[nodiscard]] virtual std::size_t ranks() const = 0;
  /// In place: the sum over the ranks, in their order, known to all. Normalisers before any forward pass; then, a slice
  /// at a time, the sums of the losses and whether a rank refuses the step; at the end running statistics.
  virtual void sum(std::span<double> values) = 0;
  /// The gradient of a parameter is complete on this rank, and stays where it is: it may be added up from now on, while
  /// backward runs on. Parameters come in backward order, the same on every rank.
  virtual void start(std::size_t slot, std::span<float> gradient) = 0;
  /// Takes the factors of a gradient in place of it, to make the sum of all ranks from them by finish(); false: make
  /// the gradient. The factors are valid during the call.
  virtual bool take_factors(std::size_t, const GradientFactors&, std::span<float>) { return false; }
  /// Returns when every gradient of this step is the sum over the ranks.
  virtual void finish() = 0;
};

/// Stores through another policy, and hands each gradient to the reduction when it is complete.
class ReduceGradients : public GradientPolicy {
 public:
  /// `factors`: whether the reduction may take them (not if slices before this one are stored already).
  ReduceGradients(GradientPolicy& store, const GradientBlock& block, Reduction& reduction, bool factors)
      : store_(store), block_(block), reduction_(reduction), factors_(factors) {}

  float* destination(std::size_t slot) override { return store_.destination(slot); }
  void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
    store_.emit(slot, offset, gradient, count);
  }
  bool take_factors(std::size_t slot, const GradientFactors& factors) override {
    return factors_ && reduction_.take_factors(slot, factors, block_.of(slot));
  }
  void complete(std::size_t slot) override { reduction_.start(slot, block_.of(slot)); }

 private:
  GradientPolicy& store_;
  const GradientBlock& block_;
  Reduction& reduction_;
  bool factors_;
};

}  // namespace xstitch::inline XSTITCH_ISA
