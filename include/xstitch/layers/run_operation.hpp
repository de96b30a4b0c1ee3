#pragma once
/// \file
/// Runs one operation alone, outside a network: for tests, the gradient checker and small experiments.
///
///     RunOperation<Product, Shapes{Dims{2, 3, 4}, Dims{2, 3, 4}}> run({.batch = 5});
///     std::ranges::copy(a, run.input(0).begin());
///     run.forward();   // run.output(0), run.output<std::int32_t>(1), run.buffer_update(i)
///     run.backward();  // run.output_gradient(0) -> run.input_gradient(k), run.parameter_gradient(i)
///
/// Whatever a call must write is NaN beforehand, whatever it must not rely on (an input that backward does not read,
/// the scratch memory) too, and each block is fenced: `fault()` names what was written outside its bounds.

#include <xstitch/layers/run_parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace xstitch::inline XSTITCH_ISA {

/// In: Shapes<n>.
template <class Op, auto In>
class RunOperation {
 public:
  static constexpr auto out = invoke::outputs<Op>(In);
  static constexpr std::size_t input_count = In.size(), output_count = out.size();
  static_assert(traits::unknown_option<Op>().empty(),
                "xstitch: the operation got an option that it does not have (its header lists its options)");
  static_assert(In.valid() && out.valid(), "xstitch: the operation does not accept these input shapes");
  /// Whether input k has a gradient. The last inputs may be asked for their shape alone.
  static constexpr bool holds_data(std::size_t k) { return k + traits::shape_inputs<Op> < input_count; }
  static constexpr bool differentiable(std::size_t k) { return In[k].differentiable && holds_data(k); }
  [[nodiscard]] static constexpr auto specs() { return traits::parameters<Op>(invoke::argument<Op>(In)); }
  static constexpr std::size_t parameter_count = detail::RunParameters<Op, In>::count;

  RandomKey random;                ///< of the step
  std::size_t first_position = 0;  ///< of the first sample

  explicit RunOperation(RunOptions options = {})
      : random(RandomKey(options.seed).with("step")),
        options_(options),
        threads_(options.threads),
        batch_(invoke::batch<Op>(In, options.batch)),
        saved_(traits::saved<Op>(invoke::argument<Op>(In)).bytes(batch_)),
        kept_(traits::keeps_in_gradient<Op> ? options.batch * In[0].size() * sizeof(float) : 0),
        workspace_(traits::workspace<Op>(invoke::argument<Op>(In)).bytes(batch_)),
        parameters_(options) {
    if (options.in_place && !traits::in_place<Op> && !traits::gradient_in_place<Op>)
      fail("operation '", traits::kind<Op>(), "' does not work in place");
    for (std::size_t k = 0; k < input_count; ++k) {
      order_[k] = k;
      inputs_[k] = FencedBlock(bytes(In[k]));
      if (differentiable(k)) input_gradients_[k] = FencedBlock(bytes(In[k]));
    }
    for (std::size_t k = 0; k < output_count; ++k) {
      if (shares_output(k) && bytes(out[k]) != bytes(In[k])) fail("in_place needs equal sizes of input and output ", k);
      if (!shares_output(k)) outputs_[k] = FencedBlock(bytes(out[k]));
      if (out[k].differentiable && !shares_gradient(k)) output_gradients_[k] = FencedBlock(bytes(out[k]));
    }
  }
  RunOperation(const RunOperation&) = delete;
  RunOperation& operator=(const RunOperation&) = delete;

  template <class T = float>
  [[nodiscard]] std::span<T> input(std::size_t k = 0) const {
    return inputs_[k].template as<T>();
  }
  template <class T = float>
  [[nodiscard]] std::span<T> output(std::size_t k = 0) const {
    return output_block(k).template as<T>();
  }
  [[nodiscard]] std::span<float> output_gradient(std::size_t k = 0) const { return gradient_block(k).floats(); }
  [[nodiscard]] std::span<float> input_gradient(std::size_t k = 0) const { return input_gradients_[k].floats(); }
  [[nodiscard]] std::span<float> parameter(std::size_t i) const { return parameters_.value(i); }
  [[nodiscard]] std::span<float> parameter_gradient(std::size_t i) const { return parameters_.gradient(i); }
  /// What the last forward pass in training wants a buffer to become.
  [[nodiscard]] std::span<float> buffer_update(std::size_t i) const { return parameters_.update(i); }
  /// Memory kept from forward to backward, and the scratch memory of the last call.
  [[nodiscard]] std::span<std::byte> saved() const { return saved_.as<std::byte>(); }
  [[nodiscard]] std::span<std::byte> workspace() const { return workspace_.as<std::byte>(); }

  /// All parameters get their initial values again.
  void initialize() const { parameters_.initialize(); }

  void forward(bool training = true) {
    for (std::size_t k = 0; k < output_count; ++k)
      if (!shares_output(k)) outputs_[k].poison();
    if (training) saved_.poison(), kept_.poison();
    workspace_.poison();
    parameters_.poison_updates();
    const Pointers p = pointers();
    invoke::forward<Op, In>(ForwardCall{.batch = batch_,
                                        .input = p.inputs[0],
                                        .output = p.outputs[0],
                                        .parameters = parameters_.values(),
                                        .saved = training ? saved_.data() : nullptr,
                                        .kept = training ? kept() : nullptr,
                                        .workspace = workspace_.data(),
                                        .threads = threads_,
                                        .random = random,
                                        .first_position = first_position,
                                        .training = training,
                                        .inputs = p.inputs.data(),
                                        .outputs = p.outputs.data(),
                                        .input_shapes = std::span(In.items, input_count),
                                        .output_shapes = std::span(out.items, output_count),
                                        .order = order_.data(),
                                        .buffer_updates = training ? parameters_.updates() : nullptr,
                                        .context = options_.context});
  }

  /// After forward(). Uses up inputs and outputs where the operation says that it does not read them.
  void backward(bool wants_input_gradients = true) {
    for (std::size_t k = 0; k < input_count; ++k) {
      if (!traits::reads_input<Op> && !shares_output(k)) inputs_[k].poison();
      if (!shares_gradient(k)) input_gradients_[k].poison();
    }
    for (std::size_t k = 0; k < output_count; ++k)
      if (!traits::reads_output<Op>) output_block(k).poison();
    workspace_.poison();
    parameters_.poison_gradients();
    Pointers p = pointers();
    if (!traits::reads_input<Op>) p.inputs = {};
    if (!traits::reads_output<Op>) p.outputs = {};
    for (std::size_t k = 0; k < input_count; ++k)
      if (!wants_input_gradients || (options_.unwanted_inputs >> k & 1U) != 0) p.input_gradients[k] = nullptr;
    invoke::backward<Op, In>(BackwardCall{.batch = batch_,
                                          .input = p.inputs[0],
                                          .output = p.outputs[0],
                                          .output_gradient = p.output_gradients[0],
                                          .input_gradient = p.input_gradients[0],
                                          .parameters = parameters_.values(),
                                          .parameter_gradients = parameters_.gradients(),
                                          .sinks = parameters_.sinks(),
                                          .saved = saved_.data(),
                                          .kept = kept(),
                                          .workspace = workspace_.data(),
                                          .threads = threads_,
                                          .random = random,
                                          .first_position = first_position,
                                          .inputs = p.inputs.data(),
                                          .outputs = p.outputs.data(),
                                          .output_gradients = p.output_gradients.data(),
                                          .input_gradients = p.input_gradients.data(),
                                          .input_shapes = std::span(In.items, input_count),
                                          .output_shapes = std::span(out.items, output_count),
                                          .order = order_.data(),
                                          .context = options_.context});
  }

  /// What was written where it must not be, or an empty text.
  [[nodiscard]] std::string fault() const {
    std::string text;
    const auto check = [&](const auto& blocks, const char* what) {
      for (const FencedBlock& block : blocks)
        if (!block.intact()) text += std::string("wrote outside the bounds of the ") + what + "; ";
    };
    check(inputs_, "input"), check(outputs_, "output"), check(std::span(&saved_, 1), "saved memory");
    check(std::span(&kept_, 1), "kept memory");
    check(input_gradients_, "input gradient"), check(output_gradients_, "output gradient");
    check(std::span(&workspace_, 1), "workspace");
    return text + parameters_.fault();
  }

 private:
  struct Pointers {
    std::array<float*, std::max<std::size_t>(1, input_count)> inputs{}, input_gradients{};
    std::array<float*, std::max<std::size_t>(1, output_count)> outputs{}, output_gradients{};
  };
  [[nodiscard]] Pointers pointers() const {
    const auto start = [](const FencedBlock& block) { return reinterpret_cast<float*>(block.data()); };
    Pointers p;
    for (std::size_t k = 0; k < input_count; ++k) {
      p.inputs[k] = holds_data(k) ? start(inputs_[k]) : nullptr;
      p.input_gradients[k] = start(input_gradients_[k]);
    }
    for (std::size_t k = 0; k < output_count; ++k) {
      p.outputs[k] = start(output_block(k));
      p.output_gradients[k] = start(gradient_block(k));
    }
    return p;
  }

  [[nodiscard]] float* kept() const {
    return traits::keeps_in_gradient<Op> ? reinterpret_cast<float*>(kept_.data()) : nullptr;
  }
  [[nodiscard]] std::size_t bytes(const TensorShape& shape) const {
    return options_.batch * shape.size() * element_size(shape.element);
  }
  [[nodiscard]] bool shares_output(std::size_t k) const {
    return options_.in_place && traits::in_place<Op> && k < std::min(input_count, output_count);
  }
  [[nodiscard]] bool shares_gradient(std::size_t k) const {
    return options_.in_place && traits::gradient_in_place<Op> && k < std::min(input_count, output_count) &&
           In[k].differentiable && out[k].differentiable && bytes(In[k]) == bytes(out[k]);
  }
  [[nodiscard]] const FencedBlock& output_block(std::size_t k) const {
    return shares_output(k) ? inputs_[k] : outputs_[k];
  }
  [[nodiscard]] const FencedBlock& gradient_block(std::size_t k) const {
    return shares_gradient(k) ? input_gradients_[k] : output_gradients_[k];
  }

  RunOptions options_;
  ThreadPool threads_;
  std::size_t batch_;
  FencedBlock saved_, kept_, workspace_;
  std::array<FencedBlock, input_count> inputs_, input_gradients_;
  std::array<FencedBlock, output_count> outputs_, output_gradients_;
  detail::RunParameters<Op, In> parameters_;
  std::array<std::size_t, input_count> order_{};
};

}  // namespace xstitch::inline XSTITCH_ISA
