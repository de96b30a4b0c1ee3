#pragma once
/// \file
/// The structure of a network as a text: operations with their attributes, shapes and parameters. Equal for networks
/// that compute the same; the same text with every compiler and instruction set.

#include <xstitch/run/layout.hpp>

#include <cctype>
#include <string>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

/// A type's text without what compilers write differently: namespaces, spaces, FixedString<6>{"conv1"} against
/// {{"conv1"}} or "conv1", casts of integers.
XSTITCH_INLINE std::string normalised_type(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {  // a string stays as it is
      const std::size_t end = text.find('"', i + 1);
      plain += text.substr(i, end == std::string_view::npos ? end : end + 1 - i);
      i = end == std::string_view::npos ? text.size() : end + 1;
      continue;
    }
    const bool word = std::isalpha(static_cast<unsigned char>(text[i])) != 0 || text[i] == '_';
    if (!word) {
      if (text[i] != ' ' && text[i] != '{' && text[i] != '}') plain += text[i];
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    const bool space = text.substr(end, 2) == "::";
    if (!space) plain += text.substr(i, end - i);
    i = space ? end + 2 : end;
  }
  for (const std::string_view dropped : {"(anonymous", "namespace)::", "FixedString<"}) {
    for (std::size_t at = plain.find(dropped); at != std::string::npos; at = plain.find(dropped)) {
      const bool string = dropped == "FixedString<";
      const std::size_t end = string ? plain.find('>', at) : at + dropped.size() - 1;
      plain.erase(at, end + 1 - at);
    }
  }
  return plain;
}

}  // namespace detail

/// "outputs 96, kernel 11 11, stride 4 4": the attributes of an operation, or the text of its type where it has none.
XSTITCH_INLINE std::string attributes_of(const OperationRecord& record) {
  std::string text;
  for (const Attribute& attribute : record.attributes) text += (text.empty() ? "" : ", ") + to_string(attribute);
  if (text.empty() && record.text.find('<') != std::string_view::npos) text = detail::normalised_type(record.text);
  return text;
}
/// The operation's own name, or that of its seam or head.
inline std::string name_of(const Program& program, const Op& op) {
  return op.chain == none || op.is_loss ? std::string(op.place) : full_name(program, op);
}
/// "Conv conv1 (outputs 96, kernel 11 11, stride 4 4)".
XSTITCH_INLINE std::string describe_operation(const Program& program, const Op& op) {
  const std::string name = name_of(program, op), inside = attributes_of(*op.record);
  return std::string(op.record->kind) + (name.empty() ? "" : " " + name) + (inside.empty() ? "" : " (" + inside + ")");
}

/// Items separated by spaces, an operation each: "Conv:conv1(outputs 96, stride 4 4)/55x55x96", then the parameters.
XSTITCH_INLINE std::string signature_of(const Layout& layout) {
  const Program& program = layout.program();
  std::string text(program.kind);
  for (const Op& op : program.ops) {
    const std::string name = name_of(program, op), inside = attributes_of(*op.record);
    text += " " + std::string(op.record->kind) + (name.empty() ? "" : ":" + name) +
            (inside.empty() ? "" : "(" + inside + ")");
    for (int k = 0; k < op.output_count; ++k) {
      const TensorShape& shape = program.tensors[detail::at(op.first_output + k)].shape;
      text += (k == 0 ? "/" : "+") + (shape.rows == 1 ? "" : std::to_string(shape.rows) + "x") + to_string(shape.dims);
    }
  }
  for (const ParameterSlot& slot : layout.slots()) text += " " + slot.name + "=" + std::to_string(slot.count);
  return text;
}

}  // namespace xstitch::inline XSTITCH_ISA
