#pragma once
/// \file
/// Which field of a data set goes where in a network. Bound by name: a tower takes the input of its own name if there
/// is one, else the one named "input"; its further Input "boxes" takes the field "tower.boxes" if there is one, else
/// "boxes"; a head takes the label named "tower" or "tower.head".
///
/// What a field is, augmentation learns here: a tower's own input is an image where the field says so, a further input
/// is what its Input says. Boxes lie in the image that their tower reads.

#include <xstitch/core/batch.hpp>
#include <xstitch/data/augment.hpp>
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
  std::vector<augment::FieldUse> uses;  ///< [input field]
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
    case LabelKind::box_target:
      return "box target";
  }
  return "unknown";
}

XSTITCH_INLINE std::string to_text(const LabelSpec& spec) {
  std::string text = std::string(kind_name(spec.kind)) + " " + to_string(TensorShape(spec.shape, spec.rows));
  if (spec.integral()) text += " of " + std::to_string(spec.classes) + " classes";
  if (spec.mask.size() > 0) text += " with mask " + to_string(spec.mask);
  return text;
}

/// Why a label cannot feed a head, or nothing. Normals and zeros and ones are real numbers to a loss on real numbers;
/// a label without a mask is valid everywhere.
XSTITCH_INLINE std::string mismatch(const LabelSpec& have, const LabelSpec& want) {
  const bool kinds_agree = have.kind == want.kind || (want.kind == LabelKind::real && !have.integral());
  if (!kinds_agree) return "the kinds differ";
  if (have.shape != want.shape) return "the shapes differ";
  if (have.rows != want.rows) return "the rows of a sample differ";
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

inline const char* kind_name(InputKind kind) {
  switch (kind) {
    case InputKind::image:
      return "an image";
    case InputKind::boxes:
      return "boxes";
    case InputKind::plain:
      return "plain elements";
  }
  return "unknown";
}

/// "tower "a" wants an input", "input "a.boxes" (boxes) of tower "a" wants a field".
XSTITCH_INLINE std::string wants(const InputSlot& slot) {
  const std::string tower = "tower \"" + std::string(slot.tower) + "\"";
  if (slot.input.empty()) return tower + " wants an input";
  return "input \"" + slot.name() + "\" (" + kind_name(slot.kind) + ") of " + tower + " wants a field";
}

/// The field that feeds a slot, or the number of fields; `wanted` gets the names it may have.
XSTITCH_INLINE std::size_t find_input(const std::vector<InputField>& fields, const InputSlot& slot,
                                      std::string& wanted) {
  const std::string own = slot.name(), common = slot.input.empty() ? "input" : std::string(slot.input);
  wanted = "\"" + own + "\" or \"" + common + "\"";
  const std::size_t field = find(fields, own);
  return field != fields.size() ? field : find(fields, common);
}

/// What a slot takes its field for.
XSTITCH_INLINE augment::FieldUse use_of(const DataSetRef& data, const InputSlot& slot, std::size_t field,
                                        std::span<const InputSlot> inputs) {
  if (slot.input.empty()) return {data.inputs()[field].image ? InputKind::image : InputKind::plain, {}};
  if (slot.kind != InputKind::boxes) return {slot.kind, {}};
  std::string wanted;
  for (const InputSlot& own : inputs)
    if (own.tower == slot.tower && own.member == slot.member && own.input.empty())
      if (const std::size_t image = find_input(data.inputs(), own, wanted); image < data.inputs().size())
        return {InputKind::boxes, data.inputs()[image].image ? data.inputs()[image].shape : Dims{}};
  return {InputKind::boxes, {}};
}

/// Why a field cannot be what a slot takes it for, or nothing. `taken`: by which slot before, and for what.
XSTITCH_INLINE std::string wrong_use(const InputSlot& slot, const InputField& field, const augment::FieldUse& use,
                                     const InputSlot* taken, const augment::FieldUse& taken_for) {
  if (use.kind == InputKind::boxes && !augment::is_boxes_shape(slot.shape))
    return "boxes are n x 1 x 5, (1 if used, x0, y0, x1, y1) each; found " + to_string(slot.shape);
  if (use.kind == InputKind::image && !field.image)
    return "\"" + field.name + "\" of the data set says that it is no image (InputField::image)";
  if (taken == nullptr) return {};
  if (taken_for.kind != use.kind)
    return "\"" + field.name + "\" of the data set is taken for " + kind_name(use.kind) + " here and for " +
           kind_name(taken_for.kind) + " by \"" + taken->name() + "\"";
  if (taken_for.image != use.image)
    return "the boxes \"" + field.name + "\" of the data set lie in an image of " + to_string(use.image) +
           " here and in one of " + to_string(taken_for.image) + " for \"" + taken->name() + "\"";
  return {};
}

}  // namespace binding

/// Binds every input and head, or says in one Error everything that does not fit.
XSTITCH_INLINE Binding bind(const DataSetRef& data, std::span<const InputSlot> inputs,
                            std::span<const HeadSlot> heads) {
  binding::refuse_twins(data.inputs(), "input");
  binding::refuse_twins(data.labels(), "label");
  Binding result;
  std::string problems;
  result.uses = augment::uses_of(data.inputs());
  std::vector<const InputSlot*> taken(data.inputs().size(), nullptr);
  for (const InputSlot& slot : inputs) {
    std::string wanted;
    const std::size_t field = binding::find_input(data.inputs(), slot, wanted);
    result.inputs.push_back(field);
    if (slot.member > 0) continue;  // said once, for the first member
    if (field == data.inputs().size()) {
      problems += "\n  " + binding::wants(slot) + " named " + wanted + " of " + to_string(slot.shape) +
                  "; the data set offers " + binding::offered(data.inputs());
      continue;
    }
    const InputField& have = data.inputs()[field];
    if (have.shape != slot.shape) {
      problems += "\n  " + binding::wants(slot) + " of " + to_string(slot.shape) + "; \"" + have.name +
                  "\" of the data set is " + to_string(have.shape);
      continue;
    }
    const augment::FieldUse use = binding::use_of(data, slot, field, inputs);
    if (const std::string why = binding::wrong_use(slot, have, use, taken[field], result.uses[field]); !why.empty())
      problems += "\n  " + binding::wants(slot) + " of " + to_string(slot.shape) + ": " + why;
    result.uses[field] = use;
    taken[field] = &slot;
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
