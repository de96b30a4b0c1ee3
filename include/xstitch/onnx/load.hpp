#pragma once
/// \file
/// Parameters of a network from the initialisers of an ONNX file, by their names:
///
///     const xs::OnnxFile file("resnet18.onnx");
///     xs::load(net, file, {{"", "birds."}});                 // every parameter of the network is filled
///     xs::initialise_from(pair, file, {{"", "birds."}});     // those that the file has
///
/// Names are mapped as those of safetensors files (run/parameter_names.hpp), and axes are turned from ONNX's order,
/// which is PyTorch's: [out, in, height, width], [out, in] with an image's elements channels first. Say
/// WeightOrder::xstitch of a file that was written in ours. Initialisers that nobody asks for (an ONNX file holds
/// constants, too) go unread. On an Error nothing is changed, and all that is wrong is told together. Needs protobuf
/// (component xstitch::onnx).

#include <xstitch/onnx/weights_file.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

/// Reads parameters of a file by name; `all`: an Error lists every one that is missing or does not fit.
inline Initialised read_parameters(Parameters& to, const OnnxFile& file, const std::vector<PrefixMapping>& mapping,
                                   WeightOrder order, bool all) {
  Initialised result;
  parameter_file::Staged staged;
  std::string problems;
  for (std::size_t i = 0; i < to.slots().size(); ++i) {
    const ParameterSlot& slot = to.slots()[i];
    const std::vector<std::string> names = parameter_file::candidates(slot, mapping);
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const std::string& n) { return file.find(n) != nullptr; });
    const std::string wanted = safetensors::to_text(parameter_file::shape_of(slot.spec.extents));
    if (found == names.end()) {
      result.untouched.push_back(slot.name);
      if (all) problems += "\n  missing: \"" + names[0] + "\" " + wanted;
      continue;
    }
    const OnnxTensor& tensor = *file.find(*found);
    const weight_order::Fit fit = weight_order::fit(slot.spec, tensor.shape, order);
    if (!fit.fits() || !tensor.unread.empty()) {
      problems += "\n  \"" + *found + "\" is " + safetensors::to_text(tensor.shape) + ", expected " + wanted +
                  fit.remark() + (tensor.unread.empty() ? "" : ": it cannot be read, " + tensor.unread);
      continue;
    }
    staged.parameters.push_back(i);
    staged.values.emplace_back(slot.count);
    problems += parameter_file::read_as(
        fit.kind, slot.spec, *found, staged.values.back(),
        [&](std::span<float> values) { std::copy(tensor.values.begin(), tensor.values.end(), values.begin()); });
    result.values += slot.count;
  }
  if (!problems.empty()) fail(file.path(), " does not fit the network:", problems);
  if (staged.parameters.empty())
    fail(file.path(), " does not fit the network: no name matches; the network has \"",
         to.slots().empty() ? "" : to.slots()[0].name, "\", the file \"",
         file.tensors().empty() ? "" : file.tensors().begin()->first, "\" and others");
  staged.commit(to);
  result.parameters = staged.parameters.size();
  return result;
}

}  // namespace onnx

/// Reads every parameter from a file, by name; an Error lists all that are missing or do not fit.
inline void load(Parameters& to, const OnnxFile& file, const std::vector<PrefixMapping>& mapping = {},
                 WeightOrder order = WeightOrder::pytorch) {
  (void)onnx::read_parameters(to, file, mapping, order, true);
}
/// The same.
inline void load(AnyNet& net, const OnnxFile& file, const std::vector<PrefixMapping>& mapping = {},
                 WeightOrder order = WeightOrder::pytorch) {
  load(net.model(), file, mapping, order);
}
/// Reads those parameters that the file has, by name; says which.
inline Initialised initialise_from(Parameters& to, const OnnxFile& file, const std::vector<PrefixMapping>& mapping = {},
                                   WeightOrder order = WeightOrder::pytorch) {
  return onnx::read_parameters(to, file, mapping, order, false);
}
/// The same.
inline Initialised initialise_from(AnyNet& net, const OnnxFile& file, const std::vector<PrefixMapping>& mapping = {},
                                   WeightOrder order = WeightOrder::pytorch) {
  return initialise_from(net.model(), file, mapping, order);
}

}  // namespace xstitch::inline XSTITCH_ISA
