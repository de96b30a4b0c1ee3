#pragma once
/// \file
/// Metrics that an evaluation measures beside those that the losses bring: {"tower.head", metric}. They are the user's:
/// what they hold afterwards is of the last evaluation.

#include <xstitch/metrics/metric.hpp>
#include <xstitch/run/layout.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct HeadMetric {
  std::string head;  ///< "tower" or "tower.head"
  std::reference_wrapper<Metric> metric;
};

namespace head_metrics {

/// Refuses a head that is not there, a metric that cannot judge it, and one that is given twice; all forget what they
/// measured before.
XSTITCH_INLINE void begin(const std::vector<HeadMetric>& all, std::span<const HeadSlot> heads) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k)
      if (&all[k].metric.get() == &all[i].metric.get())
        fail("metrics: one metric is given for \"", all[k].head, "\" and for \"", all[i].head,
             "\", expected one for each");
    std::string names;
    bool found = false;
    for (const HeadSlot& head : heads) {
      names += (names.empty() ? "\"" : ", \"") + head.name() + "\"";
      if (head.name() != all[i].head || found) continue;
      found = true;
      try {
        all[i].metric.get().begin(head.label, head.prediction.dims);
      } catch (const Error& error) {
        fail("metrics: head \"", all[i].head, "\": ", error.what());
      }
    }
    if (!found) fail("metrics: no head \"", all[i].head, "\", expected one of ", names);
  }
}

}  // namespace head_metrics
}  // namespace xstitch::inline XSTITCH_ISA
