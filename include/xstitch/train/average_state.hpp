#pragma once
/// \file
/// Averaged weights (train/weight_average.hpp) in checkpoints, as "weight_average.PARAMETER":
///
///     xs::load_average(net, "out/last.safetensors")            the network gets them
///     xs::initialise_from(net, *result.average)                those of a TrainResult, in the same program
///     xs::load(net, "out/best.safetensors")                    with averaging, that file holds them as its parameters

#include <xstitch/core/finite.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/weight_average.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace average_state {

inline std::string name_of(const std::string& parameter) { return "weight_average." + parameter; }

inline void add_views(const AveragedWeights& average, std::vector<TensorView>& tensors) {
  const std::span<const ParameterSlot> slots = average.net().parameters();
  for (std::size_t i = 0; i < slots.size(); ++i)
    tensors.push_back(
        TensorView::floats(name_of(slots[i].name), parameter_file::shape_of(slots[i].spec.extents), average.values(i)));
}

/// Name of the first that is not finite, or empty.
inline std::string find_non_finite(const AveragedWeights& average) {
  const std::span<const ParameterSlot> slots = average.net().parameters();
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (!all_finite(average.values(i))) return name_of(slots[i].name);
  return {};
}

/// Those of a file, [parameter]; an Error names the first that is missing, misshapen or not finite.
XSTITCH_INLINE std::vector<std::vector<float>> read(const SafetensorsFile& file, const std::filesystem::path& path,
                                                    const AnyNet& net) {
  std::vector<std::vector<float>> all;
  for (const ParameterSlot& slot : net.parameters()) {
    const std::string name = name_of(slot.name);
    const SafetensorsFile::Entry* entry = file.find(name);
    if (entry == nullptr || entry->shape != parameter_file::shape_of(slot.spec.extents))
      fail(path.string(), ": \"", name, "\" is ", entry == nullptr ? "missing" : "of a wrong shape",
           entry == nullptr && all.empty() ? "; the file has no averaged weights" : "");
    file.read(name, std::span(all.emplace_back(slot.count)));
    if (!all_finite(all.back())) fail(path.string(), ": \"", name, "\" is not finite");
  }
  return all;
}

}  // namespace average_state

/// Gives the network the averaged weights of a checkpoint. On an Error nothing is changed.
inline void load_average(AnyNet& net, const std::filesystem::path& path) {
  parameter_file::Staged staged;
  staged.values = average_state::read(SafetensorsFile(path), path, net);
  for (std::size_t i = 0; i < staged.values.size(); ++i) staged.parameters.push_back(i);
  staged.commit(net.model());
}

}  // namespace xstitch::inline XSTITCH_ISA
