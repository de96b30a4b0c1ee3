#pragma once
/// \file
/// The losses of the heads in one step: their run-time weights, what each is divided by, and their sums over the slices
/// of a batch,
///
///     total = sum over heads of  weight of its type x run-time weight x (sum over all slices / normaliser)

#include <xstitch/run/any_net.hpp>
#include <xstitch/run/reduction.hpp>
#include <xstitch/run/training_pass.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class HeadLosses {
 public:
  XSTITCH_INLINE HeadLosses(const AnyNet& net, StepResult& result)
      : net_(net), result_(result), weights_(net.heads().size(), 1.0F), normalisers_(weights_.size(), 0.0) {
    result_.losses.resize(weights_.size());
  }

  [[nodiscard]] std::span<const float> weights() const noexcept { return {weights_.data(), weights_.size()}; }
  [[nodiscard]] const std::vector<double>& normalisers() const noexcept { return normalisers_; }
  XSTITCH_INLINE void set_weight(std::size_t head, float weight) {
    if (head >= weights_.size()) fail("the network has ", weights_.size(), " heads, asked for number ", head);
    if (!(weight >= 0.0F) || !std::isfinite(weight))
      fail("weight of head '", net_.heads()[head].name(), "': found ", weight,
           ", expected a finite number of at least 0");
    weights_[head] = weight;
  }

  /// For a whole rule of weights (run/balancing.hpp).
  void set_weights(std::span<const double> weights) {
    for (std::size_t h = 0; h < weights_.size(); ++h) set_weight(h, static_cast<float>(weights[h]));
  }
  /// The loss of a head, with the weight of its type, from its sum over the batch; 0 without labels.
  [[nodiscard]] double share(std::size_t head, double sum) const {
    return static_cast<double>(net_.heads()[head].weight) * LossSum{sum, normalisers_[head]}.value();
  }
  /// The total once more, after the weights changed.
  double add_up() {
    result_.total = 0.0;
    for (std::size_t h = 0; h < weights_.size(); ++h) result_.total += weight(h) * result_.losses[h].value();
    return result_.total;
  }

  /// Before the first slice of a batch of so many samples in all: what its losses are divided by, added slice by slice,
  /// and an empty result.
  XSTITCH_INLINE void begin(const TrainingPass& pass, const Batch& batch, Slices& slices, const Share& share,
                            std::size_t samples, Reduction* ranks, ThreadPool& threads) {
    result_.finite = true;
    result_.torn = false;
    result_.location.clear();
    result_.total = 0.0;
    check_labels(net_.layout(), Slice(batch));
    const std::size_t heads = normalisers_.size(), rounds = share.rounds(samples);
    sums_.assign(rounds * heads, 0.0);
    for (std::size_t k = 0; k < rounds; ++k) {
      const Slice part = slices.cut(net_.layout(), batch, share, samples, k);
      for (std::size_t h = 0; h < heads && part.size > 0; ++h) sums_[k * heads + h] = pass.normaliser(h, part, threads);
    }
    gather(ranks);
    for (std::size_t h = 0; h < heads; ++h) {
      normalisers_[h] = 0.0;
      for (std::size_t k = 0; k < rounds; ++k)
        for (std::size_t r = 0; r < share.ranks; ++r) normalisers_[h] += all_[(r * rounds + k) * heads + h];
      result_.losses[h] = {0.0, normalisers_[h]};
    }
  }
  /// Marks of these heads, for TrainingPass::backward; none: all. Valid until the next call.
  std::span<const std::uint8_t> marks(std::span<const std::size_t> heads) {
    if (heads.empty()) return {};
    marks_.assign(weights_.size(), 0);
    for (const std::size_t h : heads) {
      if (h >= marks_.size()) fail("the network has ", marks_.size(), " heads, asked for number ", h);
      marks_[h] = 1;
    }
    return {marks_.data(), marks_.size()};
  }

  /// After the forward pass of a slice. Whether the step is refused, by this rank or by another.
  XSTITCH_INLINE bool add(const std::vector<LossSum>& losses, bool refused, Reduction* ranks) {
    sums_.clear();
    for (const LossSum& loss : losses) sums_.push_back(loss.sum);
    sums_.push_back(refused ? 1.0 : 0.0);
    gather(ranks);
    for (std::size_t r = 0; r < all_.size(); r += sums_.size()) {
      for (std::size_t h = 0; h < normalisers_.size(); ++h) result_.losses[h].sum += all_[r + h];
      refused = refused || all_[r + normalisers_.size()] != 0.0;
    }
    add_up();
    return refused;
  }
  /// Sums of a slice onto `to`, those of the other ranks too.
  XSTITCH_INLINE void add_sums(const std::vector<LossSum>& losses, std::vector<double>& to, Reduction* ranks) {
    sums_.clear();
    for (const LossSum& loss : losses) sums_.push_back(loss.sum);
    gather(ranks);
    for (std::size_t i = 0; i < all_.size(); ++i) to[i % to.size()] += all_[i];
  }
  /// Whether these losses of a slice make a finite total.
  [[nodiscard]] bool finite(const std::vector<LossSum>& losses) const {
    double total = 0.0;
    for (std::size_t h = 0; h < losses.size(); ++h) total += weight(h) * losses[h].value();
    return std::isfinite(total);
  }

 private:
  [[nodiscard]] double weight(std::size_t h) const { return static_cast<double>(net_.heads()[h].weight * weights_[h]); }

  void gather(Reduction* ranks) {
    if (ranks == nullptr) return all_.assign(sums_.begin(), sums_.end());
    all_.resize(ranks->ranks() * sums_.size());
    ranks->gather(sums_, all_);
  }

  const AnyNet& net_;
  StepResult& result_;
  std::vector<float> weights_;       ///< [head]
  std::vector<double> normalisers_;  ///< [head]
  std::vector<double> sums_, all_;   ///< of this rank, and [rank] of all
  std::vector<std::uint8_t> marks_;  ///< [head]
};

}  // namespace xstitch::inline XSTITCH_ISA
