#pragma once
/// \file
/// Predicts with the parameters of a network, and with nothing that training needs: no backward kernel, no optimizer,
/// no seed. One predictor a thread; they share the parameters, which outlive the network.
///
///     xs::Predictor<Net> predictor{net};                  // or {"net.safetensors"}, or {net.snapshot()}
///     auto answer = predictor.predict(image);             // float*, Eigen, xtensor: one sample, or a batch of them
///     answer.get<"upper">()                               // [samples, prediction], an Eigen matrix without a copy
///     answer.logits<"upper">()                            // what the head's last layer gave
///
/// Another thread takes a predictor of its own: xs::Predictor<Net> mine{predictor.parameters()}. Several inputs are
/// given by name: predict(xs::input<"upper">(a), xs::input<"lower.regions">(r)). A network of another type (300 regions
/// in place of 64) may use the same parameters where names and extents agree. Training, loading or a writable view
/// while a prediction runs is an error; net.snapshot() is for predicting during training.

#include <xstitch/core/fixed_string.hpp>
#include <xstitch/core/views.hpp>
#include <xstitch/run/execution.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Elements of one input: of one sample, or of a batch.
struct InputView {
  std::string_view name{};  ///< "tower" or "tower.input"; empty: of every tower of that shape
  std::span<const float> values;
};

namespace detail {

/// Dense memory of a container, a matrix or a tensor.
template <class T>
std::span<const float> elements_of(const T& data) {
  if constexpr (requires { T::IsRowMajor; })
    static_assert(bool(T::IsRowMajor) || bool(T::IsVectorAtCompileTime),
                  "xstitch: a matrix of inputs is row-major, [samples, features]");
  if constexpr (requires { T::static_layout; })
    static_assert(T::static_layout != xt::layout_type::column_major, "xstitch: a tensor of inputs is row-major");
  if constexpr (requires { std::span<const float>(data); })
    return std::span<const float>(data);
  else
    return {data.data(), static_cast<std::size_t>(data.size())};
}
}  // namespace detail

/// An input by its name. The memory is read in the order height, width, channels and is not copied before the call.
template <FixedString Name, class T>
InputView input(const T& data) {
  return {Name.view(), detail::elements_of(data)};
}

template <class Net>
class Predictor;

/// The answers of one call; valid until the predictor's next one.
template <class Net>
class Prediction {
 public:
  /// [samples, elements of the prediction] of the head "tower" or "tower.head".
  template <FixedString Head>
  [[nodiscard]] ConstMatrixView get() const {
    return get(index<Head>());
  }
  [[nodiscard]] ConstMatrixView get(std::string_view head) const { return get(find(head)); }
  [[nodiscard]] ConstMatrixView get(std::size_t head) const { return matrix(execution_.prediction(head)); }
  template <FixedString Head>
  [[nodiscard]] ConstMatrixView logits() const {
    return logits(index<Head>());
  }
  [[nodiscard]] ConstMatrixView logits(std::string_view head) const { return logits(find(head)); }
  [[nodiscard]] ConstMatrixView logits(std::size_t head) const { return matrix(execution_.logits(head)); }
  [[nodiscard]] std::size_t samples() const noexcept { return samples_; }

 private:
  friend class Predictor<Net>;
  Prediction(const Execution& execution, std::size_t samples) : execution_(execution), samples_(samples) {}

  [[nodiscard]] ConstMatrixView matrix(std::span<const float> values) const {
    return matrix_view(values.data(), samples_, values.size() / samples_);
  }
  template <FixedString Head>
  [[nodiscard]] std::size_t index() const {
    static_assert(Net::template has_head<Head>(),
                  "xstitch: the network has no head of this name (\"tower\", or \"tower.head\")");
    return execution_.layout().find_head(Head.view());
  }
  [[nodiscard]] std::size_t find(std::string_view head) const {
    const std::size_t found = execution_.layout().find_head(head);
    if (found != Layout::npos) return found;
    std::string names;
    for (const HeadSlot& slot : execution_.layout().heads())
      names += (names.empty() ? "\"" : ", \"") + slot.name() + "\"";
    fail("prediction: no head \"", head, "\"; the network has ", names);
  }

  const Execution& execution_;
  std::size_t samples_;
};

template <class Net>
class Predictor {
 public:
  /// Shares the parameters of a network, which it may outlive.
  template <class Other>
  requires requires(const Other& net) {
    { net.shared_parameters() } -> std::same_as<std::shared_ptr<Parameters>>;
  }
  explicit Predictor(const Other& net, std::size_t threads = 0) : Predictor(net.shared_parameters(), threads) {}
  /// Reads the parameters from a file that save() wrote.
  explicit Predictor(const std::filesystem::path& file, std::size_t threads = 0)
      : Predictor(std::make_shared<Parameters>(Net::inference_program_of_type), threads) {
    load(*parameters_, file);
  }
  explicit Predictor(std::shared_ptr<Parameters> parameters, std::size_t threads = 0)
      : parameters_(std::move(parameters)),
        execution_(std::make_unique<Execution>(std::make_shared<const Layout>(Net::inference_program_of_type))),
        threads_(std::make_unique<ThreadPool>(threads)) {
    bind();
    execution_->keep_logits(true);
    batch_.inputs.resize(execution_->layout().inputs().size());
  }

  [[nodiscard]] const std::shared_ptr<Parameters>& parameters() const {
    check_not_moved();
    return parameters_;
  }

  /// One input for every tower.
  template <class T>
  requires(!std::same_as<T, InputView>) Prediction<Net> predict(const T& data) {
    return run(std::array{InputView{{}, detail::elements_of(data)}});
  }
  /// Inputs by name.
  template <std::same_as<InputView>... Views>
  requires(sizeof...(Views) > 0) Prediction<Net> predict(const Views&... views) {
    return run(std::array<InputView, sizeof...(Views)>{views...});
  }

  /// Bytes of this predictor alone: activations and scratch, not the parameters.
  [[nodiscard]] std::size_t own_bytes() const {
    check_not_moved();
    return execution_->bytes();
  }

 private:
  void check_not_moved() const {
    if (!parameters_) fail("this predictor was moved from: it has no parameters any more");
  }
  /// Every parameter of this program finds the one of its name.
  void bind() {
    if (!parameters_) fail("a predictor needs parameters, found a null pointer");
    std::string problems;
    const Layout& mine = execution_->layout();
    for (std::size_t i = 0; i < mine.slots().size(); ++i) {
      const ParameterSlot& slot = mine.slots()[i];
      const std::size_t found = parameters_->layout().find_parameter(slot.name);
      if (found == Layout::npos)
        problems += "\n  no parameter \"" + slot.name + "\"";
      else if (!(parameters_->slots()[found].spec.extents == slot.spec.extents))
        problems += "\n  \"" + slot.name + "\" has other extents";
      else
        execution_->bind(i, parameters_->values(found).data());
    }
    if (!problems.empty()) fail("these parameters are not those of the predictor's network:", problems);
  }

  template <std::size_t N>
  Prediction<Net> run(const std::array<InputView, N>& views) {
    check_not_moved();
    fill(views);
    const ReadAccess access(*parameters_);
    parameters_->check_whole();
    const std::shared_ptr<const PackedWeights> packed =
        parameters_->packed(execution_->layout(), execution_->pointers(), *threads_);
    const Slice slice(batch_);
    execution_->infer(slice, packed.get(), *threads_);
    return Prediction<Net>(*execution_, batch_.size);
  }

  /// Copies the inputs into aligned memory and finds out how many samples there are.
  template <std::size_t N>
  void fill(const std::array<InputView, N>& views) {
    const auto& slots = execution_->layout().inputs();
    batch_.size = 0;
    for (std::size_t s = 0; s < slots.size(); ++s) {
      const InputView* found = nullptr;
      for (const InputView& view : views)
        if (view.name == slots[s].name() || (view.name.empty() && slots[s].input.empty())) found = &view;
      if (found == nullptr) fail("prediction: no input for \"", slots[s].name(), "\" of ", to_string(slots[s].shape));
      const std::size_t size = slots[s].shape.size(), samples = found->values.size() / size;
      if (samples == 0 || samples * size != found->values.size() || (batch_.size != 0 && samples != batch_.size))
        fail("prediction: input \"", slots[s].name(), "\" has ", found->values.size(), " elements, expected ",
             batch_.size == 0 ? std::string("a multiple of ") : std::to_string(batch_.size) + " times ", size, " (",
             to_string(slots[s].shape), " a sample)");
      batch_.size = samples;
      batch_.inputs[s].assign(found->values.begin(), found->values.end());
    }
    for (const InputView& view : views) {
      bool known = view.name.empty();
      for (const InputSlot& slot : slots) known = known || view.name == slot.name();
      if (!known) fail("prediction: the network has no input \"", view.name, "\"");
    }
  }

  std::shared_ptr<Parameters> parameters_;
  std::unique_ptr<Execution> execution_;
  std::unique_ptr<ThreadPool> threads_;
  Batch batch_;
};

}  // namespace xstitch::inline XSTITCH_ISA
