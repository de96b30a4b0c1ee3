#pragma once
/// \file
/// A network as Python has it: trained, judged and asked with numpy arrays, saved and loaded. Computing leaves the
/// interpreter to other threads.

#include <xstitch/python/predictor.hpp>
#include <xstitch/python/watch.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/trainer.hpp>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::python {

class Network {
 public:
  /// A network, and its program for prediction.
  Network(std::unique_ptr<AnyNet> net, const Program& inference) : net_(std::move(net)), predictor_(*net_, inference) {}

  /// The network itself.
  [[nodiscard]] AnyNet& net() const noexcept { return *net_; }
  /// Its predictor, which shares the parameters.
  [[nodiscard]] Predictor& predictor() noexcept { return predictor_; }

  /// `options` without data, progress and callback, which are Python's.
  pybind11::dict train(pybind11::handle inputs, pybind11::handle labels, const OptimizerRef& optimizer,
                       TrainOptions options, pybind11::handle evaluation, bool show, pybind11::object callback) {
    const ArraySet data(*net_, inputs, labels, false);
    std::optional<ArraySet> judged;
    if (!evaluation.is_none()) {
      if (!pybind11::isinstance<pybind11::tuple>(evaluation) || pybind11::len(evaluation) != 2)
        fail("train: evaluation is no pair, expected (inputs, labels)");
      const auto pair = pybind11::reinterpret_borrow<pybind11::tuple>(evaluation);
      judged.emplace(*net_, pair[0], pair[1], true);
      options.evaluation.emplace(*judged);
    }
    const std::size_t batch = std::max<std::size_t>(1, std::min(options.batch, data.size()));
    const std::uint64_t steps =
        options.epochs > 0 ? options.epochs * ((data.size() + batch - 1) / batch) : options.iterations;
    Watch watch(*net_, steps, batch, show, std::move(callback));
    options.output = nullptr;
    options.stop = &watch.stop();
    options.after_step = [&](std::uint64_t step, const StepResult& result) { watch.after_step(step, result); };
    TrainResult result;
    {
      const pybind11::gil_scoped_release others;
      result = xstitch::train(*net_, data, optimizer, options);
    }
    watch.end();
    return to_dict(result);
  }

  /// Evaluate(inputs, labels): a dictionary of losses and metrics by head.
  pybind11::dict evaluate(pybind11::handle inputs, pybind11::handle labels, const EvaluateOptions& options) {
    const ArraySet data(*net_, inputs, labels, true);
    Evaluation evaluation;
    {
      const pybind11::gil_scoped_release others;
      const std::lock_guard lock(evaluating_);
      evaluation = xstitch::evaluate(*net_, data, options);
    }
    return to_dict(evaluation);
  }

  /// Writes the parameters as safetensors.
  void save(const std::filesystem::path& path) const {
    const pybind11::gil_scoped_release others;
    xstitch::save(*net_, path);
  }
  /// Reads parameters; an Error lists all that are missing or do not fit.
  void load(const std::filesystem::path& path) {
    const pybind11::gil_scoped_release others;
    xstitch::load(*net_, path);
  }

  /// {name: array}, the memory of the network itself: what training changes shows in it.
  [[nodiscard]] pybind11::dict parameters() const {
    pybind11::dict dict;
    for (std::size_t i = 0; i < net_->parameters().size(); ++i) {
      std::vector<pybind11::ssize_t> extents;
      const Extents& own = net_->parameters()[i].spec.extents;
      extents.assign(own.size.begin(), own.size.begin() + own.rank);
      dict[pybind11::str(net_->parameters()[i].name)] =
          view(extents, net_->parameter(i).data(), net_->shared_parameters());
    }
    return dict;
  }
  /// Extents by the names of inputs.
  [[nodiscard]] pybind11::dict inputs() const {
    pybind11::dict dict;
    for (const InputSlot& slot : net_->inputs())
      dict[pybind11::str(slot.name())] = pybind11::make_tuple(slot.shape.height, slot.shape.width, slot.shape.channels);
    return dict;
  }
  /// Names of the heads.
  [[nodiscard]] pybind11::list heads() const {
    pybind11::list list;
    for (const HeadSlot& head : net_->heads()) list.append(head.name());
    return list;
  }

  /// {head: {"loss": ..., metric: ...}}; what was not measured is left out.
  static pybind11::dict to_dict(const Evaluation& evaluation) {
    pybind11::dict dict;
    for (const Evaluation::Row& row : evaluation.rows) {
      pybind11::dict values;
      if (row.labelled) values["loss"] = row.loss;
      for (const MetricValue& v : row.values)
        if (v.measured) values[pybind11::str(v.name)] = v.value;
      dict[pybind11::str(row.name)] = values;
    }
    return dict;
  }

 private:
  [[nodiscard]] pybind11::dict to_dict(const TrainResult& result) const {
    pybind11::dict dict;
    dict["iterations"] = result.iterations;
    dict["reason"] = result.reason == StopReason::finished      ? "finished"
                     : result.reason == StopReason::interrupted ? "interrupted"
                                                                : "not finite";
    dict["message"] = result.message;
    dict["seconds"] = result.seconds;
    pybind11::list history, evaluations;
    for (const TrainResult::Losses& point : result.history) {
      pybind11::dict losses;
      for (std::size_t h = 0; h < point.losses.size(); ++h)
        losses[pybind11::str(net_->heads()[h].name())] = point.losses[h];
      history.append(pybind11::make_tuple(point.step, losses));
    }
    for (const TrainResult::Evaluated& point : result.evaluations)
      evaluations.append(pybind11::make_tuple(point.step, to_dict(point.evaluation)));
    dict["history"] = history;
    dict["evaluations"] = evaluations;
    return dict;
  }

  std::unique_ptr<AnyNet> net_;
  Predictor predictor_;
  std::mutex evaluating_;
};

}  // namespace xstitch::inline XSTITCH_ISA::python
