#pragma once
/// \file
/// Checks a layer against the contract of layer.hpp, its gradients against numeric ones above all:
///
///     const xs::GradientReport report = xs::check_gradients<MyLayer, xs::Shape<5, 7, 3>>();
///     if (!report.ok) std::cerr << report.text();
///
/// The loss is <r, y> for random weights r, summed in double. Each gradient is compared with the central difference
/// of fourth order, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, over points that floats hold exactly.
///
/// Beyond the numbers: backward overwrites every gradient (they are NaN before) and reads no input, output, saved or
/// scratch memory that the layer says it does not use; nothing outside the given blocks is written; forward leaves the
/// parameters alone, those of ParameterGroup::buffer in training excepted; working in place, on three threads, without
/// an input gradient, and handing gradients over piece by piece all give the same bits.
/// (After the idea of dlib's test_layer.)

#include <xstitch/layers/run_layer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// How the checker draws the input.
enum class CheckedInput : std::uint8_t {
  uniform,         ///< in [-1, 1]
  away_from_zero,  ///< as uniform, but at least 0.1 from 0: for layers with a kink there (ReLU)
  distinct,        ///< any two values at least eight steps apart: for layers that compare values (max pooling)
};

struct GradientOptions {
  std::size_t batch = 3;
  CheckedInput input = CheckedInput::uniform;
  float step = 1.0F / 64.0F;         ///< h; a power of two, so that x + h is exact
  double tolerance = 2e-3;           ///< largest error, relative to the larger of |analytic|, |numeric|, scale / 10
  std::size_t elements = 150;        ///< compared in each tensor (all, if it has fewer)
  float parameter_noise = 0.25F;     ///< random offset on top of initial values, so that no bias is zero
  bool same_bits_on_threads = true;  ///< compare with a run on three threads
  Seed seed{7};
};

/// The result. `ok` says that every error is within the tolerance and that there are no problems.
struct GradientReport {
  struct Entry {
    std::string name;         ///< "input" or the parameter's name
    double error = 0.0;       ///< the largest relative one; NaN if a gradient is not finite
    std::size_t checked = 0;  ///< elements compared
  };
  std::vector<Entry> entries;
  std::vector<std::string> problems;
  bool ok = true;

  [[nodiscard]] std::string text() const {
    std::ostringstream out;
    out << (ok ? "gradients agree" : "gradients are WRONG");
    for (const Entry& entry : entries)
      out << "\n  " << entry.name << ": largest relative error " << entry.error << " over " << entry.checked;
    for (const std::string& problem : problems) out << "\n  " << problem;
    return out.str();
  }
};

namespace detail {

template <Layer L, Dims In>
class GradientChecker {
  using Run = RunLayer<L, In>;

 public:
  explicit GradientChecker(const GradientOptions& options) : options_(options), key_(options.seed) {}

  GradientReport check() {
    Run run({.batch = options_.batch, .seed = options_.seed});
    prepare(run);
    run.forward();
    check_forward(run);
    remember(run.output(), output_);
    run.backward();
    note(run.fault());
    remember(run.input_gradient(), input_gradient_);
    for (std::size_t i = 0; i < Run::parameter_count; ++i) remember(run.parameter_gradient(i), gradients_[i]);
    compare_with_numbers(run);
    if (options_.same_bits_on_threads) compare_run({.threads = 3}, true, "on three threads");
    if constexpr (traits::in_place<L>) compare_run({.in_place = true}, true, "in place");
    if constexpr (Run::parameter_count > 0) compare_run({}, false, "without an input gradient");
    if constexpr (traits::streams_gradients<L>) compare_run({.gradient_by_pieces = true}, true, "by pieces");
    return report_;
  }

 private:
  /// Multiples of 2^-12: adding two steps to them is exact.
  static float on_grid(float x) { return std::round(x * 4096.0F) / 4096.0F; }

  void prepare(Run& run) {
    const std::span<float> x = run.input();
    const RandomKey key = key_.with("input");
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = on_grid(key.uniform(i, -1.0F, 1.0F));
      if (options_.input == CheckedInput::away_from_zero && std::abs(x[i]) < 0.1F) x[i] += x[i] < 0 ? -0.1F : 0.1F;
      x[i] = on_grid(x[i]);
    }
    if (options_.input == CheckedInput::distinct) {
      const auto middle = static_cast<float>(x.size() / 2);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = (static_cast<float>(i) - middle) * 8.0F * options_.step;
      for (std::size_t i = x.size() - 1; i > 0; --i) std::swap(x[i], x[key.below(i, i + 1)]);
    }
    for (std::size_t p = 0; p < Run::parameter_count; ++p) {
      if (Run::specs()[p].group == ParameterGroup::buffer) continue;  // a variance must stay positive
      const RandomKey noise = key_.with("noise").with(p);
      const std::span<float> values = run.parameter(p);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = on_grid(values[i] + noise.uniform(i, -options_.parameter_noise, options_.parameter_noise));
    }
    if (weights_.empty()) {
      weights_.resize(options_.batch * Run::out.size());
      for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] = key_.with("loss").uniform(i, -1.0F, 1.0F);
    }
    std::ranges::copy(weights_, run.output_gradient().begin());
  }

  void check_forward(Run& run) {
    note(run.fault());
    if (std::ranges::any_of(run.output(), [](float y) { return !std::isfinite(y); }))
      note("forward did not write all of its output, or wrote a value that is not finite");
    Run fresh({.batch = options_.batch, .seed = options_.seed});
    prepare(fresh);
    same(run.input(), fresh.input(), "forward changed its input");
    for (std::size_t p = 0; p < Run::parameter_count; ++p)
      if (Run::specs()[p].group != ParameterGroup::buffer)
        same(run.parameter(p), fresh.parameter(p), "forward changed parameter " + std::string(Run::specs()[p].name));
  }

  double loss(Run& run) const {
    run.forward();
    double sum = 0.0;
    const std::span<const float> y = run.output();
    for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(weights_[i]) * static_cast<double>(y[i]);
    return sum;
  }

  void compare_with_numbers(Run& run) {
    prepare_again(run);
    compare_tensor(run, "input", run.input(), input_gradient_);
    for (std::size_t p = 0; p < Run::parameter_count; ++p)
      if (Run::specs()[p].group != ParameterGroup::buffer)
        compare_tensor(run, std::string(Run::specs()[p].name), run.parameter(p), gradients_[p]);
  }

  /// backward may have used up the input; initial values have to be there again before the noise is added.
  void prepare_again(Run& run) {
    for (std::size_t p = 0; p < Run::parameter_count; ++p)
      initialize_layer_parameter<L>(In, p, run.parameter(p).data(), RandomKey(options_.seed).with("fill"));
    prepare(run);
  }

  void compare_tensor(Run& run, const std::string& name, std::span<float> values, const std::vector<float>& analytic) {
    GradientReport::Entry entry{.name = name};
    const std::size_t count = std::min(values.size(), options_.elements);
    std::vector<double> numeric(count), given(count);
    const double h = static_cast<double>(options_.step);
    double squares = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      // Evenly spread over the tensor, at random within each share.
      const std::size_t low = k * values.size() / count, high = (k + 1) * values.size() / count;
      const std::size_t i = low + key_.with(name).below(k, high - low);
      const float x = values[i];
      const auto at = [&](float offset) {
        values[i] = x + offset;
        return loss(run);
      };
      const double near = at(options_.step) - at(-options_.step);
      const double far = at(2 * options_.step) - at(-2 * options_.step);
      values[i] = x;
      numeric[k] = (8.0 * near - far) / (12.0 * h);
      given[k] = static_cast<double>(analytic[i]);
      squares += numeric[k] * numeric[k];
    }
    const double scale = 0.1 * std::sqrt(squares / static_cast<double>(count));
    for (std::size_t k = 0; k < count; ++k) {
      const double size = std::max({std::abs(given[k]), std::abs(numeric[k]), scale, 1e-6});
      const double error = std::abs(given[k] - numeric[k]) / size;
      if (!(error <= entry.error)) entry.error = error;  // in this order, so that NaN sticks
      if (std::isnan(error)) break;
    }
    entry.checked = count;
    if (!(entry.error <= options_.tolerance)) report_.ok = false;
    report_.entries.push_back(entry);
  }

  void compare_run(RunOptions how, bool wants_input_gradient, const std::string& what) {
    how.batch = options_.batch;
    how.seed = options_.seed;
    Run run(how);
    prepare(run);
    run.forward();
    same(run.output(), output_, "another output " + what);
    std::ranges::copy(weights_, run.output_gradient().begin());
    run.backward(wants_input_gradient);
    if (wants_input_gradient) same(run.input_gradient(), input_gradient_, "another input gradient " + what);
    for (std::size_t p = 0; p < Run::parameter_count; ++p)
      if (Run::specs()[p].group != ParameterGroup::buffer)
        same(run.parameter_gradient(p), gradients_[p],
             "another gradient of " + std::string(Run::specs()[p].name) + " " + what);
    note(run.fault());
  }

  static void remember(std::span<const float> from, std::vector<float>& to) { to.assign(from.begin(), from.end()); }
  void note(const std::string& problem) {
    if (problem.empty()) return;
    report_.problems.push_back(problem);
    report_.ok = false;
  }
  void same(std::span<const float> a, std::span<const float> b, const std::string& problem) {
    if (std::memcmp(a.data(), b.data(), a.size_bytes()) != 0) note(problem);
  }

  GradientOptions options_;
  RandomKey key_;
  GradientReport report_;
  std::vector<float> weights_, output_, input_gradient_;
  std::array<std::vector<float>, Run::parameter_count> gradients_;
};

}  // namespace detail

/// See the top of this file. In is a Shape<height, width, channels>.
template <Layer L, class In>
GradientReport check_gradients(const GradientOptions& options = {}) {
  return detail::GradientChecker<L, In::dims>(options).check();
}

}  // namespace xstitch::inline XSTITCH_ISA
