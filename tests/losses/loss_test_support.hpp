#pragma once
// Runs a loss outside a network, and the checks that every loss must pass.

#include <doctest/doctest.h>
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
};

/// First values of a loss's parameters (made once: learning a codebook takes a while).
template <class Loss, xs::Dims In>
const std::vector<std::vector<float>>& default_parameters() {
  static const std::vector<std::vector<float>> values = [] {
    std::vector<std::vector<float>> all;
    if constexpr (requires { Loss::parameters(In); }) {
      const auto specs = Loss::parameters(In);
      for (std::size_t i = 0; i < specs.size(); ++i) {
        all.emplace_back(specs[i].extents.count(), specs[i].initializer.value);
        if constexpr (requires { Loss::initialize(In, i, all[i].data(), xs::RandomKey{}); })
          Loss::initialize(In, i, all[i].data(), xs::RandomKey{});
      }
    }
    return all;
  }();
  return values;
}

/// Gradients start as NaN, so that an element that is not written shows.
template <class Loss, xs::Dims In>
Result run(const std::vector<float>& input, const xs::LabelBatch& labels, std::size_t threads = 1, float weight = 1.0F,
           std::vector<std::vector<float>> parameters = default_parameters<Loss, In>()) {
  xs::ThreadPool pool(threads);
  std::vector<float*> pointers;
  for (auto& parameter : parameters) pointers.push_back(parameter.data());
  Result result{{}, std::vector<float>(input.size(), std::numeric_limits<float>::quiet_NaN())};
  const xs::LossCall call{
      input.size() / In.size(), input.data(), result.gradient.data(), labels, pointers.data(), weight, pool};
  result.loss = Loss::template forward<In>(call);
  const xs::LossCall evaluation{call.batch, call.input, nullptr, labels, pointers.data(), weight, pool};
  const xs::LossSum same = Loss::template forward<In>(evaluation);
  CHECK(std::memcmp(&same, &result.loss, sizeof(same)) == 0);
  return result;
}

template <class Loss, xs::Dims In>
std::vector<float> predict(const std::vector<float>& input,
                           std::vector<std::vector<float>> parameters = default_parameters<Loss, In>()) {
  xs::ThreadPool pool(2);
  std::vector<float*> pointers;
  for (auto& parameter : parameters) pointers.push_back(parameter.data());
  const std::size_t batch = input.size() / In.size();
  std::vector<float> output(batch * Loss::prediction_shape(In).size(), std::numeric_limits<float>::quiet_NaN());
  Loss::template predict<In>({batch, input.data(), output.data(), pointers.data(), pool});
  return output;
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

/// Gradient against central differences of weight * sum / max(1, normaliser), and gradient zero at `zeros`.
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

/// The message of the Error that running this loss throws ("" if none).
template <class Loss, xs::Dims In>
std::string error_of(const std::vector<float>& input, const xs::LabelBatch& labels,
                     std::vector<std::vector<float>> parameters = default_parameters<Loss, In>()) {
  try {
    (void)run<Loss, In>(input, labels, 2, 1.0F, std::move(parameters));
  } catch (const xs::Error& error) {
    return error.what();
  }
  return {};
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
