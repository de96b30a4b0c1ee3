#pragma once
/// \file
/// Learning rate and weight decay of parameters by name, for one training. Of a parameter with the multipliers r and d
/// of the last patterns that match it (core/name_pattern.hpp),
///
///     learning rate = optimizer's x schedule x group's x layer's x r       (1 where no pattern matches)
///     weight decay  = optimizer's x d                                      (the group's x layer's where none matches)
///
/// so that a bias keeps its own multiple of the learning rate under {"upper.*", 0.1}, and {"*.bias", 1} or
/// {"*.norm.weight", 1} lets decay what the group or the layer would not. The optimizer's weight decay is that of the
/// group `weight`. A multiplier of 0 still makes the gradient: AnyNet::set_trained(pattern, false) does not.

#include <xstitch/core/error.hpp>
#include <xstitch/core/name_pattern.hpp>
#include <xstitch/core/number_text.hpp>
#include <xstitch/core/optimizer.hpp>
#include <xstitch/run/parameters.hpp>

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A factor for the parameters that a pattern matches.
struct NameMultiplier {
  std::string pattern;
  float factor = 1.0F;
};
using NameMultipliers = std::vector<NameMultiplier>;  ///< of several that match, the last counts

/// Both kinds, as a training takes them.
struct ParameterMultipliers {
  NameMultipliers learning_rate{};
  NameMultipliers weight_decay{};
};

namespace parameter_multipliers {

/// Refuses a pattern that matches no parameter, and a factor below 0 or not finite. `what` says whose they are.
XSTITCH_INLINE void check(std::string_view what, const NameMultipliers& all, const Parameters& parameters) {
  for (const NameMultiplier& one : all) {
    if (!(one.factor >= 0.0F) || !std::isfinite(one.factor))
      fail(what, ": found a factor of ", one.factor, " for \"", one.pattern,
           "\", expected a finite number of at least 0");
    const std::vector<std::string> names = parameters.trainable_names();
    bool found = false;
    for (const std::string& name : names) found = found || name_pattern::matches(one.pattern, name);
    if (!found)
      fail(what, ": no parameter that can be trained matches \"", one.pattern, "\"; the nearest names are ",
           name_pattern::nearest(one.pattern, names));
  }
}
inline void check(const ParameterMultipliers& all, const Parameters& parameters) {
  check("learning_rate_multipliers", all.learning_rate, parameters);
  check("weight_decay_multipliers", all.weight_decay, parameters);
}

XSTITCH_INLINE std::optional<float> last_match(const NameMultipliers& all, std::string_view name) {
  std::optional<float> factor;
  for (const NameMultiplier& one : all)
    if (name_pattern::matches(one.pattern, name)) factor = one.factor;
  return factor;
}

/// What the parameters named by patterns multiply by, [parameter].
class Resolved {
 public:
  Resolved() = default;
  XSTITCH_INLINE Resolved(const ParameterMultipliers& all, const Parameters& parameters) {
    check(all, parameters);
    for (const ParameterSlot& slot : parameters.slots())
      factors_.push_back({last_match(all.learning_rate, slot.name), last_match(all.weight_decay, slot.name)});
  }
  /// Learning rate and weight decay of a parameter, from those that group and layer give it.
  [[nodiscard]] Multipliers apply(std::size_t slot, Multipliers rates, float optimizer_weight_decay) const {
    if (factors_.empty()) return rates;
    const Factors& own = factors_[slot];
    if (own.learning_rate) rates.learning_rate *= *own.learning_rate;
    if (own.weight_decay) rates.weight_decay = optimizer_weight_decay * *own.weight_decay;
    return rates;
  }

 private:
  struct Factors {
    std::optional<float> learning_rate, weight_decay;
  };
  std::vector<Factors> factors_;
};

/// upper.* x 0.1, *.bias x 2 -- as a resume compares them.
XSTITCH_INLINE std::string to_text(const NameMultipliers& all) {
  std::string text;
  for (const NameMultiplier& one : all)
    text += (text.empty() ? "" : ", ") + one.pattern + " x " + number_text(one.factor, 9);  // told from its neighbour
  return text;
}

}  // namespace parameter_multipliers
}  // namespace xstitch::inline XSTITCH_ISA
