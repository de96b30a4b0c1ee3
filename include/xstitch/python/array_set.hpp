#pragma once
/// \file
/// A data set of numpy arrays, which stay where they are: [samples, ...] for each input, and for each head that is
/// trained or judged. A class below 0 is no label; nor is a sample of reals that are all NaN.

#include <xstitch/data/data_set.hpp>
#include <xstitch/python/array.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::python {

class ArraySet {
 public:
  /// `partial`: heads whose labels are not given have none, to evaluate the others.
  ArraySet(const AnyNet& net, pybind11::handle inputs, pybind11::handle labels, bool partial) {
    for (const auto& [name, object] : named_arrays(inputs, "input")) {
      arrays_.emplace_back("input \"" + name + "\"", object, false);
      inputs_.push_back({.name = name, .shape = shape_of(net, name, arrays_.back())});
      inputs_.back().image = inputs_.back().shape.pixels() > 1;
    }
    const std::string only = net.heads().front().name();
    for (const auto& [name, object] : named_arrays(labels, only.c_str())) {
      const std::size_t head = net.find_head(name);
      if (head == AnyNet::npos) fail("label \"", name, "\": the network has no such head, but ", head_names(net));
      const LabelSpec& spec = net.heads()[head].label;
      arrays_.emplace_back("label \"" + name + "\"", object, spec.integral());
      const std::size_t expected = static_cast<std::size_t>(spec.rows) * spec.shape.size();
      if (arrays_.back().size() != expected)
        fail(arrays_.back().name(), ": found ", arrays_.back().size(), " elements a sample, expected ", expected);
      labels_.push_back({.name = name, .spec = spec});
    }
    if (partial)
      for (const HeadSlot& head : net.heads()) {
        const auto given = [&](const LabelField& field) { return field.name == head.name(); };
        if (std::none_of(labels_.begin(), labels_.end(), given))
          labels_.push_back({.name = head.name(), .spec = head.label});
      }
    for (const Array& array : arrays_)
      if (array.samples() != arrays_.front().samples())
        fail(array.name(), ": found ", array.samples(), " samples, expected ", arrays_.front().samples(), " as in ",
             arrays_.front().name());
  }

  [[nodiscard]] std::size_t size() const noexcept { return arrays_.front().samples(); }
  [[nodiscard]] std::vector<InputField> inputs() const { return inputs_; }
  [[nodiscard]] std::vector<LabelField> labels() const { return labels_; }
  void load(std::size_t index, Sample& sample) const {
    sample.inputs.resize(inputs_.size());
    sample.labels.resize(labels_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      sample.inputs[i].resize(arrays_[i].size());
      arrays_[i].copy(index, 1, sample.inputs[i].data());
    }
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      sample.labels[i].mask.clear();
      if (inputs_.size() + i < arrays_.size())
        load(index, arrays_[inputs_.size() + i], sample.labels[i], labels_[i].spec);
      else
        leave_out(sample.labels[i], labels_[i].spec);
    }
  }

  /// The shape of an input: the network's where the array has as many elements in other extents, so that the library's
  /// own message names both where it does not fit.
  static Dims shape_of(const AnyNet& net, const std::string& name, const Array& array) {
    for (const InputSlot& slot : net.inputs())
      if ((name == slot.name() || (name == "input" && slot.input.empty())) && slot.shape.size() == array.size())
        return slot.shape;
    return array.shape();
  }
  static std::string head_names(const AnyNet& net) {
    std::string names;
    for (const HeadSlot& head : net.heads()) names += (names.empty() ? "\"" : ", \"") + head.name() + "\"";
    return names;
  }

 private:
  static void leave_out(LabelValue& label, const LabelSpec& spec) {
    const std::size_t size = static_cast<std::size_t>(spec.rows) * spec.shape.size();
    label.present = false;
    label.indices.assign(spec.integral() ? size : 0, -1);
    label.values.assign(spec.integral() ? 0 : size, 0.0F);
  }
  static void load(std::size_t index, const Array& array, LabelValue& label, const LabelSpec& spec) {
    label.present = true;
    if (spec.integral()) return array.copy(index, label.indices);
    label.values.resize(array.size());
    array.copy(index, 1, label.values.data());
    const auto missing = std::count_if(label.values.begin(), label.values.end(), [](float v) { return std::isnan(v); });
    label.present = static_cast<std::size_t>(missing) < label.values.size();
    if (!label.present)
      std::fill(label.values.begin(), label.values.end(), 0.0F);
    else if (missing > 0)
      fail(array.name(), ": found ", missing, " NaN among ", label.values.size(),
           " values, expected all of them (no label) or none");
  }

  std::vector<Array> arrays_;  ///< inputs, then labels
  std::vector<InputField> inputs_;
  std::vector<LabelField> labels_;
};

}  // namespace xstitch::inline XSTITCH_ISA::python
