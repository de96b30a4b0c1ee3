#pragma once
/// \file
/// What an optimizer is: an element-by-element rule over weights, its own state and a gradient. Because the rule is
/// element by element, a training may apply it to each piece of a gradient the moment a layer has made it, or to
/// the stored gradient of the whole network: the bits are the same.
///
///     struct SignSgd {                                    // w -= r sign(g)
///       static constexpr std::size_t state_count = 0;     // arrays of the size of the parameters
///       float learning_rate = 0.001F;
///       void update(const xs::UpdateCall& call) const {
///         for (std::size_t i = 0; i < call.count; ++i)
///           call.weight[i] -= call.learning_rate * (call.gradient[i] > 0 ? 1.0F : call.gradient[i] < 0 ? -1.0F :
///           0.0F);
///       }
///       xs::Multipliers multipliers(xs::ParameterGroup) const { return {1.0F, 0.0F}; }
///     };
///
/// Two more members are optional: `std::string describe() const` (name and settings in one line) and
/// `void check_settings() const`, which throws an Error if a setting is out of its range.

#include <xstitch/core/error.hpp>
#include <xstitch/core/parameter.hpp>

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// One piece of one parameter.
struct UpdateCall {
  float* weight = nullptr;          ///< what is updated, `count` elements
  std::array<float*, 2> state{};    ///< the optimizer's arrays, at the same elements (zero at the start)
  const float* gradient = nullptr;  ///< of the loss, at the same elements
  std::size_t count = 0;            ///< elements of this piece
  float learning_rate = 0.0F;       ///< optimizer's x schedule x group's and parameter's multiplier
  float weight_decay = 0.0F;        ///< optimizer's x group's and parameter's multiplier
  std::uint64_t step = 0;           ///< 0 for the first update
};

/// What a group multiplies the optimizer's learning rate by, and its weight decay in absolute terms.
struct Multipliers {
  float learning_rate = 1.0F;  ///< factor of the optimizer's learning rate
  float weight_decay = 0.0F;   ///< weight decay in absolute terms
};

template <class O>
concept Optimizer = requires(const O& optimizer, const UpdateCall& call, ParameterGroup group) {
  { O::state_count } -> std::convertible_to<std::size_t>;
  { optimizer.learning_rate } -> std::convertible_to<float>;
  { optimizer.multipliers(group) } -> std::convertible_to<Multipliers>;
  optimizer.update(call);
}
&&(O::state_count <= 2);

/// An optimizer that can print its settings. (A concept of its own: clang 16 crashes on a requires expression with a
/// type constraint inside a lambda of a constructor template.)
template <class O>
concept DescribesItself = requires(const O& optimizer) {
  { optimizer.describe() } -> std::convertible_to<std::string>;
};

/// An optimizer that knows the ranges of its settings.
template <class O>
concept ChecksItsSettings = requires(const O& optimizer) {
  optimizer.check_settings();
};

/// Any optimizer after one run-time face (does not own it).
class OptimizerRef {
 public:
  /// Refers to an optimizer, which must outlive it; check_settings() is called if it has one.
  template <Optimizer O>
  OptimizerRef(const O& optimizer)  // NOLINT(google-explicit-constructor)
      : optimizer_(&optimizer),
        state_count_(O::state_count),
        rate_([](const void* o) { return static_cast<float>(static_cast<const O*>(o)->learning_rate); }),
        multipliers_(
            [](const void* o, ParameterGroup g) { return Multipliers(static_cast<const O*>(o)->multipliers(g)); }),
        update_([](const void* o, const UpdateCall& call) { static_cast<const O*>(o)->update(call); }),
        describe_([](const void* o) {
          if constexpr (DescribesItself<O>)
            return std::string(static_cast<const O*>(o)->describe());
          else
            return std::string("optimizer");
        }),
        check_settings_([](const void* o) {
          if constexpr (ChecksItsSettings<O>)
            static_cast<const O*>(o)->check_settings();
          else
            (void)o;
        }) {}

  /// How many arrays of state each parameter has, 0 to 2.
  [[nodiscard]] std::size_t state_count() const noexcept { return state_count_; }
  /// Before schedule and multipliers.
  [[nodiscard]] float learning_rate() const { return rate_(optimizer_); }
  /// For the parameters of a group.
  [[nodiscard]] Multipliers multipliers(ParameterGroup group) const { return multipliers_(optimizer_, group); }
  /// Updates one piece of one parameter, and its state.
  void update(const UpdateCall& call) const { update_(optimizer_, call); }
  /// Name and settings in one line, for logs and to recognise a changed optimizer on resume.
  [[nodiscard]] std::string describe() const { return describe_(optimizer_); }

  /// Throws an Error if a setting is out of its range, or makes a learning rate or weight decay that is not finite.
  XSTITCH_INLINE void check_settings() const {
    check_settings_(optimizer_);
    for (const ParameterGroup group : {ParameterGroup::weight, ParameterGroup::bias, ParameterGroup::stitch}) {
      const Multipliers m = multipliers(group);
      if (!std::isfinite(learning_rate() * m.learning_rate) || !std::isfinite(m.weight_decay))
        fail(describe(), ": found a learning rate of ", learning_rate(), " with multiplier ", m.learning_rate,
             " and weight decay ", m.weight_decay, " for a group of parameters, expected finite numbers");
    }
  }

 private:
  const void* optimizer_;
  std::size_t state_count_;
  float (*rate_)(const void*);
  Multipliers (*multipliers_)(const void*, ParameterGroup);
  void (*update_)(const void*, const UpdateCall&);
  std::string (*describe_)(const void*);
  void (*check_settings_)(const void*);
};

/// A copy of an optimizer, with the reference to it.
template <Optimizer O>
struct OptimizerCopy {
  /// Copies an optimizer.
  explicit OptimizerCopy(const O& original) : optimizer(original) {}
  O optimizer;                        ///< the copy
  OptimizerRef reference{optimizer};  ///< refers to the copy
};

}  // namespace xstitch::inline XSTITCH_ISA
