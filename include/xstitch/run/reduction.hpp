#pragma once
/// \file
/// Several ranks (processes, or threads with a network each) as one training: each computes slices of every batch, and
/// a Reduction adds up over them. Slice s of a batch is rank s mod ranks' in round s / ranks (core/share.hpp); sums are
/// added slice by slice in their order,
///
///     g = ((g_0 + g_1) + g_2) + ...
///
/// as one training that accumulates the slices does. So all ranks keep the same bits, and with the same slices these
/// are the same for every number of ranks.
///
///     training.set_reduction(std::make_shared<OrderedReduction>(ranks, net, ...));      // run/ordered_reduction.hpp
///
/// Every rank calls the functions below at the same points of a step, with arrays of the same size.

#include <xstitch/run/gradients.hpp>
#include <xstitch/run/state_share.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What the ranks do together between two calls of finish(): a slice each, the last round of a batch perhaps not all.
struct ReductionRound {
  std::size_t at_work = 1;  ///< ranks with a slice: the first ones
  bool first = true, last = true;
  std::size_t begin = 0, size = 0;         ///< samples of all of them within the whole batch
  std::span<const std::size_t> samples{};  ///< [rank]
  bool own_share = false;                  ///< a rank wants the sums of its share() alone
};

class Reduction {
 public:
  Reduction() = default;
  Reduction(const Reduction&) = delete;
  Reduction& operator=(const Reduction&) = delete;
  virtual ~Reduction() = default;

  [[nodiscard]] virtual std::size_t rank() const = 0;
  [[nodiscard]] virtual std::size_t ranks() const = 0;
  /// all = [rank, own.size()]: what every rank gave, known to all. Normalisers before any forward pass; then, a slice
  /// at a time, the losses and whether a rank refuses the step; at the end running statistics.
  virtual void gather(std::span<const double> own, std::span<double> all) = 0;
  /// Before the backward pass of a slice, or in place of it on a rank that has none.
  virtual void begin(const ReductionRound&) {}
  /// The gradient of a parameter is complete on this rank, and stays where it is until finish(): it may be sent from
  /// now on, while backward runs on. Parameters come in backward order, the same on every rank.
  virtual void start(std::size_t slot, std::span<float> gradient) = 0;
  /// Takes the factors of a gradient in place of it, to make the sum of all ranks from them; false: make the gradient.
  /// The factors are valid during the call; start() follows.
  virtual bool take_factors(std::size_t, const GradientFactors&, std::span<float>) { return false; }
  /// Returns when what was started has arrived. After the last round every gradient is the sum over all slices, where
  /// it is this rank's share if no more is wanted; everything else may be anything.
  virtual void finish(ThreadPool& threads) = 0;

  /// Who updates what; null: every rank everything.
  [[nodiscard]] virtual std::shared_ptr<StateShare> share() const { return nullptr; }

  /// Whether operations' sums over the batch (JointSums) are those of all slices of all ranks.
  [[nodiscard]] virtual bool batch_statistics() const { return false; }

  /// The smallest of all ranks' numbers.
  [[nodiscard]] std::size_t smallest(std::size_t own) {
    const auto mine = static_cast<double>(own);
    std::vector<double> all(ranks());
    gather({&mine, 1}, all);
    std::size_t least = own;
    for (const double one : all)
      if (one < static_cast<double>(least)) least = static_cast<std::size_t>(one);
    return least;
  }
  /// In place: the sum over the ranks, in their order.
  void sum(std::span<double> values) {
    all_.resize(ranks() * values.size());
    gather(values, all_);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = all_[i];
      for (std::size_t r = 1; r < ranks(); ++r) values[i] += all_[r * values.size() + i];
    }
  }
  /// The first text that is not empty, with its rank: "rank 2: input of tower 'a'".
  [[nodiscard]] XSTITCH_INLINE std::string first_text(const std::string& own) {
    const auto mine = static_cast<double>(own.size());
    std::vector<double> sizes(ranks());
    gather({&mine, 1}, sizes);
    std::size_t most = 0;
    for (const double size : sizes) most = std::max(most, static_cast<std::size_t>(size));
    std::vector<double> letters(most, 0.0), all(ranks() * most);
    for (std::size_t i = 0; i < own.size(); ++i) letters[i] = static_cast<double>(static_cast<unsigned char>(own[i]));
    if (most > 0) gather(letters, all);
    for (std::size_t r = 0; r < ranks(); ++r) {
      if (sizes[r] == 0.0) continue;
      std::string text = "rank " + std::to_string(r) + ": ";
      for (std::size_t i = 0; i < static_cast<std::size_t>(sizes[r]); ++i)
        text += static_cast<char>(static_cast<unsigned char>(all[r * most + i]));
      return text;
    }
    return {};
  }

 private:
  std::vector<double> all_;
};

/// Stores through another policy, and hands each gradient to the reduction when it is complete.
class ReduceGradients : public GradientPolicy {
 public:
  ReduceGradients(GradientPolicy& store, const GradientBlock& block, Reduction& reduction)
      : store_(store), block_(block), reduction_(reduction) {}

  float* destination(std::size_t slot) override { return store_.destination(slot); }
  void emit(std::size_t slot, std::size_t offset, const float* gradient, std::size_t count) override {
    store_.emit(slot, offset, gradient, count);
  }
  bool take_factors(std::size_t slot, const GradientFactors& factors) override {
    return reduction_.take_factors(slot, factors, block_.of(slot));
  }
  void complete(std::size_t slot) override { reduction_.start(slot, block_.of(slot)); }

 private:
  GradientPolicy& store_;
  const GradientBlock& block_;
  Reduction& reduction_;
};

}  // namespace xstitch::inline XSTITCH_ISA
