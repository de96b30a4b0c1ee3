#pragma once
/// \file
/// Checks the gradients of a whole network against numeric differences: every parameter, alphas included.
///
///     NetworkGradientReport r = check_network_gradients(net, batch, threads);   r.ok, r.worst, r.text
///
/// The loss is a sum of float activations, so differences are noisy: a parameter's error is measured against the
/// largest gradient of that parameter, and elements at which the loss has a kink (Relu, max pooling) are recognised by
/// two steps that disagree, and left out; at most a tenth of the elements may be.

#include <xstitch/core/number_text.hpp>
#include <xstitch/run/training.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// What check_network_gradients() found.
struct NetworkGradientReport {
  bool ok = true;                      ///< whether all agree
  double worst = 0.0;                  ///< largest relative error
  std::size_t checked = 0, kinks = 0;  ///< elements that were compared, and that lay at a kink of the function
  std::string text;                    ///< one line a parameter that is wrong
};

/// How strictly it compares.
struct NetworkCheckOptions {
  double tolerance = 2e-2;    ///< largest relative error
  float step = 4e-3F;         ///< half the distance of the numeric difference
  std::size_t elements = 24;  ///< at most so many of each parameter, spread evenly
};

/// Compares gradients of the whole network with numeric differences of its loss.
XSTITCH_INLINE NetworkGradientReport check_network_gradients(AnyNet& net, const Batch& batch, ThreadPool& threads,
                                                             const NetworkCheckOptions& options = {}) {
  NetworkGradientReport report;
  Training training(net);
  const StepResult& first = training.compute_gradients(batch, 0, threads);
  if (!first.finite) {
    report.ok = false;
    report.text = "the loss is not finite";
    return report;
  }
  // What rounding of the loss alone makes of a difference. A parameter whose largest gradient is below it (a bias
  // before BatchNorm: truly zero) is measured against it; all others against themselves.
  const double total = std::abs(first.total);
  const double noise = 8.0 * static_cast<double>(std::numeric_limits<float>::epsilon()) * std::max(1.0, total) /
                       static_cast<double>(options.step);
  std::vector<std::vector<float>> analytic;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    analytic.emplace_back();
    if (net.parameters()[i].spec.group == ParameterGroup::buffer) continue;
    const auto g = training.gradient(i);
    analytic.back().assign(g.begin(), g.end());
  }
  const auto slope = [&](float* weight, float step) {
    const float kept = *weight;
    *weight = kept + step;
    const float up = *weight;
    const double high = training.compute_gradients(batch, 0, threads).total;
    *weight = kept - step;
    const float down = *weight;
    const double low = training.compute_gradients(batch, 0, threads).total;
    *weight = kept;
    return (high - low) / (static_cast<double>(up) - static_cast<double>(down));
  };
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const ParameterSlot& slot = net.parameters()[i];
    if (slot.spec.group == ParameterGroup::buffer) continue;
    const auto values = net.mutable_parameter(i);
    double scale = 0.0;
    for (const float g : analytic[i]) scale = std::max(scale, std::abs(static_cast<double>(g)));
    const std::size_t count = std::min(options.elements, slot.count);
    double worst = 0.0;
    std::size_t at_worst = 0;
    double numeric_at_worst = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t e = k * slot.count / count;
      const double wide = slope(&values[e], options.step);
      const double narrow = slope(&values[e], options.step / 2);
      const double size = std::max({scale, std::abs(wide), scale < noise ? noise / options.tolerance : 1e-4});
      ++report.checked;
      if (std::abs(wide - narrow) > options.tolerance * size) {
        ++report.kinks;
        continue;
      }
      const double error = std::abs(narrow - static_cast<double>(analytic[i][e])) / size;
      if (error > worst) {
        worst = error;
        at_worst = e;
        numeric_at_worst = narrow;
      }
    }
    report.worst = std::max(report.worst, worst);
    if (worst > options.tolerance) {
      report.ok = false;
      report.text += slot.name + "[" + std::to_string(at_worst) + "]: " + number_text(analytic[i][at_worst], 6) +
                     ", by differences " + number_text(numeric_at_worst, 6) + "\n";
    }
  }
  if (report.checked == 0 || report.kinks * 10 > report.checked) {
    report.ok = false;
    report.text += std::to_string(report.kinks) + " of " + std::to_string(report.checked) +
                   " elements lie at kinks: too many to judge\n";
  }
  return report;
}

}  // namespace xstitch::inline XSTITCH_ISA
