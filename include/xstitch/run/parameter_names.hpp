#pragma once
/// \file
/// Names of a network's parameters in files and in other networks.
///
///     ours                                  in a file of PyTorch's
///     birds.layer1.0.bn1.weight             layer1.0.bn1.weight         {.from = "", .to = "birds."} maps the prefix
///     birds.layer1.0.bn1.running_variance   layer1.0.bn1.running_var    ParameterSpec::pytorch_name: found by itself
///     none                                  layer1.0.bn1.num_batches_tracked    no parameter: stays unread

#include <xstitch/core/batch.hpp>
#include <xstitch/core/parameter.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Names of the source that begin with `from` fill names of the network that begin with `to`.
struct PrefixMapping {
  std::string from, to;  ///< beginnings of names in the source and in the network
};

namespace parameter_file {

/// Names in the source that may fill a parameter, in the order in which they are tried: mapped ones before its own, and
/// each before the one that it has in PyTorch.
[[gnu::cold]] XSTITCH_INLINE std::vector<std::string> candidates(const ParameterSlot& slot,
                                                                 const std::vector<PrefixMapping>& mapping) {
  std::vector<std::string> own, names;
  own.push_back(slot.name);
  if (!slot.spec.pytorch_name.empty())
    own.push_back(slot.name.substr(0, slot.name.size() - slot.spec.name.size()) + std::string(slot.spec.pytorch_name));
  for (const PrefixMapping& m : mapping)
    for (const std::string& name : own)
      if (name.starts_with(m.to)) names.push_back(m.from + name.substr(m.to.size()));
  for (const std::string& name : own) names.push_back(name);
  return names;
}

/// Arrays of a training that lie in the same file are not parameters.
inline bool is_training_state(std::string_view name) {
  return name.starts_with("optimizer.") || name.starts_with("weight_average.");
}
/// Nor are the counters that PyTorch keeps beside running statistics.
inline bool is_counter(std::string_view name) { return name.ends_with(".num_batches_tracked"); }

}  // namespace parameter_file
}  // namespace xstitch::inline XSTITCH_ISA
