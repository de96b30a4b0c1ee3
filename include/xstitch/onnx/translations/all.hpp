#pragma once
/// \file
/// The library's operations that can be written as ONNX, by kind. One that is new gets an entry in the file of its
/// family in this folder; nothing else knows it.

#include <xstitch/onnx/translations/activations.hpp>
#include <xstitch/onnx/translations/norms.hpp>
#include <xstitch/onnx/translations/pools.hpp>
#include <xstitch/onnx/translations/predictions.hpp>
#include <xstitch/onnx/translations/structure.hpp>
#include <xstitch/onnx/translations/units.hpp>
#include <xstitch/onnx/translations/weighted.hpp>

#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

inline std::vector<Entry> all_translations() {
  std::vector<Entry> all;
  const auto add = [&](const auto& family) { all.insert(all.end(), family.begin(), family.end()); };
  add(translations::weighted);
  add(translations::activations);
  add(translations::pools);
  add(translations::norms);
  add(translations::structure);
  add(translations::units);
  add(translations::predictions);
  return all;
}

/// The library's own translation of a kind, or null.
inline void (*find_translation(std::string_view kind))(Operation&) {
  for (const Entry& entry : all_translations())
    if (entry.kind == kind) return entry.translate;
  return nullptr;
}

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
