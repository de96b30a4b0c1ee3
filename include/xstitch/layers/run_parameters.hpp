#pragma once
/// \file
/// The parameters of one operation that runs alone (run_operation.hpp): values, gradients, what becomes of buffers, and
/// sinks that store, emit or take factors.

#include <xstitch/layers/fenced_block.hpp>
#include <xstitch/layers/invoke.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

struct RunOptions {
  std::size_t batch = 2;  ///< samples
  std::size_t threads = 1;
  Seed seed{1};
  /// Outputs in the memory of inputs and input gradients in that of output gradients, as far as the operation says so.
  bool in_place = false;
  bool updates_in_place = false;          ///< buffer_updates[i] is parameters[i]
  bool emit_gradients = false;            ///< with streams_gradients: gradients are emitted in chunks instead of stored
  bool take_factors = false;              ///< ... and factors are taken where they are offered
  std::uint64_t unwanted_parameters = 0;  ///< bit i: nobody wants the gradient of parameter i (with streams_gradients)
  std::uint64_t unwanted_inputs = 0;      ///< bit k: nobody wants the gradient of input k
  const void* context = nullptr;
};

namespace detail {

template <class Op, auto In>
class RunParameters {
  [[nodiscard]] static constexpr auto specs() { return traits::parameters<Op>(invoke::argument<Op>(In)); }

 public:
  static constexpr std::size_t count = std::tuple_size_v<decltype(specs())>;

  explicit RunParameters(const RunOptions& options) : seed_(options.seed) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t elements = specs()[i].extents.count();
      const bool buffer = specs()[i].group == ParameterGroup::buffer;
      values_[i] = FencedBlock(elements * sizeof(float));
      gradients_[i] = FencedBlock(elements * sizeof(float));
      value_pointers_[i] = value(i).data();
      if (buffer) {
        if (traits::updates_buffers<Op> && !options.updates_in_place) updates_[i] = FencedBlock(values_[i].bytes());
        update_pointers_[i] = options.updates_in_place ? value_pointers_[i] : update(i).data();
        continue;
      }
      gradient_pointers_[i] = gradient(i).data();
      if ((options.unwanted_parameters >> i & 1U) != 0) continue;
      emitted_[i].assign(options.emit_gradients ? elements : 0, 0);
      sinks_[i] = options.emit_gradients
                      ? GradientSink(&emit, this, i, nullptr, options.take_factors ? &take_factors : nullptr)
                      : GradientSink(nullptr, nullptr, i, gradient_pointers_[i]);
    }
    initialize();
  }
  RunParameters(const RunParameters&) = delete;
  RunParameters& operator=(const RunParameters&) = delete;

  void initialize() const {
    for (std::size_t i = 0; i < count; ++i)
      invoke::initialize<Op>(invoke::argument<Op>(In), i, value_pointers_[i], RandomKey(seed_).with("initialize"));
  }

  [[nodiscard]] std::span<float> value(std::size_t i) const { return values_[i].floats(); }
  [[nodiscard]] std::span<float> gradient(std::size_t i) const { return gradients_[i].floats(); }
  [[nodiscard]] std::span<float> update(std::size_t i) const {
    return updates_[i].data() == nullptr ? value(i) : updates_[i].floats();
  }
  [[nodiscard]] const float* const* values() const { return value_pointers_.data(); }
  [[nodiscard]] float* const* gradients() const { return gradient_pointers_.data(); }
  [[nodiscard]] float* const* updates() const { return update_pointers_.data(); }
  [[nodiscard]] const GradientSink* sinks() const { return sinks_.data(); }

  void poison_updates() const {
    for (const FencedBlock& update : updates_) update.poison();
  }
  void poison_gradients() {
    for (const FencedBlock& gradient : gradients_) gradient.poison();
    for (auto& counts : emitted_) std::fill(counts.begin(), counts.end(), std::uint8_t{0});
  }
  [[nodiscard]] std::string fault() const {
    std::string text;
    const auto check = [&](const auto& blocks, const char* what) {
      for (const FencedBlock& block : blocks)
        if (!block.intact()) text += std::string("wrote outside the bounds of the ") + what + "; ";
    };
    check(values_, "parameters");
    check(gradients_, "parameter gradients");
    check(updates_, "buffer updates");
    for (const auto& counts : emitted_)
      if (std::ranges::any_of(counts, [](std::uint8_t times) { return times > 1; }))
        text += "emitted an element of a parameter gradient twice; ";
    return text;
  }

 private:
  static void emit(void* self, std::size_t parameter, std::size_t offset, const float* gradient, std::size_t elements) {
    auto& all = *static_cast<RunParameters*>(self);
    const std::span<float> to = all.gradient(parameter);
    if (offset + elements > to.size())
      fail("operation '", traits::kind<Op>(), "' emitted a chunk beyond the end of parameter ", parameter);
    std::copy_n(gradient, elements, to.data() + offset);
    for (std::size_t i = 0; i < elements; ++i) ++all.emitted_[parameter][offset + i];
  }
  static bool take_factors(void* self, std::size_t parameter, const GradientFactors& factors) {
    auto& all = *static_cast<RunParameters*>(self);
    const std::span<float> to = all.gradient(parameter);
    if (factors.inputs * factors.outputs != to.size())
      fail("operation '", traits::kind<Op>(), "' offered factors whose sizes are not those of parameter ", parameter);
    for (std::size_t i = 0; i < to.size(); ++i) {
      double sum = 0.0;
      for (std::size_t n = 0; n < factors.rows; ++n)
        sum += static_cast<double>(factors.input[n * factors.inputs + i / factors.outputs]) *
               static_cast<double>(factors.output_gradient[n * factors.outputs + i % factors.outputs]);
      to[i] = static_cast<float>(sum);
      ++all.emitted_[parameter][i];
    }
    return true;
  }

  Seed seed_;
  std::array<FencedBlock, count> values_, gradients_, updates_;
  std::array<std::vector<std::uint8_t>, count> emitted_;
  std::array<float*, count> value_pointers_{}, gradient_pointers_{}, update_pointers_{};
  std::array<GradientSink, count> sinks_{};
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
