#pragma once
// Runs a loss outside a network, and the checks that every loss must pass.

#include <doctest/doctest.h>
#include <xstitch/layers/fenced_block.hpp>
#include <xstitch/layers/invoke.hpp>
#include <xstitch/losses/loss_support.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace loss_test {

namespace xs = xstitch;

struct Result {
  xs::LossSum loss;
  std::vector<float> gradient;
  std::vector<std::vector<float>> parameter_gradients;
};

/// Initial values of a loss's parameters (made once: learning a codebook takes a while).
template <class Loss, xs::Dims In>
const std::vector<std::vector<float>>& default_parameters() {
  static const std::vector<std::vector<float>> values = [] {
    std::vector<std::vector<float>> all;
    const auto specs = xs::traits::parameters<Loss>(In);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      all.emplace_back(specs[i].extents.count());
      xs::invoke::initialize<Loss>(In, i, all[i].data(), xs::RandomKey{});
    }
    return all;
  }();
  return values;
}

inline std::vector<const float*> pointers_to(const std::vector<std::vector<float>>& parameters) {
  std::vector<const float*> pointers;
  for (const auto& parameter : parameters) pointers.push_back(parameter.data());
  return pointers;
}

/// As the engine does: the normaliser, forward, backward. Gradients start as NaN, so that an element that is not
/// written shows; memory is fenced; evaluation (nothing saved) gives the same sum.
template <class Loss, xs::Dims In>
Result run(const std::vector<float>& input, const xs::LabelBatch& labels, std::size_t threads = 1, float weight = 1.0F,
           const std::vector<std::vector<float>>& parameters = default_parameters<Loss, In>()) {
  xs::ThreadPool pool(threads);
  const std::vector<const float*> pointers = pointers_to(parameters);
  const std::size_t batch = input.size() / In.size();
  const xs::FencedBlock saved(xs::traits::saved<Loss>(In).bytes(batch));
  const xs::FencedBlock kept(xs::traits::keeps_in_gradient<Loss> ? input.size() * sizeof(float) : 0);
  const xs::FencedBlock workspace(xs::traits::workspace<Loss>(In).bytes(batch));
  const xs::FencedBlock gradient(input.size() * sizeof(float));
  Result result;
  std::vector<float*> parameter_gradients;
  const auto specs = xs::traits::parameters<Loss>(In);
  for (std::size_t i = 0; i < specs.size(); ++i)
    result.parameter_gradients.emplace_back(specs[i].extents.count(), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < specs.size(); ++i)
    parameter_gradients.push_back(specs[i].group == xs::ParameterGroup::buffer ? nullptr
                                                                               : result.parameter_gradients[i].data());

  result.loss.normaliser =
      Loss::template normaliser<In>({.batch = batch, .labels = labels, .parameters = pointers.data(), .threads = pool});
  xs::ForwardCall forward{.batch = batch,
                          .input = input.data(),
                          .parameters = pointers.data(),
                          .workspace = workspace.data(),
                          .threads = pool,
                          .labels = &labels};
  const double evaluated = Loss::template forward<In>(forward);
  forward.saved = saved.data();
  forward.kept = kept.floats().data();
  forward.training = true;
  result.loss.sum = Loss::template forward<In>(forward);
  CHECK(std::memcmp(&evaluated, &result.loss.sum, sizeof(evaluated)) == 0);

  const double normaliser = result.loss.normaliser;
  xs::BackwardCall backward{
      .batch = batch,
      .input = xs::traits::reads_input<Loss> ? input.data() : nullptr,
      .input_gradient = gradient.floats().data(),
      .parameters = pointers.data(),
      .parameter_gradients = parameter_gradients.data(),
      .saved = saved.data(),
      .kept = kept.floats().data(),
      .workspace = workspace.data(),
      .threads = pool,
      .labels = &labels,
      .loss_scale = normaliser > 0.0 ? static_cast<float>(static_cast<double>(weight) / normaliser) : 0.0F};
  Loss::template backward<In>(backward);
  result.gradient.assign(gradient.floats().begin(), gradient.floats().end());
  if (xs::traits::keeps_in_gradient<Loss>) {  // the gradient may lie where forward kept what it is made of
    backward.input_gradient = kept.floats().data();
    Loss::template backward<In>(backward);
    CHECK(std::memcmp(kept.floats().data(), gradient.floats().data(), input.size() * sizeof(float)) == 0);
  }
  CHECK((saved.intact() && kept.intact() && workspace.intact() && gradient.intact()));
  return result;
}

template <class Loss, xs::Dims In>
std::vector<float> predict(const std::vector<float>& input,
                           const std::vector<std::vector<float>>& parameters = default_parameters<Loss, In>()) {
  using Prediction = typename Loss::Prediction;
  xs::ThreadPool pool(2);
  const std::vector<const float*> pointers = pointers_to(parameters);
  const std::size_t batch = input.size() / In.size();
  const xs::FencedBlock output(batch * Prediction::output_shape(In).size() * sizeof(float));
  const xs::FencedBlock workspace(xs::traits::workspace<Prediction>(In).bytes(batch));
  Prediction::template forward<In>({.batch = batch,
                                    .input = input.data(),
                                    .output = output.floats().data(),
                                    .parameters = pointers.data(),
                                    .workspace = workspace.data(),
                                    .threads = pool});
  CHECK(output.intact());
  return {output.floats().begin(), output.floats().end()};
}

inline void check_close(std::span<const float> found, std::span<const float> expected, float tolerance = 2e-6F) {
  REQUIRE(found.size() == expected.size());
  float worst = 0.0F;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float difference = std::abs(found[i] - expected[i]) / (1.0F + std::abs(expected[i]));
    worst = difference <= worst ? worst : difference;  // NaN sticks
  }
  CHECK(worst < tolerance);
}

/// Gradient against central differences of weight * sum / normaliser, and gradient zero at `zeros`.
template <class Loss, xs::Dims In>
void check_gradient(const std::vector<float>& input, const xs::LabelBatch& labels, float step = 0x1p-7F,
                    float weight = 1.5F) {
  const Result result = run<Loss, In>(input, labels, 1, weight);
  float largest = 0.0F;
  for (const float g : result.gradient) largest = std::max(largest, std::abs(g));
  CHECK(largest > 0.01F);
  for (std::size_t i = 0; i < input.size(); ++i) {
    std::vector<float> moved = input;
    moved[i] = input[i] + step;
    const double above = run<Loss, In>(moved, labels, 1, weight).loss.value();
    moved[i] = input[i] - step;
    const double below = run<Loss, In>(moved, labels, 1, weight).loss.value();
    const double expected = static_cast<double>(weight) * (above - below) / (2.0 * static_cast<double>(step));
    INFO("element ", i);
    CHECK(static_cast<double>(result.gradient[i]) == doctest::Approx(expected).epsilon(2e-3).scale(0.05));
  }
}

/// Gradient of the loss's parameter p against central differences.
template <class Loss, xs::Dims In>
void check_parameter_gradient(const std::vector<float>& input, const xs::LabelBatch& labels, std::size_t p,
                              std::vector<std::vector<float>> parameters, float weight = 1.5F) {
  constexpr float step = 0x1p-8F;
  const std::vector<float> given = run<Loss, In>(input, labels, 1, weight, parameters).parameter_gradients[p];
  for (std::size_t i = 0; i < given.size(); ++i) {
    const float value = parameters[p][i];
    const auto at = [&](float offset) {
      parameters[p][i] = value + offset;
      return run<Loss, In>(input, labels, 1, weight, parameters).loss.value();
    };
    const double expected = static_cast<double>(weight) * (at(step) - at(-step)) / (2.0 * static_cast<double>(step));
    parameters[p][i] = value;
    CHECK(std::abs(expected) > 0.01);
    CHECK(static_cast<double>(given[i]) == doctest::Approx(expected).epsilon(2e-3));
  }
}

/// The message of the Error that running this loss throws ("" if none).
template <class Loss, xs::Dims In>
std::string error_of(const std::vector<float>& input, const xs::LabelBatch& labels,
                     const std::vector<std::vector<float>>& parameters = default_parameters<Loss, In>()) {
  try {
    (void)run<Loss, In>(input, labels, 2, 1.0F, parameters);
  } catch (const xs::Error& error) {
    return error.what();
  }
  return {};
}

/// Samples of three rows (regions): the same as three times as many samples of one row; a sample without label has no
/// label for any of its rows. `labels` are those of six rows.
template <class Loss, xs::Dims In>
void check_rows(const std::vector<float>& input, const xs::LabelBatch& labels) {
  REQUIRE(input.size() == 6 * In.size());
  xs::LabelBatch single = labels, rows = labels;
  single.present = {0, 0, 0, 1, 1, 1};
  rows.rows = 3;
  rows.present = {0, 1};
  const Result one = run<Loss, In>(input, single), three = run<Loss, In>(input, rows);
  CHECK(three.loss.sum == one.loss.sum);
  CHECK(three.loss.normaliser == one.loss.normaliser);
  CHECK(three.loss.normaliser > 0.0);
  CHECK(three.gradient == one.gradient);
  rows.present = {0, 1, 1};
  CHECK(error_of<Loss, In>(input, rows).find("3 marks of present labels, expected 2") != std::string::npos);
  rows.rows = 4;
  CHECK(error_of<Loss, In>(input, rows).find("4 rows a sample for a batch of 6 rows") != std::string::npos);
}

/// A sample without label, and one whose label is masked or ignored by `blank`, change neither loss nor gradient of
/// the others and get a zero gradient; a batch of such samples alone gives zero loss.
template <class Loss, xs::Dims In>
void check_missing(const std::vector<float>& input, const xs::LabelBatch& labels) {
  const std::size_t batch = input.size() / In.size();
  REQUIRE(batch >= 3);
  xs::LabelBatch some = labels;
  some.present.assign(batch, 1);
  const Result all = run<Loss, In>(input, some);
  some.present[1] = 0;
  // What a missing label's memory holds must not matter.
  const std::size_t values = labels.values.size() / batch, indices = labels.indices.size() / batch;
  for (std::size_t i = values; i < 2 * values; ++i) some.values[i] = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = indices; i < 2 * indices; ++i) some.indices[i] = 1'000'000;
  const Result without = run<Loss, In>(input, some, 1);
  CHECK(std::isfinite(without.loss.sum));
  CHECK(without.loss.normaliser < all.loss.normaliser);
  const double ratio = all.loss.normaliser / without.loss.normaliser;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const bool missing = i / In.size() == 1;
    const double expected = missing ? 0.0 : static_cast<double>(all.gradient[i]) * ratio;
    if (missing) CHECK(without.gradient[i] == 0.0F);
    CHECK(static_cast<double>(without.gradient[i]) == doctest::Approx(expected).epsilon(1e-5));
  }

  xs::LabelBatch none;
  none.present.assign(batch, 0);
  const Result nothing = run<Loss, In>(input, none);
  CHECK(nothing.loss.sum == 0.0);
  CHECK(nothing.loss.normaliser == 0.0);
  CHECK(nothing.loss.value() == 0.0);
  for (const float g : nothing.gradient) CHECK(g == 0.0F);
}

/// NaN and infinities in a valid position show in the loss.
template <class Loss, xs::Dims In>
void check_not_laundered(const std::vector<float>& input, const xs::LabelBatch& labels) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity})
    for (std::size_t i = 0; i < In.size(); ++i) {
      std::vector<float> spoilt = input;
      spoilt[i] = bad;
      INFO("element ", i, " = ", bad);
      CHECK_FALSE(std::isfinite(run<Loss, In>(spoilt, labels).loss.sum));
    }
}

/// The same bits on 1, 2, 3 and 7 threads.
template <class Loss, xs::Dims In>
void check_threads(const std::vector<float>& input, const xs::LabelBatch& labels) {
  const Result one = run<Loss, In>(input, labels, 1);
  CHECK(std::isfinite(one.loss.sum));
  for (const std::size_t threads : {std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    const Result more = run<Loss, In>(input, labels, threads);
    CHECK(std::memcmp(&one.loss, &more.loss, sizeof(one.loss)) == 0);
    CHECK(std::memcmp(one.gradient.data(), more.gradient.data(), one.gradient.size() * sizeof(float)) == 0);
  }
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::vector<float> random_values(std::size_t count, const char* purpose, float deviation = 2.0F) {
  const xs::RandomKey key = xs::RandomKey(xs::seed(7)).with(purpose);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = deviation * key.normal(i);
  return values;
}

inline std::vector<float> random_normals(std::size_t count, const char* purpose) {
  std::vector<float> values = random_values(3 * count, purpose, 1.0F);
  for (std::size_t i = 0; i < count; ++i) {
    float* v = values.data() + 3 * i;
    v[2] = std::abs(v[2]);
    const double size = xs::losses::length(v);
    for (std::size_t k = 0; k < 3; ++k) v[k] = static_cast<float>(static_cast<double>(v[k]) / size);
  }
  return values;
}

template <class T, std::size_t N>
std::vector<T> vector_of(const T (&values)[N]) {
  return std::vector<T>(values, values + N);
}

}  // namespace loss_test
