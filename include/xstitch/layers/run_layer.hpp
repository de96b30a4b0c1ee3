#pragma once
/// \file
/// Runs one layer alone, outside a network: for tests, the gradient checker and small experiments.
///
///     RunLayer<MaxPool<2>, Dims{8, 8, 3}> run({.batch = 4});
///     std::ranges::copy(image, run.input().begin());
///     run.forward();   // run.output()
///     run.backward();  // run.output_gradient() -> run.input_gradient(), run.parameter_gradient(i)
///
/// Whatever a call must write is NaN beforehand, whatever it must not rely on (an input that backward does not read,
/// the scratch memory) too, and each block is fenced: `fault()` names what was written outside its bounds.

#include <xstitch/core/initializer.hpp>
#include <xstitch/core/memory.hpp>
#include <xstitch/layers/operation.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// A block of memory between two fences. Every byte of 0xFF is a NaN for floats.
class FencedBlock {
 public:
  FencedBlock() = default;
  explicit FencedBlock(std::size_t bytes) : memory_(align_up(bytes) + 2 * fence), bytes_(bytes) {
    std::memset(memory_.data(), 0xFF, memory_.bytes());
  }
  [[nodiscard]] std::byte* data() const noexcept {
    return memory_.data() == nullptr ? nullptr : memory_.data() + fence;
  }
  [[nodiscard]] std::span<float> floats() const noexcept {
    return {reinterpret_cast<float*>(data()), bytes_ / sizeof(float)};
  }
  void poison() const noexcept {
    if (bytes_ != 0) std::memset(data(), 0xFF, bytes_);
  }
  [[nodiscard]] bool intact() const noexcept {
    if (memory_.data() == nullptr) return true;
    const auto untouched = [](std::byte b) { return b == std::byte{0xFF}; };
    return std::all_of(memory_.data(), memory_.data() + fence, untouched) &&
           std::all_of(memory_.data() + fence + bytes_, memory_.data() + memory_.bytes(), untouched);
  }

 private:
  static constexpr std::size_t fence = 64;
  Memory memory_;
  std::size_t bytes_ = 0;
};

/// Gives a parameter of a layer its initial values, by its description or by the layer's own initialize().
template <class L>
void initialize_layer_parameter(Dims in, std::size_t index, float* values, RandomKey layer_key) {
  const auto specs = traits::parameters<L>(in);
  if (specs[index].initializer.kind != InitializerKind::custom)
    return initialize_parameter(specs[index], values, layer_key);
  if constexpr (requires { L::initialize(in, index, values, layer_key); })
    L::initialize(in, index, values, layer_key);
  else
    fail("layer '", traits::name<L>(), "' has a parameter with a custom initializer, but no function initialize()");
}

struct RunOptions {
  std::size_t batch = 2;
  std::size_t threads = 1;
  Seed seed{1};
  bool in_place = false;  ///< output in the memory of the input, input gradient in that of the output gradient
  bool gradient_by_pieces = false;  ///< a layer with streams_gradients hands gradients over instead of storing them
};

template <Layer L, Dims In>
class RunLayer {
 public:
  static constexpr Dims out = L::output_shape(In);
  static_assert(In.valid() && out.valid(), "xstitch: the layer does not accept this input shape");
  static constexpr std::size_t parameter_count = std::tuple_size_v<decltype(traits::parameters<L>(In))>;

  RandomKey random;                ///< of the step
  std::size_t first_position = 0;  ///< of the first sample

  explicit RunLayer(RunOptions options = {})
      : random(RandomKey(options.seed).with("step")),
        options_(options),
        threads_(options.threads),
        input_(options.batch * In.size() * sizeof(float)),
        input_gradient_(input_.floats().size_bytes()),
        saved_(traits::saved<L>(In).bytes(options.batch)),
        workspace_(traits::workspace<L>(In).bytes(options.batch)) {
    static_assert(traits::in_place<L> ? out.size() == In.size() : true, "xstitch: in_place needs equal sizes");
    if (options.in_place && !traits::in_place<L>) fail("layer '", traits::name<L>(), "' does not work in place");
    if (!options.in_place) {
      output_ = FencedBlock(options.batch * out.size() * sizeof(float));
      output_gradient_ = FencedBlock(options.batch * out.size() * sizeof(float));
    }
    for (std::size_t i = 0; i < parameter_count; ++i) {
      const std::size_t bytes = specs()[i].extents.count() * sizeof(float);
      parameters_[i] = FencedBlock(bytes);
      gradients_[i] = FencedBlock(bytes);
      taken_[i].assign(options.gradient_by_pieces ? specs()[i].extents.count() : 0, 0);
      parameter_pointers_[i] = parameters_[i].floats().data();
      const bool trained = specs()[i].group != ParameterGroup::buffer;
      gradient_pointers_[i] = trained ? gradients_[i].floats().data() : nullptr;
      sinks_[i] = options.gradient_by_pieces ? GradientSink(&take, this, i, nullptr)
                                             : GradientSink(nullptr, nullptr, i, gradient_pointers_[i]);
      initialize_layer_parameter<L>(In, i, parameter_pointers_[i], RandomKey(options.seed).with("fill"));
    }
  }
  RunLayer(const RunLayer&) = delete;
  RunLayer& operator=(const RunLayer&) = delete;

  [[nodiscard]] static constexpr auto specs() { return traits::parameters<L>(In); }
  [[nodiscard]] std::span<float> input() const { return input_.floats(); }
  [[nodiscard]] std::span<float> output() const { return options_.in_place ? input_.floats() : output_.floats(); }
  [[nodiscard]] std::span<float> output_gradient() const {
    return options_.in_place ? input_gradient_.floats() : output_gradient_.floats();
  }
  [[nodiscard]] std::span<float> input_gradient() const { return input_gradient_.floats(); }
  [[nodiscard]] std::span<float> parameter(std::size_t i) const { return parameters_[i].floats(); }
  [[nodiscard]] std::span<float> parameter_gradient(std::size_t i) const { return gradients_[i].floats(); }

  void forward(bool training = true) {
    if (!options_.in_place) output_.poison();
    if (training) saved_.poison();
    workspace_.poison();
    L::template forward<In>(ForwardCall{.batch = options_.batch,
                                        .input = input().data(),
                                        .output = output().data(),
                                        .parameters = parameter_pointers_.data(),
                                        .saved = training ? saved_.data() : nullptr,
                                        .workspace = workspace_.data(),
                                        .threads = threads_,
                                        .random = random,
                                        .first_position = first_position,
                                        .training = training});
  }

  /// After forward(). Uses up the input or the output where the layer says that it does not read them.
  void backward(bool wants_input_gradient = true) {
    if (!traits::reads_input<L> && !options_.in_place) input_.poison();
    if (!traits::reads_output<L>) options_.in_place ? input_.poison() : output_.poison();
    workspace_.poison();
    if (!options_.in_place) input_gradient_.poison();
    for (const FencedBlock& gradient : gradients_) gradient.poison();
    for (auto& counts : taken_) std::fill(counts.begin(), counts.end(), std::uint8_t{0});
    L::template backward<In>(BackwardCall{.batch = options_.batch,
                                          .input = traits::reads_input<L> ? input().data() : nullptr,
                                          .output = traits::reads_output<L> ? output().data() : nullptr,
                                          .output_gradient = output_gradient().data(),
                                          .input_gradient = wants_input_gradient ? input_gradient().data() : nullptr,
                                          .parameters = parameter_pointers_.data(),
                                          .parameter_gradients = gradient_pointers_.data(),
                                          .sinks = sinks_.data(),
                                          .saved = saved_.data(),
                                          .workspace = workspace_.data(),
                                          .threads = threads_,
                                          .random = random,
                                          .first_position = first_position});
  }

  /// What was written where it must not be, or an empty text.
  [[nodiscard]] std::string fault() const {
    const auto check = [](const FencedBlock& block, const char* what) {
      return block.intact() ? std::string() : std::string("wrote outside the bounds of the ") + what + "; ";
    };
    std::string text = check(input_, "input") + check(output_, "output") + check(saved_, "saved memory") +
                       check(input_gradient_, "input gradient") + check(output_gradient_, "output gradient") +
                       check(workspace_, "workspace");
    for (std::size_t i = 0; i < parameter_count; ++i) {
      text += check(parameters_[i], "parameters") + check(gradients_[i], "parameter gradients");
      if (std::ranges::any_of(taken_[i], [](std::uint8_t times) { return times > 1; }))
        text += "handed over an element of a parameter gradient twice; ";
    }
    return text;
  }

 private:
  static void take(const void* self, std::size_t parameter, std::size_t offset, const float* gradient,
                   std::size_t count) {
    // The sink's context is const by contract; this object is not.
    auto* run = const_cast<RunLayer*>(static_cast<const RunLayer*>(self));
    if (offset + count > run->gradients_[parameter].floats().size())
      fail("layer '", traits::name<L>(), "' handed over a piece beyond the end of parameter ", parameter);
    std::copy(gradient, gradient + count, run->gradients_[parameter].floats().begin() + static_cast<long>(offset));
    for (std::size_t i = 0; i < count; ++i) ++run->taken_[parameter][offset + i];
  }

  RunOptions options_;
  ThreadPool threads_;
  FencedBlock input_, output_, input_gradient_, output_gradient_, saved_, workspace_;
  std::array<FencedBlock, parameter_count> parameters_, gradients_;
  std::array<std::vector<std::uint8_t>, parameter_count> taken_;
  std::array<float*, parameter_count> parameter_pointers_{}, gradient_pointers_{};
  std::array<GradientSink, parameter_count> sinks_{};
};

}  // namespace xstitch::inline XSTITCH_ISA
