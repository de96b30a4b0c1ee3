#pragma once
/// \file
/// The memory plan that keeps everything until the end of a step: backward may then run more than once, from some of
/// the heads. Made at run time, by whom needs it first.

#include <xstitch/weave/program.hpp>

#include <cstddef>
#include <span>

namespace xstitch::inline XSTITCH_ISA {

class KeepingPlan {
 public:
  XSTITCH_INLINE void make(const Program& program) {
    if (made_) return;
    const GraphView graph = program.graph();
    detail::List<bool> needs(graph.tensors.size(), false);
    detail::mark_gradients(graph, {needs.begin(), needs.size()});
    for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
      value_.push_back(nowhere);
      gradient_.push_back(nowhere);
    }
    for (std::size_t e = 0; e < graph.edges.size(); ++e) temporary_.push_back(nowhere);
    for (std::size_t i = 0; i < graph.ops.size(); ++i) kept_.push_back(nowhere);
    const auto all = [](detail::List<std::size_t>& list) { return std::span(list.begin(), list.size()); };
    view_.bytes_per_sample = make_plan(graph, PlanKind::keep_all, {needs.begin(), needs.size()},
                                       {all(value_), all(gradient_), all(temporary_), all(kept_)});
    view_.value = all(value_);
    view_.gradient = all(gradient_);
    view_.temporary = all(temporary_);
    view_.kept = all(kept_);
    made_ = true;
  }
  [[nodiscard]] const PlanView& view() const noexcept { return view_; }

 private:
  detail::List<std::size_t> value_, gradient_, temporary_, kept_;
  PlanView view_;
  bool made_ = false;
};

}  // namespace xstitch::inline XSTITCH_ISA
