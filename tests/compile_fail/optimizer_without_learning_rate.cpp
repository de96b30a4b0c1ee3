// An optimizer that lacks a member of the concept is refused with the member named.
// expect: (constraint|no matching|no known conversion|could not convert)
// expect: optimizer\.learning_rate
#include <xstitch/core/optimizer.hpp>

struct Rule {
  static constexpr std::size_t state_count = 0;
#ifndef WRONG
  float learning_rate = 0.1F;
#endif
  void update(const xstitch::UpdateCall&) const {}
  xstitch::Multipliers multipliers(xstitch::ParameterGroup) const { return {}; }
};

inline xstitch::OptimizerRef refer(const Rule& rule) { return xstitch::OptimizerRef(rule); }
