#pragma once
/// \file
/// What a rule is that weighs the losses of the heads against each other while they are trained,
///
///     total = sum over heads h of  w_h L_h,          L_h the loss of head h with the weight of its type (Weighted)
///
/// A rule is a struct of settings; nothing is derived from. What it learns lies in arrays with an element a head, which
/// checkpoints keep. So a rule is three functions of what a step shows it:
///
///     struct Equal {                                                       // w_h = 1 / L_h
///       static constexpr std::string_view name = "Equal";
///       static constexpr xs::BalanceNeeds needs{.losses_first = true, .positive_losses = true};
///       std::vector<xs::BalanceArray> arrays(const xs::BalanceSetup&) const { return {}; }
///       void weigh(const xs::BalanceCall& call) const {                    // before backward: this step's weights
///         for (std::size_t h = 0; h < call.weights.size(); ++h)
///           if (call.present[h]) call.weights[h] = 1.0 / call.losses[h];
///       }
///       void update(const xs::BalanceCall&) const {}                       // what is learned from this step
///       std::string describe() const { return "Equal"; }                   // name and settings, for a resume
///     };
///
/// Optional: `void check(const BalanceSetup&) const`, which throws an Error if a setting is out of its range. All of it
/// acts on the whole batch, whatever its slices and ranks. What a rule changes is kept only if the step is whole.

#include <xstitch/core/batch.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/core/random.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What a rule is shown of each head's own gradient: then backward runs once a head.
enum class HeadGradients : std::uint8_t {
  unseen,
  norms,     ///< squared norms, over the parameters that every head reaches
  products,  ///< scalar products of every two, over the parameters that two heads or more reach
};

/// When a rule is called, and with what.
struct BalanceNeeds {
  bool losses_first = false;  ///< the weights of a step hang on its own losses
  bool losses_after = false;  ///< update() is called after the parameters': forward runs once more, on the same batch
  bool positive_losses = false;                     ///< a loss below 0 is an Error
  HeadGradients gradients = HeadGradients::unseen;  ///< what it wants to know of gradients
};

/// What a rule has learned, by a name.
struct BalanceArray {
  std::string name;            ///< of the array
  std::vector<double> values;  ///< [head]
};

/// What is known before the first step.
struct BalanceSetup {
  std::span<const HeadSlot> heads;   ///< of the network
  std::uint64_t epoch_steps = 0;     ///< steps an epoch; 0: not known
  std::size_t optimizer_states = 0;  ///< arrays of the training's optimizer
};

/// One step.
struct BalanceCall {
  std::uint64_t step = 0;                 ///< from 0
  std::uint64_t epoch = 0;                ///< from 0
  RandomKey random{};                     ///< of the network's seed, the rule and the step
  std::span<const std::uint8_t> present;  ///< [head]: has valid labels in this batch, and a weight by its type
  std::span<const double> losses;         ///< [head]: L_h; in weigh() only if the rule needs losses_first
  std::span<const double> losses_after;   ///< [head]: the same batch after the update, if the rule needs them
  std::span<const double> products;       ///< [head, head]: of the gradients of w_h L_h, if the rule needs them
  std::span<double> weights;              ///< [head]: w_h; weigh() writes them (1 at the start), update() reads them
  /// [head]: how much of each w_h L_h enters the gradient of the parameters that two heads or more reach; 1 unless
  /// update() writes another.
  std::span<double> combination;
  std::span<BalanceArray> state;            ///< what the rule has learned, to read and write
  const OptimizerRef* optimizer = nullptr;  ///< the training's
  float learning_rate = 0.0F;               ///< optimizer's x schedule
};

template <class R>
concept BalanceRule = requires(const R& rule, const BalanceSetup& setup, const BalanceCall& call) {
  { R::name } -> std::convertible_to<std::string_view>;
  { R::needs } -> std::convertible_to<BalanceNeeds>;
  { rule.arrays(setup) } -> std::same_as<std::vector<BalanceArray>>;
  rule.weigh(call);
  rule.update(call);
  { rule.describe() } -> std::convertible_to<std::string>;
};

template <class R>
concept ChecksItsSetup = requires(const R& rule, const BalanceSetup& setup) {
  rule.check(setup);
};

/// Any rule after one run-time face, or none. Keeps a copy of the settings.
class LossBalance {
 public:
  LossBalance() = default;
  /// Copies a rule.
  template <BalanceRule R>
  LossBalance(const R& rule)  // NOLINT(google-explicit-constructor)
      : rule_(std::make_shared<const R>(rule)), functions_(&functions_of<R>) {}

  /// Whether there is one.
  [[nodiscard]] bool given() const noexcept { return rule_ != nullptr; }
  /// The rule's name.
  [[nodiscard]] std::string_view name() const { return functions_->name; }
  /// What the rule reads.
  [[nodiscard]] BalanceNeeds needs() const { return functions_->needs; }
  /// Name and settings in one line, or "none".
  [[nodiscard]] std::string describe() const { return given() ? functions_->describe(rule_.get()) : "none"; }
  /// What the rule learns, as it is at the start.
  [[nodiscard]] std::vector<BalanceArray> arrays(const BalanceSetup& setup) const {
    functions_->check(rule_.get(), setup);
    return functions_->arrays(rule_.get(), setup);
  }
  /// Writes the weights of a step.
  void weigh(const BalanceCall& call) const { functions_->weigh(rule_.get(), call); }
  /// Lets the rule learn from a step.
  void update(const BalanceCall& call) const { functions_->update(rule_.get(), call); }

 private:
  struct Functions {
    std::string_view name;
    BalanceNeeds needs;
    std::string (*describe)(const void*);
    void (*check)(const void*, const BalanceSetup&);
    std::vector<BalanceArray> (*arrays)(const void*, const BalanceSetup&);
    void (*weigh)(const void*, const BalanceCall&);
    void (*update)(const void*, const BalanceCall&);
  };
  template <class R>
  static void check(const void* rule, const BalanceSetup& setup) {
    if constexpr (ChecksItsSetup<R>) static_cast<const R*>(rule)->check(setup);
  }
  template <class R>
  static constexpr Functions functions_of{
      R::name,
      R::needs,
      [](const void* rule) { return std::string(static_cast<const R*>(rule)->describe()); },
      &check<R>,
      [](const void* rule, const BalanceSetup& setup) { return static_cast<const R*>(rule)->arrays(setup); },
      [](const void* rule, const BalanceCall& call) { static_cast<const R*>(rule)->weigh(call); },
      [](const void* rule, const BalanceCall& call) { static_cast<const R*>(rule)->update(call); }};

  std::shared_ptr<const void> rule_;
  const Functions* functions_ = nullptr;
};

}  // namespace xstitch::inline XSTITCH_ISA
