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
/// are mapped: {"upper.", "shared."} fills "shared.conv1.weight" from "upper.conv1.weight" (run/parameter_names.hpp).
///
/// Files of PyTorch's (metadata "format": "pt") have no tower in their names, {"", "upper."}, and the axes of weights
/// in another order, which load() and initialise_from() turn into ours: io/weight_order.hpp. What is not certain is
/// refused.

#include <xstitch/io/safetensors.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/load_parameters.hpp>
#include <xstitch/run/parameter_names.hpp>

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

/// What initialise_from did.
struct Initialised {
  std::size_t parameters = 0;          ///< copied
  std::size_t values = 0;              ///< elements in them
  std::vector<std::string> untouched;  ///< parameters of the network that the source does not have
};

namespace parameter_file {

/// Texts of the user's, beside our own in a file's metadata.
XSTITCH_INLINE void check_metadata(const std::string& what, const TextMap& metadata) {
  for (const std::string_view own : {std::string_view("format"), std::string_view("signature"),
                                     std::string_view("training"), checksums::key, checksums::version_key})
    if (metadata.count(std::string(own)) > 0)
      fail(what, ": metadata \"", own, "\" is the library's own, expected another name");
}
XSTITCH_INLINE void add_own(TextMap& metadata, const AnyNet& net) {
  metadata["format"] = "xstitch";
  metadata["signature"] = net.signature();
}

inline std::vector<TensorView> views(const AnyNet& net) {
  std::vector<TensorView> tensors;
  for (std::size_t i = 0; i < net.parameters().size(); ++i)
    tensors.push_back(
        TensorView::floats(net.parameters()[i].name, shape_of(net.parameters()[i].spec.extents), net.parameter(i)));
  return tensors;
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
    const std::vector<std::string> names = candidates(slot, mapping);
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
    problems += read_as(fit.kind, slot.spec, *found, staged.values.back(),
                        [&](std::span<float> values) { read(*found, values); });
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
XSTITCH_INLINE void save(const AnyNet& net, const std::filesystem::path& path, const TextMap& metadata = {}) {
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
inline void load(AnyNet& net, const std::filesystem::path& path, WeightOrder order = WeightOrder::as_marked) {
  load(net.model(), path, order);
}
/// The same with names of its own: {{"", "birds."}} reads the file of a network without a tower's name.
inline void load(AnyNet& net, const std::filesystem::path& path, const std::vector<PrefixMapping>& mapping,
                 WeightOrder order = WeightOrder::as_marked) {
  load(net.model(), path, mapping, order);
}

/// Reads those parameters that the file has, by name; says which.
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

/// From a snapshot, or from the averaged weights of a training (TrainResult::average).
inline Initialised initialise_from(AnyNet& net, const Parameters& trained,
                                   const std::vector<PrefixMapping>& mapping = {}) {
  using Shape = std::optional<std::vector<std::uint64_t>>;
  return parameter_file::initialise(
      net, "the trained network", mapping, WeightOrder::xstitch,
      [&](const std::string& name) {
        const std::size_t i = trained.layout().find_parameter(name);
        return i == AnyNet::npos ? Shape{} : Shape{parameter_file::shape_of(trained.slots()[i].spec.extents)};
      },
      [&](const std::string& name, std::span<float> values) {
        const std::span<const float> from = trained.values(trained.layout().find_parameter(name));
        std::copy(from.begin(), from.end(), values.begin());
      });
}
/// The same from another network.
inline Initialised initialise_from(AnyNet& net, const AnyNet& trained, const std::vector<PrefixMapping>& mapping = {}) {
  return initialise_from(net, trained.model(), mapping);
}

}  // namespace xstitch::inline XSTITCH_ISA
