#pragma once
/// \file
/// A rule for the weights of the heads (run/loss_balance.hpp) at work in a training. What it learns from a step is
/// `next_` until the step is whole.
///
///     begin                 weights from the state; or, where they hang on losses of several slices, from a forward
///                           pass of all of them
///     after the last        losses: those rules learn here that need neither gradients nor the losses after the update
///     forward pass
///     after backward        products of the heads' gradients, and how they are combined
///     after the update      forward once more where the rule needs it; then `next_` is the state

#include <xstitch/run/batch_gradients.hpp>
#include <xstitch/run/head_blocks.hpp>
#include <xstitch/run/loss_balance.hpp>
#include <xstitch/run/step_options.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Balancing : public BetweenPasses {
 public:
  /// Refuses, by name, a network whose losses do not compete for a parameter.
  [[gnu::cold]] XSTITCH_INLINE Balancing(BatchGradients& gradients, const AnyNet& net, LossBalance rule,
                                         std::uint64_t epoch_steps, std::size_t optimizer_states)
      : gradients_(gradients),
        net_(net),
        rule_(std::move(rule)),
        setup_{net.heads(), epoch_steps, optimizer_states},
        reach_(net.layout()),
        blocks_(net.layout(), net.model(), reach_) {
    const std::string_view kind = net.program().kind;
    const std::size_t heads = net.heads().size();
    if (heads == 1)
      fail(kind, ": ", rule_.name(), " weighs the losses of several heads against each other, found one, '",
           net.heads()[0].name(), "'");
    if (net.members() > 1 || !reach_.shares())
      fail(
          kind, ": ", rule_.name(),
          " weighs losses that compete for parameters; here every network is trained by itself, no parameter of one is "
          "reached by a head of another");
    check_shared();
    initial_ = rule_.arrays(setup_);
    weights_.assign(heads, 1.0);
    losses_.assign(heads, 0.0);
    after_.assign(heads, 0.0);
    combination_.assign(heads, 1.0);
    present_.assign(heads, 1);
    reset();
  }

  [[nodiscard]] const LossBalance& rule() const noexcept { return rule_; }
  [[nodiscard]] bool keeps() const override { return rule_.needs().gradients != HeadGradients::unseen; }
  [[nodiscard]] std::span<const BalanceArray> state() const noexcept { return {state_.data(), state_.size()}; }
  void set_state(std::vector<BalanceArray> state) {
    state_ = std::move(state);
    show_weights();
  }
  void reset() { set_state(initial_); }
  [[nodiscard]] std::size_t bytes() const noexcept { return blocks_.bytes(); }

  /// Before each step.
  void prepare(const StepOptions& options, const OptimizerRef* optimizer) {
    step_ = options.step;
    optimizer_ = optimizer;
    learning_rate_ = optimizer != nullptr ? optimizer->learning_rate() * options.learning_rate_factor : 0.0F;
  }

  XSTITCH_INLINE void begin(const Batch& batch, std::size_t slices, ThreadPool& threads) override {
    next_ = state_;
    for (std::size_t h = 0; h < present_.size(); ++h)
      present_[h] = gradients_.heads().normalisers()[h] > 0.0 && net_.heads()[h].weight > 0.0F ? 1 : 0;
    weighed_ = true;
    if (keeps()) {
      check_shared();
      blocks_.begin(gradients_.block(), std::span<const std::uint8_t>(present_.data(), present_.size()));
    }
    if (!rule_.needs().losses_first) return weigh();
    weighed_ = slices > 1;
    if (!weighed_) return;
    gradients_.measure(batch, step_, losses_, threads);
    if (finite(losses_)) weigh();  // if not, the step finds out where
  }

  XSTITCH_INLINE Next forward_done(const Slice& slice, std::size_t number, bool last, ThreadPool& threads) override {
    if (last) {
      for (std::size_t h = 0; h < losses_.size(); ++h)
        losses_[h] = gradients_.heads().share(h, gradients_.result().losses[h].sum);
      if (!weighed_) {
        weigh();
        gradients_.pass().weigh(gradients_.heads().weights());
        if (!std::isfinite(gradients_.heads().add_up())) return refuse("the total of the weighted losses");
      }
      check_losses();
      if (!keeps() && !rule_.needs().losses_after && !learn()) return Next::refused;
    }
    if (!keeps()) return Next::backward;
    Reduction* const ranks = gradients_.reduction();  // adds the slices, where there is one
    for (std::size_t h = 0; h < present_.size(); ++h) {
      if (present_[h] == 0) continue;
      HeadBlocks::Policy policy(blocks_, h, number > 0 && ranks == nullptr);
      const std::size_t head[] = {h};
      if (slice.size > 0) gradients_.pass().backward(slice, policy, gradients_.heads().marks(head), threads);
    }
    for (std::size_t h = 0; h < present_.size() && ranks != nullptr; ++h)
      if (present_[h] != 0) blocks_.reduce(h, *ranks, threads);
    return !last || combine(threads) ? Next::done : Next::refused;
  }

  /// The step is whole.
  void commit(const Batch& batch, ThreadPool& threads) {
    if (rule_.needs().losses_after) {
      gradients_.measure(batch, step_, after_, threads);
      if (!finite(after_)) return;  // the step after this one says so; the rule learns nothing from it
      rule_.update(call());
      if (!first_not_finite().empty()) return;
    }
    std::swap(state_, next_);
  }

 private:
  XSTITCH_INLINE BalanceCall call() {
    const auto values = [](const std::vector<double>& v) { return std::span<const double>(v.data(), v.size()); };
    BalanceCall call;
    call.step = step_;
    call.epoch = setup_.epoch_steps > 0 ? step_ / setup_.epoch_steps : 0;
    call.random = RandomKey(net_.seed()).with(rule_.name()).with(step_);
    call.present = {present_.data(), present_.size()};
    call.losses = values(losses_);
    call.losses_after = values(after_);
    call.products = values(products_);
    call.weights = {weights_.data(), weights_.size()};
    call.combination = {combination_.data(), combination_.size()};
    call.state = {next_.data(), next_.size()};
    call.optimizer = optimizer_;
    call.learning_rate = learning_rate_;
    return call;
  }
  XSTITCH_INLINE void weigh() {
    if (rule_.needs().losses_first) check_losses();
    std::ranges::fill(weights_, 1.0);
    rule_.weigh(call());
    for (std::size_t h = 0; h < weights_.size(); ++h)
      if (!(weights_[h] >= 0.0) || !std::isfinite(static_cast<float>(weights_[h])))
        fail(rule_.name(), ": found a weight of ", weights_[h], " for head '", net_.heads()[h].name(),
             "', expected a finite number of at least 0");
    gradients_.heads().set_weights({weights_.data(), weights_.size()});
  }
  /// What head_weights() says before the next step.
  void show_weights() {
    if (rule_.needs().losses_first) return;
    next_ = state_;
    weigh();
  }
  XSTITCH_INLINE void check_losses() const {
    if (!rule_.needs().positive_losses) return;
    for (std::size_t h = 0; h < losses_.size(); ++h)
      if (losses_[h] < 0.0)
        fail(rule_.name(), ": found a loss of ", losses_[h], " for head '", net_.heads()[h].name(),
             "', expected at least 0");
  }
  XSTITCH_INLINE void check_shared() const {
    if (!keeps()) return;
    const bool norms = rule_.needs().gradients == HeadGradients::norms;
    if (!blocks_.any(norms ? reach_.heads() : 2))
      fail(net_.program().kind, ": ", rule_.name(), " compares gradients of parameters that ",
           norms ? "every head reaches" : "two heads reach", ", found none that is trained");
  }
  bool learn() {
    rule_.update(call());
    const std::string bad = first_not_finite();
    if (bad.empty()) return true;
    refuse(bad);
    return false;
  }
  XSTITCH_INLINE bool combine(ThreadPool& threads) {
    const bool norms = rule_.needs().gradients == HeadGradients::norms;
    blocks_.products(norms ? reach_.heads() : 2, !norms, products_, threads);
    std::ranges::fill(combination_, 1.0);
    // A gradient that is not finite stays so in the sum, where the step finds it.
    if (finite(products_) && !learn()) return false;
    blocks_.combine({combination_.data(), combination_.size()}, threads);
    return true;
  }
  Next refuse(const std::string& location) {
    gradients_.result().finite = false;
    gradients_.result().location = location;
    return Next::refused;
  }
  static bool finite(const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double v) { return std::isfinite(v); });
  }
  /// Of what is learned, in words, or empty.
  [[nodiscard]] XSTITCH_INLINE std::string first_not_finite() const {
    for (const BalanceArray& array : next_)
      for (std::size_t h = 0; h < array.values.size(); ++h)
        if (!std::isfinite(array.values[h]))
          return std::string(rule_.name()) + "'s " + array.name + " of head '" + net_.heads()[h].name() + "'";
    return {};
  }

  BatchGradients& gradients_;
  const AnyNet& net_;
  LossBalance rule_;
  BalanceSetup setup_;
  HeadReach reach_;
  HeadBlocks blocks_;
  std::uint64_t step_ = 0;
  const OptimizerRef* optimizer_ = nullptr;
  float learning_rate_ = 0.0F;
  bool weighed_ = true;  ///< the weights of this step are known
  std::vector<BalanceArray> initial_, state_, next_;
  std::vector<double> weights_, losses_, after_, combination_, products_;  ///< [head]; products [head, head]
  std::vector<std::uint8_t> present_;                                      ///< [head]
};

}  // namespace xstitch::inline XSTITCH_ISA
