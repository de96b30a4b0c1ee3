#pragma once
/// \file
/// A tensor of a network as values of an ONNX graph, in the forms that somebody has asked for. ONNX's operators read
/// channels before pixels; a row of our tensors has height, width and channels:
///
///     Form::image    [batch, channels, height, width]
///     Form::vector   [batch, channels height width]: flattened, channels first
///     Form::pixels   [batch, height, width, channels]
///
/// A tensor of several rows a sample has batch x rows in place of batch. The node that turns one form into another is
/// made when it is first wanted.

#include <xstitch/core/tensor.hpp>
#include <xstitch/onnx/graph.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

/// Channels first, {channels, height, width}; one long vector; or pixels first, {height, width, channels}.
enum class Form : std::uint8_t { image, vector, pixels };

/// The form in which a row is written where nothing else is wanted: a vector where it has one pixel.
inline Form usual_form(const TensorShape& shape) { return shape.dims.pixels() == 1 ? Form::vector : Form::image; }

/// The extents of a row.
inline Integers extents_of(const TensorShape& shape, Form form) {
  const std::int64_t h = shape.dims.height, w = shape.dims.width, c = shape.dims.channels;
  if (form == Form::vector) return {c * h * w};
  return form == Form::image ? Integers{c, h, w} : Integers{h, w, c};
}

struct Value {
  TensorShape shape{};                 ///< of a row
  std::array<std::string, 3> names{};  ///< [form], empty where it has not been made

  /// Its name in a form, empty where it has not been made.
  [[nodiscard]] std::string& name(Form form) { return names[static_cast<std::size_t>(form)]; }
  /// A form that it has; the usual one if it can be had for nothing.
  [[nodiscard]] Form present() {
    if (!name(usual_form(shape)).empty()) return usual_form(shape);
    for (const Form form : {Form::image, Form::vector, Form::pixels})
      if (!name(form).empty()) return form;
    return Form::image;
  }

  /// Its name in a form, for which a node is written if there is none yet.
  const std::string& as(Form form, Graph& graph) {
    if (name(form).empty()) name(form) = turned(form, graph);
    return name(form);
  }

 private:
  std::string turned(Form form, Graph& graph) {
    const Form from = present();
    // Between vector and pixels the way leads over the image, but for one pixel, where all forms lie alike.
    if (from != Form::image && form != Form::image && shape.dims.pixels() > 1) (void)as(Form::image, graph);
    const bool image = !name(Form::image).empty();
    if (form == Form::vector && image) return graph.node("Flatten", {name(Form::image)}, {{"axis", 1}}, 1)[0];
    if (form == Form::pixels && image) return transposed(name(Form::image), {0, 2, 3, 1}, graph);
    if (form == Form::image && from == Form::pixels) return transposed(name(from), {0, 3, 1, 2}, graph);
    Integers extents = extents_of(shape, form);
    extents.insert(extents.begin(), -1);
    return graph.node("Reshape", {name(from), graph.integers(extents)}, {}, 1)[0];
  }
  static std::string transposed(const std::string& from, const Integers& order, Graph& graph) {
    return graph.node("Transpose", {from}, {{"perm", order}}, 1)[0];
  }
};

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
