#pragma once
/// \file
/// Which field of a data set goes where in a network. Bound by name: a tower takes the input of its own name if there
/// is one, else the one named "input"; a head takes the label named "tower" or "tower.head".

#include <xstitch/core/batch.hpp>
#include <xstitch/data/data_set.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// For each input and head of a network the number of the field that feeds it.
struct Binding {
  std::vector<std::size_t> inputs, labels;
};

namespace binding {

inline const char* kind_name(LabelKind kind) {
  switch (kind) {
    case LabelKind::class_index:
      return "class index";
    case LabelKind::real:
      return "real";
    case LabelKind::binary:
      return "binary";
    case LabelKind::unit_normal:
      return "unit normal";
  }
  return "unknown";
}

inline std::string to_text(const LabelSpec& spec) {
  std::string text = std::string(kind_name(spec.kind)) + " " + to_string(spec.shape);
  if (spec.integral()) text += " of " + std::to_string(spec.classes) + " classes";
  if (spec.mask.size() > 0) text += " with mask " + to_string(spec.mask);
  return text;
}

/// Why a label cannot feed a head, or nothing. Normals and zeros and ones are real numbers to a loss on real numbers;
/// a label without a mask is valid everywhere.
inline std::string mismatch(const LabelSpec& have, const LabelSpec& want) {
  const bool kinds_agree = have.kind == want.kind || (want.kind == LabelKind::real && !have.integral());
  if (!kinds_agree) return "the kinds differ";
  if (have.shape != want.shape) return "the shapes differ";
  if (want.integral() && have.classes != want.classes) return "the numbers of classes differ";
  if (have.mask.size() > 0 && want.mask.size() == 0) return "the loss would ignore the mask";
  if (have.mask.size() > 0 && have.mask != want.mask)
    return have.mask == have.shape && want.kind == LabelKind::real
               ? "the masks differ: elements of the label are missing, which ElementMasked<loss> looks at"
               : "the masks differ";
  return {};
}

template <class Field>
std::string offered(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += text.empty() ? "" : ", ";
    text += "\"" + field.name + "\" (";
    if constexpr (requires { field.spec; })
      text += to_text(field.spec);
    else
      text += to_string(field.shape);
    text += ")";
  }
  return text.empty() ? "nothing" : text;
}

template <class Field>
std::size_t find(const std::vector<Field>& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return static_cast<std::size_t>(found - fields.begin());
}

template <class Field>
void refuse_twins(const std::vector<Field>& fields, const char* what) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (find(fields, fields[i].name) != i) fail("data set: two ", what, "s are named \"", fields[i].name, "\"");
}

}  // namespace binding

/// Binds every input and head, or says in one Error everything that does not fit.
inline Binding bind(const DataSetRef& data, std::span<const InputSlot> inputs, std::span<const HeadSlot> heads) {
  binding::refuse_twins(data.inputs(), "input");
  binding::refuse_twins(data.labels(), "label");
  Binding result;
  std::string problems;
  for (const InputSlot& slot : inputs) {
    std::size_t field = binding::find(data.inputs(), slot.tower);
    if (field == data.inputs().size()) field = binding::find(data.inputs(), "input");
    result.inputs.push_back(field);
    if (slot.member > 0) continue;  // said once, for the first member
    const std::string name(slot.tower);
    if (field == data.inputs().size())
      problems += "\n  tower \"" + name + "\" wants an input named \"" + name + "\" or \"input\" of " +
                  to_string(slot.shape) + "; the data set offers " + binding::offered(data.inputs());
    else if (data.inputs()[field].shape != slot.shape)
      problems += "\n  tower \"" + name + "\" wants an input of " + to_string(slot.shape) + "; \"" +
                  data.inputs()[field].name + "\" of the data set is " + to_string(data.inputs()[field].shape);
  }
  for (const HeadSlot& slot : heads) {
    const std::string name = slot.name();
    const std::size_t field = binding::find(data.labels(), name);
    result.labels.push_back(field);
    if (slot.member > 0) continue;
    if (field == data.labels().size()) {
      problems += "\n  head \"" + name + "\" wants a label of that name, " + binding::to_text(slot.label) +
                  "; the data set offers " + binding::offered(data.labels());
      continue;
    }
    const LabelSpec& have = data.labels()[field].spec;
    if (const std::string reason = binding::mismatch(have, slot.label); !reason.empty())
      problems += "\n  head \"" + name + "\" wants " + binding::to_text(slot.label) + "; the data set's label is " +
                  binding::to_text(have) + ": " + reason;
  }
  if (!problems.empty()) fail("the data set does not fit the network:", problems);
  return result;
}

}  // namespace xstitch::inline XSTITCH_ISA
