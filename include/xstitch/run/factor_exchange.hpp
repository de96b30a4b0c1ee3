#pragma once
/// \file
/// Gradients of fully connected layers from their factors: every rank sends x and dy of its samples, in place of
///
///     dW [inputs, outputs] = sum over the samples of the whole batch, in their order, of  x^T dy
///
/// and makes the product of all of them itself, which is that of one process. Chosen for a layer where
///
///     rows of the whole batch x (inputs + outputs)  <=  inputs x outputs
///
/// which hangs on sizes alone, not on the number of ranks. In fp32; a network in bf16 sends its gradients.

#include <xstitch/kernels/linear.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/ranks.hpp>
#include <xstitch/run/reduction.hpp>
#include <xstitch/run/sender.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class FactorExchange {
 public:
  /// `batch` 0: nothing is sent as factors.
  XSTITCH_INLINE FactorExchange(Ranks& ranks, const AnyNet& net, std::size_t batch)
      : ranks_(ranks),
        slots_(net.parameters()),
        layers_(slots_.size()),
        batch_(net.precision() == Precision::fp32 ? batch : 0) {}

  void begin(const ReductionRound& round) {
    round_ = round;
    for (Layer& layer : layers_) layer.taken = false;
    started_.clear();
  }
  /// Copies those of this rank's slice, if they are smaller than the gradient.
  bool take(std::size_t slot, const GradientFactors& factors, std::span<float> gradient) {
    const std::size_t samples = round_.samples[ranks_.rank()], per_sample = factors.rows / samples;
    const bool fits = factors.inputs * factors.outputs == gradient.size() && factors.rows % samples == 0;
    if (!fits || batch_ == 0 || batch_ * per_sample * (factors.inputs + factors.outputs) > gradient.size())
      return false;
    expect(slot, per_sample, gradient);
    Layer& layer = layers_[slot];
    std::size_t row = round_.begin;
    for (std::size_t r = 0; r < ranks_.rank(); ++r) row += round_.samples[r];
    row *= per_sample;
    std::copy_n(factors.input, factors.rows * factors.inputs, layer.x.data() + row * factors.inputs);
    std::copy_n(factors.output_gradient, factors.rows * factors.outputs, layer.dy.data() + row * factors.outputs);
    return true;
  }
  [[nodiscard]] bool taken(std::size_t slot) const { return layers_[slot].taken; }
  /// 0: not taken.
  [[nodiscard]] std::size_t rows_per_sample(std::size_t slot) const {
    return layers_[slot].taken ? layers_[slot].rows_per_sample : 0;
  }
  /// Room for a layer's factors, those of this rank or of others alone.
  void expect(std::size_t slot, std::size_t rows_per_sample, std::span<float> gradient) {
    Layer& layer = layers_[slot];
    layer.taken = true;
    layer.rows_per_sample = rows_per_sample;
    layer.inputs = static_cast<std::size_t>(slots_[slot].spec.extents.size[0]);
    layer.outputs = gradient.size() / layer.inputs;
    layer.gradient = gradient;
    const std::size_t rows = (round_.begin + round_.size) * rows_per_sample;
    if (layer.x.size() < rows * layer.inputs) layer.x.resize(rows * layer.inputs);
    if (layer.dy.size() < rows * layer.outputs) layer.dy.resize(rows * layer.outputs);
  }
  /// Sends them.
  XSTITCH_INLINE void start(std::size_t slot, Sender& sender) {
    Layer& layer = layers_[slot];
    const std::vector<std::size_t> samples(round_.samples.begin(), round_.samples.end());
    sender.add([this, &layer, samples, begin = round_.begin] {
      send(layer.x, layer.inputs * layer.rows_per_sample, samples, begin);
      send(layer.dy, layer.outputs * layer.rows_per_sample, samples, begin);
    });
    started_.push_back({&layer, sender.added()});
  }
  /// After the last round: the products, each as soon as its factors are here.
  XSTITCH_INLINE void finish(Sender& sender, ThreadPool& threads) {
    if (!round_.last) return started_.clear();
    for (const Started& one : started_) {
      sender.wait(one.jobs);
      multiply(*one.layer, threads);
    }
    started_.clear();
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t floats = 0;
    for (const Layer& layer : layers_) floats += layer.x.size() + layer.dy.size();
    return floats * sizeof(float) + workspace_.bytes();
  }

 private:
  struct Layer {
    bool taken = false;
    std::size_t rows_per_sample = 1, inputs = 0, outputs = 0;
    std::span<float> gradient{};
    std::vector<float> x, dy;  ///< [row of the whole batch, inputs], [..., outputs]
  };
  struct Started {
    Layer* layer;
    std::size_t jobs;
  };

  XSTITCH_INLINE void send(std::vector<float>& rows, std::size_t per_sample, const std::vector<std::size_t>& samples,
                           std::size_t begin) {
    counts_.assign(samples.begin(), samples.end());
    std::size_t total = 0, before = 0;
    for (std::size_t r = 0; r < counts_.size(); ++r) {
      if (r < ranks_.rank()) before += samples[r];
      total += samples[r];
      counts_[r] *= per_sample * sizeof(float);
    }
    const std::span<float> all(rows.data() + begin * per_sample, total * per_sample);
    const std::span<float> own = all.subspan(before * per_sample, samples[ranks_.rank()] * per_sample);
    ranks_.gather(std::as_bytes(own), std::as_writable_bytes(all), counts_);
  }
  void multiply(Layer& layer, ThreadPool& threads) {
    using Backward = kernels::Linear<kernels::ArithmeticOf<Precision::fp32>>::Backward;
    const std::size_t rows = (round_.begin + round_.size) * layer.rows_per_sample;
    const auto inputs = static_cast<int>(layer.inputs), outputs = static_cast<int>(layer.outputs);
    Execution::grow(workspace_, Backward::workspace(inputs, outputs).bytes(rows));
    Backward::run(
        rows, inputs, outputs, layer.x.data(), layer.dy.data(), nullptr, nullptr, layer.gradient.data(), nullptr,
        [](std::size_t, const float*, std::size_t) {}, workspace_.data(), threads);
  }

  Ranks& ranks_;
  std::span<const ParameterSlot> slots_;
  ReductionRound round_;
  std::vector<Layer> layers_;  ///< [parameter]
  std::size_t batch_;
  std::vector<Started> started_;
  std::vector<std::size_t> counts_;
  Memory workspace_;
};

}  // namespace xstitch::inline XSTITCH_ISA
