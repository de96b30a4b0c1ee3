#pragma once
/// \file
/// Writes a network as an ONNX file, for whatever runs those: export_onnx(net, "net.onnx"). docs/onnx.md.
///
/// Opset 17, ir_version 8; any batch. Inputs are "tower.input" (and "tower.NAME" of an Input<"NAME", ...>), outputs are
/// the predictions, "tower" or "tower.head". Images are [batch, channels, height, width], vectors [batch, elements].
/// Weights are fp32, those of a Bfloat16 network too. What an operation becomes is in onnx/translations/; of a layer of
/// one's own: onnx/operation.hpp.

#include <xstitch/io/json.hpp>
#include <xstitch/onnx/translations/all.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Where the channels of images are in inputs and outputs.
enum class OnnxLayout : std::uint8_t {
  nchw,  ///< [batch, channels, height, width], as most runtimes like it
  nhwc,  ///< [batch, height, width, channels], as the library has it; turned at both ends
};

/// How a network is written.
struct OnnxOptions {
  OnnxLayout layout = OnnxLayout::nchw;  ///< extents of images
  /// One name for the own inputs of all towers, which must have one shape: "image". Empty: each has its own.
  std::string shared_input{};
  /// Also what the last layer of each head gave, as "tower.logits" or "tower.head.logits".
  bool logits = false;
  /// Names of the classes of heads, written into the metadata as JSON: "animal.classes": ["cat","dog"].
  std::map<std::string, std::vector<std::string>> classes{};
  /// Texts of one's own for the metadata.
  std::map<std::string, std::string> metadata{};
  /// Of layers of one's own, by their kinds (the type's name where they do not say one); also in place of ours.
  onnx::Translations translations{};
};

namespace onnx {

/// Translates the operations of a program one after the other into the nodes of a file.
class Exporter {
 public:
  /// For the values of these parameters.
  Exporter(const Parameters& parameters, const OnnxOptions& options)
      : program_(parameters.layout().program()),
        layout_(parameters.layout()),
        parameters_(parameters),
        options_(options),
        values_(program_.tensors.size()) {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i].shape = program_.tensors[i].shape;
  }

  /// Translates all of the program, and writes the file.
  void write(const std::filesystem::path& path) {
    check_options();
    add_inputs();
    for (std::size_t i = 0; i < program_.ops.size(); ++i) translate(i);
    add_outputs();
    std::map<std::string, std::string> metadata = options_.metadata;
    for (const auto& [head, names] : options_.classes) {
      Json::Array list;
      for (const std::string& name : names) list.emplace_back(name);
      metadata[head + ".classes"] = Json(std::move(list)).text();
    }
    metadata["layout"] = options_.layout == OnnxLayout::nchw ? "nchw" : "nhwc";
    graph_.write(path, std::string(program_.kind), metadata);
  }

 private:
  using Slots = std::span<const HeadSlot>;

  void check_options() const {
    for (const auto& [head, names] : options_.classes) {
      const std::size_t found = layout_.find_head(head);
      if (found == Layout::npos) fail("ONNX: names of classes for \"", head, "\", expected a head of the network");
      const int channels = layout_.heads()[found].prediction.dims.channels;
      if (names.size() != static_cast<std::size_t>(channels))
        fail("ONNX: ", names.size(), " names of classes for \"", head, "\", expected ", channels);
    }
  }

  /// Members of an ensemble read one input, and so do all towers that share one.
  void add_inputs() {
    std::map<std::string, std::size_t> first;
    for (std::size_t s = 0; s < program_.inputs.size(); ++s) {
      const InputSlot& slot = layout_.inputs()[s];
      const bool shared = slot.input.empty() && !options_.shared_input.empty();
      const std::string name =
          shared ? options_.shared_input
                 : std::string(slot.tower) + "." + std::string(slot.input.empty() ? "input" : slot.input);
      Value& value = values_[detail::at(program_.inputs[s].tensor)];
      const auto [place, fresh] = first.try_emplace(name, s);
      if (!fresh) {
        const InputSlot& other = layout_.inputs()[place->second];
        const bool own = slot.input.empty() && other.input.empty();  // of towers that share one
        if (!own && !(other.tower == slot.tower && other.input == slot.input))
          fail("ONNX: two inputs would be named \"", name, "\", expected different names");
        if (!(other.shape == slot.shape))
          fail("ONNX: towers '", other.tower, "' and '", slot.tower, "' read ", to_string(other.shape), " and ",
               to_string(slot.shape), ", which cannot be one input \"", name, "\"");
        value = values_[detail::at(program_.inputs[place->second].tensor)];
        continue;
      }
      graph_.set_scope(name);
      if (slot.kind == InputKind::boxes) {
        graph_.input(name, {slot.shape.height, slot.shape.channels});
        value.name(Form::pixels) =
            graph_.node("Reshape", {name, graph_.integers({-1, slot.shape.height, 1, slot.shape.channels})}, {}, 1)[0];
        continue;
      }
      const Form form = outer_form(value.shape);
      graph_.input(name, extents_of(value.shape, form));
      value.name(form) = name;
    }
  }
  [[nodiscard]] Form outer_form(const TensorShape& shape) const {
    if (shape.dims.pixels() == 1) return Form::vector;
    return options_.layout == OnnxLayout::nchw ? Form::image : Form::pixels;
  }

  void translate(std::size_t i) {
    const Op& op = program_.ops[i];
    OperationRecord record = *op.record;
    if (op.is_loss) {  // attributes and parameters of the prediction are among the loss's
      record.kind = op.record->loss->prediction_kind;
      record.text = op.record->loss->prediction_text;
    }
    Operation::Place place{
        scope_of(op, record), {}, {}, op.chain == none ? program_.order.data() + op.first_input : nullptr};
    for (const int input : program_.inputs_of(op)) place.inputs.push_back(&values_[detail::at(input)]);
    if (op.is_loss) {
      predictions_.resize(layout_.heads().size());
      Value& prediction = predictions_[layout_.head_of(i)];
      prediction.shape = record.outputs[0];
      place.outputs.push_back(&prediction);
    }
    for (int k = 0; k < op.output_count; ++k) place.outputs.push_back(&values_[detail::at(op.first_output + k)]);
    for (std::size_t p = 0; p < record.parameters.size(); ++p)
      place.parameters.push_back(parameters_.values(layout_.first_parameter(i) + p));
    const std::vector<Value*> outputs = place.outputs;
    graph_.set_scope(place.name);
    Operation operation(graph_, record, std::move(place));
    find(op, record)(operation);
    for (Value* output : outputs)
      if (output->name(output->present()).empty())
        fail("ONNX: the translation of ", record.kind, " (", place_of(program_, op), ") gives not all outputs");
  }
  /// Ours are for operations of the library alone: a type of the user's may have the same name.
  [[nodiscard]] Translation find(const Op& op, const OperationRecord& record) const {
    const auto given = options_.translations.find(record.kind);
    if (given != options_.translations.end()) return given->second;
    const auto own = find_translation(record.kind);
    if (own != nullptr && record.text.starts_with("xstitch::")) return own;
    fail("ONNX: no translation for ", record.kind, " (", place_of(program_, op),
         "); give one by OnnxOptions::translations[\"", record.kind, "\"], a function of xs::onnx::Operation&",
         own == nullptr ? "" : " (the library's own is for its own type of that name)");
  }
  /// What its parameters' names begin with; of an operation without any, the tower and the kind.
  [[nodiscard]] std::string scope_of(const Op& op, const OperationRecord& record) const {
    if (op.chain == none) return "stitch." + std::string(op.place);
    const ChainView& chain = program_.chains[detail::at(op.chain)];
    const std::string member = program_.members > 1 ? "ensemble" + std::to_string(chain.member) + "." : "";
    std::string name = member + std::string(chain.tower) + ".";
    if (op.is_loss) return name + (op.place.empty() ? "" : std::string(op.place) + ".") + "loss";
    const std::string own = full_name(program_, op);
    return name + (own.empty() ? block_path(program_, op) + std::string(record.kind) : own);
  }

  /// One output a head; the mean of its members in an ensemble.
  void add_outputs() {
    const Slots heads{layout_.heads().data(), layout_.heads().size()};
    for (std::size_t h = 0; h < heads.size(); ++h) {
      if (heads[h].member != 0) continue;
      std::vector<Value*> predictions, logits;
      for (std::size_t other = 0; other < heads.size(); ++other)
        if (heads[other].name() == heads[h].name()) {
          predictions.push_back(&predictions_[other]);
          logits.push_back(&values_[detail::at(program_.inputs_of(program_.ops[heads[other].operation])[0])]);
        }
      add_output(heads[h].name(), predictions, heads[h].unit_vectors);
      if (options_.logits) add_output(heads[h].name() + ".logits", logits, false);
    }
  }
  void add_output(const std::string& name, const std::vector<Value*>& members, bool unit_vectors) {
    graph_.set_scope(name);
    Value mean = *members[0];
    const Form form = usual_form(mean.shape);
    if (members.size() > 1) {
      Names all;
      for (Value* member : members) all.push_back(member->as(form, graph_));
      mean.names = {};
      mean.name(form) = graph_.node("Mean", all, {}, 1)[0];
      if (unit_vectors) {
        const OperationRecord none_needed{};
        Operation after(graph_, none_needed, {name, {&mean}, {}});
        mean.name(form) = translations::unit_vectors(after, mean.name(form));
      }
    }
    const Form outer = outer_form(mean.shape);
    Integers extents = extents_of(mean.shape, outer);
    std::string value = mean.as(outer, graph_);
    if (mean.shape.rows > 1) {
      extents.insert(extents.begin(), mean.shape.rows);
      Integers all = extents;
      all.insert(all.begin(), -1);
      value = graph_.node("Reshape", {value, graph_.integers(all)}, {}, 1)[0];
    }
    graph_.rename(value, name);
    graph_.output(name, extents);
  }

  const Program& program_;
  const Layout& layout_;
  const Parameters& parameters_;
  const OnnxOptions& options_;
  Graph graph_;
  std::vector<Value> values_;       ///< [tensor]
  std::vector<Value> predictions_;  ///< [head]
};

}  // namespace onnx

/// Writes the file, or leaves the old one. An Error names an operation that has no translation, and says how to give
/// one. Values that are not finite are refused. Of a predictor: *predictor.parameters().
inline void export_onnx(Parameters& parameters, const std::filesystem::path& path, const OnnxOptions& options = {}) {
  const ReadAccess access(parameters);
  parameters.check_whole();
  if (const std::string name = parameters.find_non_finite(); !name.empty())
    fail("cannot write ", path.string(), ": parameter \"", name, "\" is not finite");
  onnx::Exporter(parameters, options).write(path);
}
/// Writes what a Predictor computes as an ONNX file; an Error names an operation that has no translation.
inline void export_onnx(const AnyNet& net, const std::filesystem::path& path, const OnnxOptions& options = {}) {
  export_onnx(net.model(), path, options);
}

}  // namespace xstitch::inline XSTITCH_ISA
