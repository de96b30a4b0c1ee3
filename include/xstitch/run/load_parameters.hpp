#pragma once
/// \file
/// Reads the parameters of a model from a safetensors file: all of them, or nothing. What else goes to and from files
/// is in run/parameter_file.hpp; a predictor needs this alone.

#include <xstitch/core/finite.hpp>
#include <xstitch/io/safetensors_file.hpp>
#include <xstitch/io/weight_order.hpp>
#include <xstitch/run/parameter_names.hpp>
#include <xstitch/run/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace parameter_file {

using weight_order::shape_of;

/// New values of parameters, kept apart until all of them are known to be good.
struct Staged {
  std::vector<std::size_t> parameters;
  std::vector<std::vector<float>> values;

  XSTITCH_INLINE void commit(Parameters& to) const {
    const WriteAccess access(to, "loading parameters");
    for (std::size_t k = 0; k < parameters.size(); ++k)
      std::copy(values[k].begin(), values[k].end(), to.writable(parameters[k]).begin());
    if (parameters.size() == to.slots().size()) to.set_torn(false);
  }
};

/// Reads a tensor that fits, in whichever order it lies. `read(span)` gives the values as they are. What is wrong with
/// them, as a line of a list.
template <class Read>
std::string read_as(weight_order::Fit::Kind kind, const ParameterSpec& spec, const std::string& name,
                    std::span<float> values, const Read& read) {
  try {
    if (kind != weight_order::Fit::Kind::pytorch) {
      read(values);
    } else {
      std::vector<float> other(values.size());
      read(std::span(other));
      weight_order::from_pytorch(spec, other, values);
    }
  } catch (const Error& error) {
    return std::string("\n  ") + error.what();
  }
  return all_finite(values) ? "" : "\n  \"" + name + "\" holds values that are not finite";
}

}  // namespace parameter_file

/// Reads all parameters, under their names or those that the mapping gives. On an Error nothing is changed.
[[gnu::cold]] XSTITCH_INLINE void load(Parameters& to, const std::filesystem::path& path,
                                       const std::vector<PrefixMapping>& mapping,
                                       WeightOrder order = WeightOrder::as_marked) {
  const SafetensorsFile file(path);
  order = weight_order::of_file(order, file.metadata());
  std::string problems;
  std::vector<weight_order::Fit> fits;
  std::vector<std::string> names;  // in the file, of each parameter
  for (const ParameterSlot& slot : to.slots()) {
    const std::vector<std::uint64_t> want = parameter_file::shape_of(slot.spec.extents);
    const std::vector<std::string> all = parameter_file::candidates(slot, mapping);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const std::string& n) { return file.find(n) != nullptr; });
    names.push_back(found == all.end() ? slot.name : *found);
    const SafetensorsFile::Entry* entry = file.find(names.back());
    fits.push_back(entry == nullptr ? weight_order::Fit{} : weight_order::fit(slot.spec, entry->shape, order));
    if (entry == nullptr)
      problems += "\n  missing: \"" + all[0] + "\" " + safetensors::to_text(want);
    else if (!safetensors::element_reader(entry->dtype).numbers())
      problems +=
          "\n  \"" + names.back() + "\" is of the type " + entry->dtype + std::string(safetensors::expected_types);
    else if (!fits.back().fits())
      problems += (fits.back().remark().empty() ? "\n  wrong shape: \"" : "\n  \"") + names.back() + "\" is " +
                  safetensors::to_text(entry->shape) + ", expected " + safetensors::to_text(want) +
                  fits.back().remark();
  }
  for (const auto& [name, entry] : file.entries())
    if (std::find(names.begin(), names.end(), name) == names.end() && !parameter_file::is_training_state(name) &&
        !parameter_file::is_counter(name))
      problems += "\n  unexpected: \"" + name + "\" " + safetensors::to_text(entry.shape);
  if (!problems.empty()) fail(path.string(), " does not fit the network:", problems);

  parameter_file::Staged staged;
  for (std::size_t i = 0; i < to.slots().size(); ++i) {
    staged.parameters.push_back(i);
    const ParameterSlot& slot = to.slots()[i];
    staged.values.emplace_back(slot.count);
    problems += parameter_file::read_as(fits[i].kind, slot.spec, names[i], staged.values.back(),
                                        [&](std::span<float> values) { file.read(names[i], values); });
  }
  if (!problems.empty()) fail(path.string(), ":", problems);
  staged.commit(to);
}
inline void load(Parameters& to, const std::filesystem::path& path, WeightOrder order = WeightOrder::as_marked) {
  load(to, path, {}, order);
}

}  // namespace xstitch::inline XSTITCH_ISA
