#pragma once
/// \file
/// Parameters of a network to and from safetensors files, and from one network to another.
///
///     save(net, "net.safetensors")       every parameter under its name: "upper.conv1.weight"
///     save(net, path, metadata)          and texts of the user's, which read_metadata(path) gives back
///     load(net, "net.safetensors")       all of them, or nothing: missing, unexpected and misshapen ones in one Error
///     initialise_from(net, trained)      those whose names match, from a file or from another network in memory:
///                                        towers of a woven network from one-task networks
///
/// A tower has the same parameter names in every network, so towers need no mapping. Where names differ, prefixes
/// are mapped: {"upper.", "shared."} fills "shared.conv1.weight" from "upper.conv1.weight".
///
/// Files of PyTorch's (metadata "format": "pt") have the axes of weights in another order, which load() and
/// initialise_from() turn into ours: io/weight_order.hpp. What is not certain is refused.

#include <xstitch/core/finite.hpp>
#include <xstitch/io/safetensors.hpp>
#include <xstitch/io/weight_order.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Names of the source that begin with `from` fill names of the network that begin with `to`.
struct PrefixMapping {
  std::string from, to;
};

/// What initialise_from did.
struct Initialised {
  std::size_t parameters = 0;          ///< copied
  std::size_t values = 0;              ///< elements in them
  std::vector<std::string> untouched;  ///< parameters of the network that the source does not have
};

namespace parameter_file {

using weight_order::shape_of;

/// Arrays of a training that lie in the same file are not parameters.
/// Texts of the user's, beside our own in a file's metadata.
inline void check_metadata(const std::string& what, const TextMap& metadata) {
  for (const std::string_view own : {std::string_view("format"), std::string_view("signature"),
                                     std::string_view("training"), checksums::key, checksums::version_key})
    if (metadata.count(std::string(own)) > 0)
      fail(what, ": metadata \"", own, "\" is the library's own, expected another name");
}
inline void add_own(TextMap& metadata, const AnyNet& net) {
  metadata["format"] = "xstitch";
  metadata["signature"] = net.signature();
}

inline bool is_optimizer_state(std::string_view name) { return name.starts_with("optimizer."); }

inline std::vector<TensorView> views(const AnyNet& net) {
  std::vector<TensorView> tensors;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    tensors.push_back(
        TensorView::floats(net.parameters()[i].name, shape_of(net.parameters()[i].spec.extents), net.parameter(i)));
  return tensors;
}

/// New values of parameters, kept apart until all of them are known to be good.
struct Staged {
  std::vector<std::size_t> parameters;
  std::vector<std::vector<float>> values;

  void commit(Parameters& to) const {
    const WriteAccess access(to, "loading parameters");
    for (std::size_t k = 0; k < parameters.size(); ++k)
      std::copy(values[k].begin(), values[k].end(), to.writable(parameters[k]).begin());
    if (parameters.size() == to.slots().size()) to.set_torn(false);
  }
};

/// Reads a tensor that fits, in whichever order it lies. `read(span)` gives the values as they are.
template <class Read>
void read_as(weight_order::Fit::Kind kind, const ParameterSpec& spec, std::span<float> values, const Read& read) {
  if (kind != weight_order::Fit::Kind::pytorch) {
    read(values);
    return;
  }
  std::vector<float> other(values.size());
  read(std::span(other));
  weight_order::from_pytorch(spec, other, values);
}

/// Names in the source that may fill a parameter, in the order in which they are tried.
inline std::vector<std::string> candidates(std::string_view name, const std::vector<PrefixMapping>& mapping) {
  std::vector<std::string> names;
  for (const PrefixMapping& m : mapping)
    if (name.starts_with(m.to)) names.push_back(m.from + std::string(name.substr(m.to.size())));
  names.emplace_back(name);
  return names;
}

/// `find(name)` gives the shape or null, `read(name, span)` the values.
template <class Find, class Read>
Initialised initialise(AnyNet& net, const std::string& source, const std::vector<PrefixMapping>& mapping,
                       WeightOrder order, const Find& find, const Read& read) {
  Initialised result;
  Staged staged;
  std::string problems;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const ParameterSlot& slot = net.parameters()[i];
    const std::vector<std::string> names = candidates(slot.name, mapping);
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const std::string& n) { return find(n).has_value(); });
    if (found == names.end()) {
      result.untouched.push_back(slot.name);
      continue;
    }
    const std::vector<std::uint64_t> shape = *find(*found), want = shape_of(slot.spec.extents);
    const weight_order::Fit fit = weight_order::fit(slot.spec, shape, order);
    if (!fit.fits()) {
      problems += "\n  \"" + *found + "\" has shape " + safetensors::to_text(shape) + ", but \"" + slot.name +
                  "\" is " + safetensors::to_text(want) + fit.remark();
      continue;
    }
    staged.parameters.push_back(i);
    staged.values.emplace_back(slot.count);
    read_as(fit.kind, slot.spec, staged.values.back(), [&](std::span<float> values) { read(*found, values); });
    if (!all_finite(staged.values.back())) problems += "\n  \"" + *found + "\" holds values that are not finite";
    result.values += slot.count;
  }
  if (!problems.empty()) fail("cannot take parameters from ", source, ":", problems);
  if (staged.parameters.empty())
    fail("cannot take parameters from ", source, ": no name matches; the network has \"",
         net.parameters().empty() ? "" : net.parameters()[0].name, "\" and others");
  staged.commit(net.model());
  result.parameters = staged.parameters.size();
  return result;
}

}  // namespace parameter_file

/// Writes all parameters, and `metadata` (say, what scaled the inputs) beside our own texts; refuses values that are
/// not finite. The old file stays until the new one is complete.
inline void save(const AnyNet& net, const std::filesystem::path& path, const TextMap& metadata = {}) {
  parameter_file::check_metadata("cannot save " + path.string(), metadata);
  TextMap texts = metadata;
  parameter_file::add_own(texts, net);
  net.model().check_whole();
  if (const std::string name = net.find_non_finite_parameter(); !name.empty())
    fail("cannot save ", path.string(), ": parameter \"", name, "\" is not finite");
  safetensors::write(path, parameter_file::views(net), texts);
}

/// The texts in a file's metadata: those given to save(), and our own.
inline TextMap read_metadata(const std::filesystem::path& path) { return SafetensorsFile(path).metadata(); }

/// Reads all parameters. On an Error nothing is changed.
inline void load(Parameters& to, const std::filesystem::path& path, WeightOrder order = WeightOrder::as_marked) {
  const SafetensorsFile file(path);
  order = weight_order::of_file(order, file.metadata());
  std::string problems;
  std::vector<weight_order::Fit> fits;
  for (const ParameterSlot& slot : to.slots()) {
    const std::vector<std::uint64_t> want = parameter_file::shape_of(slot.spec.extents);
    const SafetensorsFile::Entry* entry = file.find(slot.name);
    fits.push_back(entry == nullptr ? weight_order::Fit{} : weight_order::fit(slot.spec, entry->shape, order));
    if (entry == nullptr)
      problems += "\n  missing: \"" + slot.name + "\" " + safetensors::to_text(want);
    else if (!fits.back().fits())
      problems += (fits.back().remark().empty() ? "\n  wrong shape: \"" : "\n  \"") + slot.name + "\" is " +
                  safetensors::to_text(entry->shape) + ", expected " + safetensors::to_text(want) +
                  fits.back().remark();
  }
  for (const auto& [name, entry] : file.entries())
    if (to.layout().find_parameter(name) == Parameters::npos && !parameter_file::is_optimizer_state(name))
      problems += "\n  unexpected: \"" + name + "\" " + safetensors::to_text(entry.shape);
  if (!problems.empty()) fail(path.string(), " does not fit the network:", problems);

  parameter_file::Staged staged;
  for (std::size_t i = 0; i < to.slots().size(); ++i) {
    staged.parameters.push_back(i);
    const ParameterSlot& slot = to.slots()[i];
    staged.values.emplace_back(slot.count);
    parameter_file::read_as(fits[i].kind, slot.spec, staged.values.back(),
                            [&](std::span<float> values) { file.read(slot.name, values); });
    if (!all_finite(staged.values.back())) problems += "\n  \"" + slot.name + "\" holds values that are not finite";
  }
  if (!problems.empty()) fail(path.string(), ":", problems);
  staged.commit(to);
}
inline void load(AnyNet& net, const std::filesystem::path& path, WeightOrder order = WeightOrder::as_marked) {
  load(net.model(), path, order);
}

inline Initialised initialise_from(AnyNet& net, const std::filesystem::path& path,
                                   const std::vector<PrefixMapping>& mapping = {},
                                   WeightOrder order = WeightOrder::as_marked) {
  const SafetensorsFile file(path);
  using Shape = std::optional<std::vector<std::uint64_t>>;
  return parameter_file::initialise(
      net, path.string(), mapping, weight_order::of_file(order, file.metadata()),
      [&](const std::string& name) {
        const SafetensorsFile::Entry* entry = file.find(name);
        return entry == nullptr ? Shape{} : Shape{entry->shape};
      },
      [&](const std::string& name, std::span<float> values) { file.read(name, values); });
}

inline Initialised initialise_from(AnyNet& net, const AnyNet& trained, const std::vector<PrefixMapping>& mapping = {}) {
  using Shape = std::optional<std::vector<std::uint64_t>>;
  return parameter_file::initialise(
      net, "the trained network", mapping, WeightOrder::xstitch,
      [&](const std::string& name) {
        const std::size_t i = trained.find_parameter(name);
        return i == AnyNet::npos ? Shape{} : Shape{parameter_file::shape_of(trained.parameters()[i].spec.extents)};
      },
      [&](const std::string& name, std::span<float> values) {
        const std::span<const float> from = trained.parameter(trained.find_parameter(name));
        std::copy(from.begin(), from.end(), values.begin());
      });
}

}  // namespace xstitch::inline XSTITCH_ISA
