#pragma once
/// \file
/// What every predictor and its answers do, whatever the network: run/predictor.hpp adds the network's type, which
/// checks names. So the compiler makes it once, and its functions do not have the network in their names.

#include <xstitch/core/matrix_view.hpp>
#include <xstitch/run/execution.hpp>
#include <xstitch/run/load_parameters.hpp>

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

/// Elements of one input: of one sample, or of a batch.
struct InputView {
  std::string_view name{};        ///< "tower" or "tower.input"; empty: of every tower of that shape
  std::span<const float> values;  ///< row-major, one sample or several
};

namespace detail {

/// The answers of one call.
class PredictionCore {
 public:
  /// [samples, elements of the prediction] of the head "tower" or "tower.head"; an Error if there is none.
  [[nodiscard]] ConstMatrixView get(std::string_view head) const { return get(find(head)); }
  /// Of a head by its number.
  [[nodiscard]] ConstMatrixView get(std::size_t head) const { return matrix(execution_.prediction(head)); }
  /// [samples, elements of the logits], what the head's last layer gave.
  [[nodiscard]] ConstMatrixView logits(std::string_view head) const { return logits(find(head)); }
  /// Of a head by its number.
  [[nodiscard]] ConstMatrixView logits(std::size_t head) const { return matrix(execution_.logits(head)); }
  /// How many samples it answers.
  [[nodiscard]] std::size_t samples() const noexcept { return samples_; }

 protected:
  /// Of an execution that has run forward.
  PredictionCore(const Execution& execution, std::size_t samples) : execution_(execution), samples_(samples) {}

  /// Number of the head "tower" or "tower.head"; an Error if there is none.
  [[nodiscard]] std::size_t find(std::string_view head) const {
    const std::size_t found = execution_.layout().find_head(head);
    if (found == Layout::npos) refuse(head);
    return found;
  }

 private:
  [[nodiscard]] ConstMatrixView matrix(std::span<const float> values) const {
    return matrix_view(values.data(), samples_, values.size() / samples_);
  }
  [[noreturn, gnu::cold]] XSTITCH_INLINE void refuse(std::string_view head) const {
    std::string names;
    for (const HeadSlot& slot : execution_.layout().heads())
      names += (names.empty() ? "\"" : ", \"") + slot.name() + "\"";
    fail("prediction: no head \"", head, "\"; the network has ", names);
  }

  const Execution& execution_;
  std::size_t samples_;
};

/// Shared parameters, and an execution of its own.
class PredictorCore {
 public:
  /// Reads the parameters from a file that save() wrote.
  [[gnu::cold]] PredictorCore(const Program& program, const std::filesystem::path& file, std::size_t threads)
      : PredictorCore(program, std::make_shared<Parameters>(program), threads) {
    load(*parameters_, file);
  }
  /// Shares parameters, where names and extents agree; an Error says where they do not.
  [[gnu::cold]] XSTITCH_INLINE PredictorCore(const Program& program, std::shared_ptr<Parameters> parameters,
                                             std::size_t threads)
      : parameters_(std::move(parameters)),
        execution_(std::make_unique<Execution>(std::make_shared<const Layout>(program))),
        threads_(std::make_unique<ThreadPool>(threads)) {
    bind();
    execution_->keep_logits(true);
    batch_.inputs.resize(execution_->layout().inputs().size());
  }

  /// What it predicts with, to share with another predictor.
  [[nodiscard]] const std::shared_ptr<Parameters>& parameters() const {
    check_not_moved();
    return parameters_;
  }

  /// Offsets and names of parameters, inputs and heads.
  [[nodiscard]] const Layout& layout() const {
    check_not_moved();
    return execution_->layout();
  }
  /// Predicts a batch whose inputs come in the order of layout().inputs(); labels are not looked at.
  void predict_batch(const Batch& batch) {
    check_not_moved();
    infer(batch);
  }
  /// Of the last call: [samples, HeadSlot::prediction].
  [[nodiscard]] std::span<const float> prediction(std::size_t head) const { return execution_->prediction(head); }

  /// Bytes of this predictor alone: activations and scratch, not the parameters.
  [[nodiscard]] std::size_t own_bytes() const {
    check_not_moved();
    return execution_->bytes();
  }

 protected:
  /// Returns the number of samples.
  std::size_t run(std::initializer_list<InputView> views) {
    check_not_moved();
    fill(views);
    infer(batch_);
    return batch_.size;
  }
  /// What the last call has left.
  [[nodiscard]] const Execution& execution() const noexcept { return *execution_; }

 private:
  void infer(const Batch& batch) {
    const ReadAccess access(*parameters_);
    parameters_->check_whole();
    const std::shared_ptr<const PackedWeights> packed =
        parameters_->packed(execution_->layout(), execution_->pointers(), *threads_);
    const Slice slice(batch);
    execution_->infer(slice, packed.get(), *threads_);
  }
  void check_not_moved() const {
    if (!parameters_) fail("this predictor was moved from: it has no parameters any more");
  }
  /// Every parameter of this program finds the one of its name.
  [[gnu::cold]] XSTITCH_INLINE void bind() {
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

  /// Copies the inputs into aligned memory and finds out how many samples there are.
  XSTITCH_INLINE void fill(std::initializer_list<InputView> views) {
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

}  // namespace detail

/// A predictor of a network that is chosen at run time: AnyPredictor{Net::inference_program_of_type,
/// net.shared_parameters(), threads}.
using AnyPredictor = detail::PredictorCore;

}  // namespace xstitch::inline XSTITCH_ISA
