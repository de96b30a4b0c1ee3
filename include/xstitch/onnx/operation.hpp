#pragma once
/// \file
/// An operation of a network that is to be written as nodes of ONNX: what it is, its inputs in the form that the nodes
/// want, its parameters, and where its outputs go. A translation is a function of this; for a layer of one's own:
///
///     options.translations["PRelu"] = [](xs::onnx::Operation& o) {              // y = x where x > 0, else a[c] x
///       const xs::onnx::Form form = o.usual_form();
///       o.gives(o.node("PRelu", {o.input(form), o.per_channel("slope", o.parameter(0), form)}), form);
///     };

#include <xstitch/core/attribute.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/onnx/value.hpp>
#include <xstitch/weave/record.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

class Operation {
 public:
  /// What the exporter knows of it. Pointers stay valid while it is translated.
  struct Place {
    std::string name;                                  ///< "upper.conv1", what its parameters' names begin with
    std::vector<Value*> inputs, outputs;               ///< outputs in the order of the record's
    const std::size_t* order = nullptr;                ///< of a weave unit: towers by name
    std::vector<std::span<const float>> parameters{};  ///< of the operation, in the order of the record
  };
  /// The record of an operation, and its place in the graph.
  Operation(Graph& graph, const OperationRecord& record, Place place)
      : graph_(graph), record_(record), place_(std::move(place)) {}

  // What it is ------------------------------------------------------------------------------------------------------

  /// As the operation says: "Conv".
  [[nodiscard]] std::string_view kind() const noexcept { return record_.kind; }
  /// "upper.conv1", what names of its tensors begin with.
  [[nodiscard]] const std::string& name() const noexcept { return place_.name; }
  /// How many inputs it has.
  [[nodiscard]] std::size_t inputs() const noexcept { return place_.inputs.size(); }
  /// Of one sample.
  [[nodiscard]] const TensorShape& input_shape(std::size_t k = 0) const { return input_value(k).shape; }
  /// Of one sample.
  [[nodiscard]] const TensorShape& output_shape(std::size_t k = 0) const { return record_.outputs[k]; }
  /// An attribute by its name; an Error if there is none.
  [[nodiscard]] Integers integers(std::string_view name) const {
    const Attribute& found = attribute(name);
    return {found.values.begin(), found.values.begin() + static_cast<std::ptrdiff_t>(found.count)};
  }
  /// An attribute of one integer.
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return attribute(name).values[0]; }
  /// An attribute of yes or no.
  [[nodiscard]] bool flag(std::string_view name) const { return attribute(name).values[0] != 0; }
  /// An attribute that is a ratio, as a number.
  [[nodiscard]] float ratio(std::string_view name) const {
    const Attribute& found = attribute(name);
    return Ratio{found.values[0], found.values[1]}.value();
  }
  /// An attribute that is a text.
  [[nodiscard]] std::string_view text(std::string_view name) const { return attribute(name).words; }

  // Parameters ------------------------------------------------------------------------------------------------------

  /// Values of parameter i.
  [[nodiscard]] std::span<const float> parameter(std::size_t i) const { return place_.parameters[i]; }
  /// Name and extents of parameter i.
  [[nodiscard]] const ParameterSpec& parameter_spec(std::size_t i) const { return record_.parameters[i]; }
  /// Parameter i as a tensor of the file, under its own name.
  std::string weight(std::size_t i, const Integers& extents, Elements elements) {
    return constant(std::string(record_.parameters[i].name), extents, std::move(elements));
  }
  /// Parameter i with these extents, elements in the order in which they are.
  std::string weight(std::size_t i, const Integers& extents) { return weight(i, extents, as_they_are(parameter(i))); }
  /// A tensor of the file, "upper.conv1.NAME".
  std::string constant(const std::string& name, const Integers& extents, Elements elements) {
    return graph_.initializer(place_.name + "." + name, extents, std::move(elements));
  }
  /// One number of the file.
  std::string number(const std::string& name, float value) { return constant(name, {}, std::vector<float>{value}); }
  /// A list of integers of the file.
  std::string constant(const Integers& values) { return graph_.integers(values); }
  /// One element a channel, so that it is the same for all samples and pixels of a value in that form.
  std::string per_channel(const std::string& name, std::vector<float> values, Form form) {
    return constant(name, channel_extents(form), std::move(values));
  }
  /// The same, of a view.
  std::string per_channel(const std::string& name, std::span<const float> values, Form form) {
    return constant(name, channel_extents(form), as_they_are(values));
  }
  /// Extents that repeat one element a channel over pixels.
  [[nodiscard]] Integers channel_extents(Form form) const {
    const std::int64_t channels = input_shape().dims.channels;
    return form == Form::image ? Integers{channels, 1, 1} : Integers{channels};
  }

  // Nodes -----------------------------------------------------------------------------------------------------------

  /// A vector where a row has one pixel, else an image.
  [[nodiscard]] Form usual_form() const { return onnx::usual_form(input_shape()); }
  /// A form in which input k is there already.
  [[nodiscard]] Form present_form(std::size_t k = 0) const { return input_value(k).present(); }
  /// The name of input k in this form; a transposition is written if it is not there yet.
  const std::string& input(Form form, std::size_t k = 0) { return input_value(k).as(form, graph_); }
  /// Writes a node of one output; its name.
  std::string node(std::string_view type, const Names& inputs, const Settings& settings = {}) {
    return graph_.node(type, inputs, settings, 1)[0];
  }
  /// Writes a node of several outputs; their names.
  Names nodes(std::string_view type, const Names& inputs, std::size_t outputs, const Settings& settings = {}) {
    return graph_.node(type, inputs, settings, outputs);
  }
  /// The sum of values, in the order of the towers' names if there is one.
  std::string sum(const Names& values) {
    Names ordered;
    for (std::size_t k = 0; k < values.size(); ++k)
      ordered.push_back(values[place_.order == nullptr ? k : place_.order[k]]);
    return ordered.size() == 1 ? ordered[0] : node("Sum", ordered);
  }
  /// Output k is this value.
  void gives(const std::string& value, Form form, std::size_t k = 0) { place_.outputs[k]->name(form) = value; }
  /// The same operation on another value in place of its input.
  [[nodiscard]] Operation on(Value& input) const {
    Operation other = *this;
    other.place_.inputs = {&input};
    return other;
  }
  /// The output is the input.
  void gives_input() { place_.outputs[0]->names = place_.inputs[0]->names; }

  /// An Error that says why the operation cannot be written.
  [[noreturn]] void refuse(std::string_view why) const {
    fail("cannot be written as ONNX: ", record_.kind, " \"", place_.name, "\": ", why);
  }

 private:
  [[nodiscard]] Value& input_value(std::size_t k) const {
    if (k >= place_.inputs.size()) refuse("an input was asked for that it does not have");
    return *place_.inputs[k];
  }
  [[nodiscard]] const Attribute& attribute(std::string_view name) const {
    for (const Attribute& one : record_.attributes)
      if (one.name == name) return one;
    fail("cannot be written as ONNX: ", record_.kind, " \"", place_.name, "\" has no attribute \"", name, "\"");
  }

  Graph& graph_;
  const OperationRecord& record_;
  Place place_;
};

/// Writes the nodes of an operation.
using Translation = std::function<void(Operation&)>;
/// By the kinds of operations.
using Translations = std::map<std::string, Translation, std::less<>>;

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
