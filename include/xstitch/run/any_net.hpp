#pragma once
/// \file
/// A network as a handle whose type does not say which: trainer, checkpoints, predictors and reports see nothing else.
/// Every network type (OneTask, CrossStitch ...) is one; a program that chooses at run time keeps
///
///     xs::AnyNet net = deep ? xs::AnyNet(Deep{xs::seed(1)}) : xs::AnyNet(Flat{xs::seed(1)});
///
/// It holds the parameters (shared with predictors) and one execution. It is movable; a moved-from one throws.

#include <xstitch/run/execution.hpp>
#include <xstitch/run/signature.hpp>
#include <xstitch/run/step_result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {

class AnyNet {
 public:
  static constexpr std::size_t npos = Layout::npos;  ///< no parameter of that name

  /// A network of this program, with the initial values of this seed.
  [[gnu::cold]] AnyNet(const Program& program, Seed seed)
      : parameters_(std::make_shared<Parameters>(program, seed)),
        execution_(std::make_shared<Execution>(parameters_->shared_layout())) {
    bind();
  }
  AnyNet(AnyNet&&) noexcept = default;
  AnyNet& operator=(AnyNet&&) noexcept = default;
  AnyNet(const AnyNet&) = delete;
  AnyNet& operator=(const AnyNet&) = delete;
  virtual ~AnyNet() = default;

  /// Offsets and names of parameters, inputs and heads.
  [[nodiscard]] const Layout& layout() const { return model().layout(); }
  /// The constants of its type.
  [[nodiscard]] const Program& program() const { return layout().program(); }
  /// What its initial values and its random numbers follow from.
  [[nodiscard]] Seed seed() const { return model().seed(); }
  /// Networks of an ensemble; 1 otherwise.
  [[nodiscard]] int members() const { return program().members; }
  /// Of the products of its layers.
  [[nodiscard]] Precision precision() const { return program().precision; }
  /// Where data enters.
  [[nodiscard]] std::span<const InputSlot> inputs() const {
    return {layout().inputs().data(), layout().inputs().size()};
  }
  /// Where labels enter and predictions leave.
  [[nodiscard]] std::span<const HeadSlot> heads() const { return {layout().heads().data(), layout().heads().size()}; }
  /// Number of the head "tower" or "tower.head", or npos.
  [[nodiscard]] std::size_t find_head(std::string_view name) const { return layout().find_head(name); }
  /// Operations with attributes, shapes and parameters: equal for networks that can share a checkpoint.
  [[nodiscard]] std::string signature() const { return signature_of(layout()); }

  // Parameters ------------------------------------------------------------------------------------------------------

  /// Names, extents and offsets of all of them.
  [[nodiscard]] std::span<const ParameterSlot> parameters() const {
    return {model().slots().data(), model().slots().size()};
  }
  /// Index by full name, or npos.
  [[nodiscard]] std::size_t find_parameter(std::string_view name) const { return layout().find_parameter(name); }
  /// Values of parameter i.
  [[nodiscard]] std::span<const float> parameter(std::size_t i) const { return model().values(i); }
  /// Values of parameter i, to write; the version of the parameters changes.
  [[nodiscard]] std::span<float> mutable_parameter(std::size_t i) { return model().writable(i); }
  /// Counts changes of parameters; whoever keeps something made from them compares it.
  [[nodiscard]] std::uint64_t parameter_version() const { return model().version(); }
  /// Name of the first parameter with a value that is not finite, or empty.
  [[nodiscard]] XSTITCH_INLINE std::string find_non_finite_parameter() const { return model().find_non_finite(); }
  /// Trains, or stops training, every parameter whose name matches: "upper." (begins so), "*.bias"
  /// (core/name_pattern.hpp). Returns how many. What is not trained costs no time in backward.
  std::size_t set_trained(std::string_view pattern, bool trained) { return model().set_trained(pattern, trained); }
  /// A copy of the parameters as they are now, to predict with during training (run/predictor.hpp).
  [[nodiscard]] std::shared_ptr<Parameters> snapshot() const { return model().copy(); }
  /// For a Predictor.
  [[nodiscard]] std::shared_ptr<Parameters> shared_parameters() const {
    (void)model();
    return parameters_;
  }

  // Evaluation ------------------------------------------------------------------------------------------------------

  /// Forward as in inference (no dropout, running statistics), the losses where labels are given, and predictions. The
  /// result is valid until the next call.
  XSTITCH_INLINE const StepResult& evaluate(const Batch& batch, ThreadPool& threads) {
    const ReadAccess access(model());
    model().check_whole();
    result_.losses.assign(heads().size(), {});
    result_.total = 0.0;
    const Slice slice(batch);
    execution().infer(slice, packed_if_current(), threads,
                      [&](std::size_t op, const ForwardCall& call) { add_loss(op, call, slice, threads); });
    return result_;
  }
  /// Of the last evaluate: [batch size, HeadSlot::prediction].
  [[nodiscard]] std::span<const float> prediction(std::size_t head) const { return execution().prediction(head); }
  /// Of the last evaluate, if keep_logits(true) was said before: [batch size, HeadSlot::output].
  [[nodiscard]] std::span<const float> logits(std::size_t head) const { return execution().logits(head); }
  /// Whether forward keeps the logits beside the predictions.
  void keep_logits(bool keep) { execution().keep_logits(keep); }

  /// Packs the weights for many calls of evaluate, which otherwise packs them in each one. Holds until a parameter
  /// changes; what is written through a view that was taken before this call is not seen.
  void pack_weights(ThreadPool& threads) { packed_ = model().packed(layout(), execution().pointers(), threads); }
  /// Gives that memory back.
  void drop_packed_weights() {
    packed_.reset();
    model().drop_packed();
  }
  /// Memory of packed weights, 0 without.
  [[nodiscard]] std::size_t packed_bytes() const noexcept { return packed_ ? packed_->memory.bytes() : 0; }

  /// Bytes held: parameters, activations, scratch, packed weights (a Training has its own).
  [[nodiscard]] std::size_t memory_bytes() const { return model().bytes() + execution().bytes() + packed_bytes(); }

  // For Training ----------------------------------------------------------------------------------------------------

  /// The parameters; an Error where the network was moved from.
  [[nodiscard]] Parameters& model() const {
    if (!parameters_) fail("this network was moved from: it has no parameters any more");
    return *parameters_;
  }
  /// The execution; an Error where the network was moved from.
  [[nodiscard]] Execution& execution() const {
    (void)model();
    return *execution_;
  }

 private:
  XSTITCH_INLINE void bind() {
    for (std::size_t i = 0; i < parameters_->slots().size(); ++i) execution_->bind(i, parameters_->values(i).data());
  }
  [[nodiscard]] const PackedWeights* packed_if_current() const {
    return packed_ && packed_->version == model().version() ? packed_.get() : nullptr;
  }
  /// The value of a loss where its label is given.
  void add_loss(std::size_t op, ForwardCall call, const Slice& slice, ThreadPool& threads) {
    const std::size_t head = layout().head_of(op);
    if (head >= slice.labels.size()) return;
    const LabelBatch& labels = slice.labels[head];
    if (labels.indices.empty() && labels.values.empty()) return;
    const TrainingFunctions& functions = program().training[op];
    LossSum& sum = result_.losses[head];
    sum.normaliser = functions.normaliser({call.batch, labels, call.parameters, threads});
    call.labels = &labels;
    call.loss_sum = &sum.sum;
    call.context = functions.context;
    functions.forward(call);
    result_.total += static_cast<double>(heads()[head].weight) * sum.value();
  }

  std::shared_ptr<Parameters> parameters_;
  std::shared_ptr<Execution> execution_;
  std::shared_ptr<const PackedWeights> packed_;
  StepResult result_;
};

}  // namespace xstitch::inline XSTITCH_ISA
