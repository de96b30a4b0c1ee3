#pragma once
/// \file
/// The work of check_gradients.hpp.

#include <xstitch/layers/gradient_report.hpp>
#include <xstitch/layers/run_operation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class Op, auto In>
class GradientChecker {
  using Run = RunOperation<Op, In>;
  static constexpr std::size_t inputs = Run::input_count, outputs = Run::output_count,
                               parameters = Run::parameter_count;

 public:
  explicit GradientChecker(const GradientCheckOptions& options) : options_(options), key_(options.seed) {}

  GradientReport check() {
    Run run(how({}));
    expected_ = run_once(run, {});
    check_inputs(run);
    compare_with_numbers(run);
    if (options_.same_bits_on_threads) compare_run({.threads = 3}, "on three threads");
    if constexpr (traits::in_place<Op> || traits::gradient_in_place<Op>) compare_run({.in_place = true}, "in place");
    if constexpr (traits::updates_buffers<Op>) compare_run({.updates_in_place = true}, "with buffers updated in place");
    if constexpr (parameters > 0) compare_run({.unwanted_inputs = all}, "without the gradients of inputs");
    for (std::size_t k = 0; inputs > 1 && k < inputs; ++k)
      compare_run({.unwanted_inputs = bit(k)}, "without the gradient of input " + std::to_string(k));
    if constexpr (traits::streams_gradients<Op>) {
      compare_run({.emit_gradients = true}, "emitted in chunks");
      compare_run({.unwanted_parameters = all}, "without the gradients of parameters");
      for (std::size_t p = 0; parameters > 1 && p < parameters; ++p) {
        compare_run({.unwanted_parameters = bit(p)}, "without the gradient of " + name(p));
        compare_run({.emit_gradients = true, .unwanted_parameters = bit(p)},
                    "emitted in chunks without the gradient of " + name(p));
      }
    }
    return report_;
  }

 private:
  /// What a run came to.
  struct Tensor {
    std::string what;
    std::vector<float> values;  ///< integers too, bit by bit
    bool wanted = true;
  };
  static constexpr std::uint64_t all = ~std::uint64_t{0};
  static constexpr std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }

  [[nodiscard]] static bool trained(std::size_t i) { return Run::specs()[i].group != ParameterGroup::buffer; }
  [[nodiscard]] static std::string name(std::size_t i) { return std::string(Run::specs()[i].name); }
  [[nodiscard]] static std::string input_name(std::size_t k) {
    return inputs == 1 ? "input" : "input " + std::to_string(k);
  }
  RunOptions how(RunOptions options) const {
    options.batch = options_.batch;
    options.seed = options_.seed;
    return options;
  }
  void prepare(Run& run) {
    for (std::size_t k = 0; k < inputs; ++k) {
      static_assert(
          std::ranges::none_of(In.items, [](const TensorShape& t) { return t.element == ElementType::bfloat16; }),
          "xstitch: the gradient checker has no inputs of bfloat16");
      if (In[k].element == ElementType::float32) {
        draw_input(run.input(k), options_.input, k, inputs, options_.step, key_);
      } else {
        const std::span<std::int32_t> values = run.template input<std::int32_t>(k);
        std::ranges::fill(values, 0);
        if (options_.fill_integers) options_.fill_integers(k, values);
      }
    }
    run.initialize();
    for (std::size_t p = 0; p < parameters; ++p) {
      if (!trained(p)) continue;  // a variance must stay positive
      const RandomKey noise = key_.with("noise").with(p);
      const std::span<float> values = run.parameter(p);
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = on_exact_grid(values[i] + noise.uniform(i, -options_.parameter_noise, options_.parameter_noise));
    }
  }
  /// r: dL/dy of output k.
  void draw_weights(std::span<float> to, std::size_t k) {
    const RandomKey key = k == 0 ? key_.with("loss") : key_.with("loss").with(k);
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = key.uniform(i, -1.0F, 1.0F);
    weights_[k].assign(to.begin(), to.end());
  }

  /// Forward and backward, and all that they wrote; `options` says which gradients nobody wants.
  std::vector<Tensor> run_once(Run& run, const RunOptions& options) {
    std::vector<Tensor> written;
    const auto add = [&](std::string what, std::span<const float> values, bool wanted = true) {
      written.push_back({std::move(what), {values.begin(), values.end()}, wanted});
    };
    prepare(run);
    run.forward();
    for (std::size_t k = 0; k < outputs; ++k) {
      add("output " + std::to_string(k), run.output(k));
      if (Run::out[k].element == ElementType::float32 && !finite(run.output(k)))
        note("forward did not write all of its output, or wrote a value that is not finite");
    }
    for (std::size_t p = 0; p < parameters; ++p) {
      if (trained(p) || !traits::updates_buffers<Op>) continue;
      add("update of " + name(p), run.buffer_update(p));
      if (!finite(run.buffer_update(p)))
        note("forward did not write all that " + name(p) + " is to become, or a value that is not finite");
    }
    for (std::size_t k = 0; k < outputs; ++k)  // not before: in place they may lie where an input was
      if (Run::out[k].differentiable) draw_weights(run.output_gradient(k), k);
    const std::vector<std::byte> saved(run.saved().begin(), run.saved().end());
    run.backward();
    if (!std::ranges::equal(saved, run.saved())) note("backward changed the saved memory");
    for (std::size_t k = 0; k < inputs; ++k)
      if (Run::differentiable(k))
        add("gradient of " + input_name(k), run.input_gradient(k), (options.unwanted_inputs & bit(k)) == 0);
    for (std::size_t p = 0; p < parameters; ++p)
      if (trained(p))
        add("gradient of parameter " + name(p), run.parameter_gradient(p), (options.unwanted_parameters & bit(p)) == 0);
    note(run.fault());
    return written;
  }

  /// That forward leaves inputs and parameters alone.
  void check_inputs(Run& run) {
    prepare(run);
    run.forward();
    Run untouched(how({}));
    prepare(untouched);
    for (std::size_t k = 0; k < inputs; ++k)
      if (!same<std::byte>(run.template input<std::byte>(k), untouched.template input<std::byte>(k)))
        note("forward changed its " + input_name(k));
    for (std::size_t p = 0; p < parameters; ++p)
      if (!same<float>(run.parameter(p), untouched.parameter(p))) note("forward changed parameter " + name(p));
  }
  static bool finite(std::span<const float> values) {
    return std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
  }

  double loss(Run& run) {
    run.forward();
    double sum = 0.0, squares = 0.0;
    for (std::size_t k = 0; k < outputs; ++k)
      for (std::size_t i = 0; i < weights_[k].size(); ++i) {
        const double term = static_cast<double>(weights_[k][i]) * static_cast<double>(run.output(k)[i]);
        sum += term;
        squares += term * term;
      }
    loss_size_ = std::sqrt(squares);
    return sum;
  }

  void compare_with_numbers(Run& run) {
    prepare(run);  // backward may have used up the inputs
    for (std::size_t k = 0; k < inputs; ++k)
      if (Run::differentiable(k))
        compare_tensor(run, input_name(k), run.input(k), expected("gradient of " + input_name(k)));
    for (std::size_t p = 0; p < parameters; ++p)
      if (trained(p)) compare_tensor(run, name(p), run.parameter(p), expected("gradient of parameter " + name(p)));
  }
  [[nodiscard]] const std::vector<float>& expected(const std::string& what) const {
    return std::ranges::find(expected_, what, &Tensor::what)->values;
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
    // Differences as small as the rounding of the outputs are no error: a gradient may be zero throughout.
    const double rounding = 2.0 * 0x1p-24 * loss_size_ / h;
    entry.error = largest_relative_error(
        given, numeric, std::max(0.1 * std::sqrt(squares / static_cast<double>(count)), rounding / options_.tolerance));
    entry.checked = count;
    if (!(entry.error <= options_.tolerance)) report_.ok = false;
    report_.entries.push_back(entry);
  }

  /// The same numbers in another way: bits, or up to rounding where another gradient is not wanted.
  void compare_run(RunOptions options, const std::string& way) {
    Run run(how(options));
    const std::vector<Tensor> found = run_once(run, options);
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto& [what, values, wanted] = found[i];
      const bool rounds = options.unwanted_parameters != 0;
      if (wanted && !(rounds ? close(values, expected_[i].values) : same<float>(values, expected_[i].values)))
        note("another " + what + " " + way);
    }
  }

  void note(const std::string& problem) {
    if (problem.empty()) return;
    report_.problems.push_back(problem);
    report_.ok = false;
  }
  template <class T>
  static bool same(std::span<const T> a, std::span<const T> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
  }
  static bool close(std::span<const float> a, std::span<const float> b) {
    double largest = 0.0, error = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(b[i])));
      const double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
      if (!(difference <= error)) error = difference;  // NaN sticks
    }
    return error <= 1e-5 * largest;
  }

  GradientCheckOptions options_;
  RandomKey key_;
  GradientReport report_;
  std::array<std::vector<float>, outputs> weights_;
  std::vector<Tensor> expected_;
  double loss_size_ = 0.0;  ///< root of the sum of squares of its terms
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
