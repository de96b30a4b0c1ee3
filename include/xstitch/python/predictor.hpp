#pragma once
/// \file
/// Predictions as numpy arrays that are the predictor's own memory. An array that is still held keeps its values: the
/// next prediction then takes other memory, and its own answers are copies, so that however many are kept, there are
/// two sets of activations at most.

#include <xstitch/python/array_set.hpp>
#include <xstitch/run/predictor_core.hpp>

#include <pybind11/numpy.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::python {

/// A numpy array of memory that `owner` keeps; not writable.
template <class Owner>
pybind11::array view(const std::vector<pybind11::ssize_t>& extents, const float* values, std::shared_ptr<Owner> owner) {
  pybind11::capsule base(new std::shared_ptr<Owner>(std::move(owner)),
                         [](void* held) { delete static_cast<std::shared_ptr<Owner>*>(held); });
  pybind11::array array(pybind11::dtype::of<float>(), extents, values, base);
  array.attr("setflags")(pybind11::arg("write") = false);
  return array;
}

class Predictor {
 public:
  Predictor(const AnyNet& net, const Program& program) : net_(net), program_(program) {}

  /// {head: [samples, ...]}: what the losses predict, or the logits. Without the interpreter while it computes.
  pybind11::dict predict(pybind11::handle inputs, std::size_t threads, bool logits) {
    std::vector<Array> arrays;
    const Batch batch = batch_of(inputs, arrays);
    std::shared_ptr<One> used;
    std::vector<std::shared_ptr<std::vector<float>>> copies;
    {
      const pybind11::gil_scoped_release others;
      const std::lock_guard lock(mutex_);
      const bool held = first_ && first_.use_count() > 1;
      std::shared_ptr<One>& one = held ? second_ : first_;
      if (!one || one->threads != threads) one = std::make_shared<One>(program_, net_.shared_parameters(), threads);
      one->predict_batch(batch);
      if (held)
        for (std::size_t h = 0; h < net_.heads().size(); ++h) {
          const std::span<const float> values = one->values(h, logits);
          copies.push_back(std::make_shared<std::vector<float>>(values.begin(), values.end()));
        }
      used = one;
    }
    pybind11::dict answer;
    for (std::size_t h = 0; h < net_.heads().size(); ++h) {
      const HeadSlot& head = net_.heads()[h];
      const std::vector<pybind11::ssize_t> extents = extents_of(batch.size, logits ? head.output : head.prediction);
      const std::string name = net_.members() > 1 ? head.name() + "[" + std::to_string(head.member) + "]" : head.name();
      answer[pybind11::str(name)] = copies.empty() ? view(extents, used->values(h, logits).data(), used)
                                                   : view(extents, copies[h]->data(), copies[h]);
    }
    return answer;
  }

 private:
  struct One : detail::PredictorCore {
    One(const Program& program, std::shared_ptr<Parameters> parameters, std::size_t with)
        : PredictorCore(program, std::move(parameters), with), threads(with) {}
    [[nodiscard]] std::span<const float> values(std::size_t head, bool logits) const {
      return logits ? execution().logits(head) : execution().prediction(head);
    }
    std::size_t threads;
  };

  static std::vector<pybind11::ssize_t> extents_of(std::size_t samples, const TensorShape& shape) {
    std::vector<pybind11::ssize_t> extents{static_cast<pybind11::ssize_t>(samples)};
    if (shape.rows > 1) extents.push_back(shape.rows);
    if (shape.dims.pixels() > 1) extents.insert(extents.end(), {shape.dims.height, shape.dims.width});
    extents.push_back(shape.dims.channels);
    return extents;
  }

  /// The inputs in aligned memory, each once, whatever number of towers looks at it.
  [[nodiscard]] Batch batch_of(pybind11::handle inputs, std::vector<Array>& arrays) const {
    const auto given = named_arrays(inputs, "input");
    for (const auto& [name, object] : given) arrays.emplace_back("input \"" + name + "\"", object, false);
    Batch batch;
    batch.size = arrays.front().samples();
    constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::vector<std::size_t> slot_of(given.size(), none);
    for (const InputSlot& slot : net_.inputs()) {
      std::size_t found = none;
      for (std::size_t i = 0; i < given.size(); ++i)
        if (given[i].first == slot.name() || (found == none && given[i].first == "input" && slot.input.empty()))
          found = i;
      if (found == none) fail("prediction: no input for \"", slot.name(), "\" of ", to_string(slot.shape));
      const Array& array = arrays[found];
      if (array.size() != slot.shape.size() || array.samples() != batch.size)
        fail(array.name(), ": found ", array.samples(), " samples of ", array.size(), " elements, expected ",
             batch.size, " of ", slot.shape.size(), " (", to_string(slot.shape), ")");
      const bool again = slot_of[found] != none;
      if (!again) slot_of[found] = batch.inputs.size();
      batch.shared_input.push_back(slot_of[found]);
      batch.inputs.emplace_back();
      if (again) continue;
      batch.inputs.back().resize(batch.size * array.size());
      array.copy(0, batch.size, batch.inputs.back().data());
    }
    for (std::size_t i = 0; i < given.size(); ++i)
      if (slot_of[i] == none) fail("prediction: the network has no input \"", given[i].first, "\"");
    return batch;
  }

  const AnyNet& net_;
  const Program& program_;
  std::mutex mutex_;
  std::shared_ptr<One> first_, second_;
};

}  // namespace xstitch::inline XSTITCH_ISA::python
