#pragma once
/// \file
/// The arrays of an optimizer during a training (momentum, moments): the one place through which trainer and
/// checkpoints reach them. In files they are named "optimizer.K.PARAMETER"; running statistics have none.

#include <xstitch/core/finite.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/run/training.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace optimizer_state {

inline std::string name_of(std::size_t which, const std::string& parameter) {
  return "optimizer." + std::to_string(which) + "." + parameter;
}

/// Calls use(name, shape, array) for each array, in the order of the file.
template <class Use>
void for_each(const Training& training, const Use& use) {
  const AnyNet& net = training.net();
  for (std::size_t k = 0; k < training.optimizer_state_count(); ++k)
    for (std::size_t i = 0; i < net.parameters().size(); ++i) {
      const ParameterSlot& slot = net.parameters()[i];
      if (slot.spec.group == ParameterGroup::buffer) continue;
      use(name_of(k, slot.name), parameter_file::shape_of(slot.spec.extents), training.optimizer_state(k, i));
    }
}

/// Name of the first array that is not finite, or empty.
inline std::string find_non_finite(const Training& training) {
  std::string bad;
  for_each(training, [&](const std::string& name, const auto&, std::span<const float> values) {
    if (bad.empty() && !all_finite(values)) bad = name;
  });
  return bad;
}

/// The arrays of a file, kept apart until everything else in it is known to be good.
class Restored {
 public:
  /// Reads `count` arrays a parameter; an Error names the first that is missing, misshapen or not finite.
  XSTITCH_INLINE Restored(const SafetensorsFile& file, const std::filesystem::path& path, const AnyNet& net,
                          std::size_t count)
      : arrays_(count) {
    for (std::size_t k = 0; k < count; ++k)
      for (const ParameterSlot& slot : net.parameters()) {
        std::vector<float>& values = arrays_[k].emplace_back();
        if (slot.spec.group == ParameterGroup::buffer) continue;
        const std::string name = name_of(k, slot.name);
        const SafetensorsFile::Entry* entry = file.find(name);
        if (entry == nullptr || entry->shape != parameter_file::shape_of(slot.spec.extents))
          fail(path.string(), ": \"", name, "\" is ", entry == nullptr ? "missing" : "of a wrong shape");
        values.resize(slot.count);
        file.read(name, std::span(values));
        if (!all_finite(values)) fail(path.string(), ": \"", name, "\" is not finite");
      }
  }

  XSTITCH_INLINE void commit(Training& training) const {
    training.reset();
    for (std::size_t k = 0; k < arrays_.size(); ++k)
      for (std::size_t i = 0; i < arrays_[k].size(); ++i)
        std::copy(arrays_[k][i].begin(), arrays_[k][i].end(), training.optimizer_state(k, i).begin());
  }

 private:
  std::vector<std::vector<std::vector<float>>> arrays_;  ///< [array][parameter]
};

}  // namespace optimizer_state
}  // namespace xstitch::inline XSTITCH_ISA
