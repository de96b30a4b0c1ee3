#pragma once
/// \file
/// Parameters of a network from a file of Caffe's.
///
///     const xs::CaffeFile file("bvlc_reference_caffenet.caffemodel");
///     xs::load(net, file, {{"", "birds."}});                                    // all of it
///     xs::initialise_from(pair, file, {{"", "normals."}, {"", "segmentation."}}, {.ignore = {"fc8"}});
///
/// Blob 0 of layer conv1 is "conv1.weight", blob 1 "conv1.bias"; names are mapped as in run/parameter_file.hpp. Axes
/// are turned into our order (io/weight_order.hpp: Caffe's is PyTorch's). A fully connected weight [out, in] fills a
/// convolution [out, channels, height, width] of as many inputs, and the other way round: fc6 of FCN-32s.
///
/// Caffe's networks see blue, green, red from 0 to 255 minus a mean. Where the network sees other numbers, its first
/// convolutions are converted, so that the same picture gives the same activations:
///
///     x_caffe[c] = r[c] x[c] + o[c]        W'[c] = r[c] W[c],  b' = b + sum over c and the kernel of o[c] W[c]
///
/// The sum is right only where the whole kernel lies in the picture: with o other than 0 and padding it is refused.
/// Nothing is changed unless everything fits; whatever does not is told together. Needs protobuf (component
/// xstitch::caffe).

#include <xstitch/core/pixel_scaling.hpp>
#include <xstitch/io/caffe_file.hpp>
#include <xstitch/run/caffe_fit.hpp>
#include <xstitch/run/caffe_pixels.hpp>
#include <xstitch/run/parameter_file.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Which layers are left out, and what pixels mean on both sides.
struct CaffeOptions {
  std::vector<std::string> ignore{};                 ///< layers of the file that the network does not have: {"fc8"}
  PixelScaling pixels = PixelScaling::caffe();       ///< what the network sees
  PixelScaling file_pixels = PixelScaling::caffe();  ///< what the file's network was trained on
};

namespace caffe_details {

/// Reads parameters of a network from a file.
class ParameterReader {
 public:
  ParameterReader(Parameters& to, const CaffeFile& file, const std::vector<PrefixMapping>& mapping,
                  const CaffeOptions& options)
      : to_(to), file_(file), mapping_(mapping), options_(options) {
    for (const CaffeLayer& layer : file.layers()) list(layer);
    for (const std::string& name : options.ignore)
      if (std::none_of(file.layers().begin(), file.layers().end(), [&](const CaffeLayer& l) { return l.name == name; }))
        problem("layer \"", name, "\" is to be ignored, but the file has none of that name with weights");
  }

  Initialised read(bool all) {
    Initialised result;
    for (std::size_t op = 0; op < to_.layout().program().ops.size(); ++op) {
      const std::size_t first = to_.layout().first_parameter(op), count = to_.layout().parameter_count(op);
      for (std::size_t i = first; i < first + count; ++i) {
        if (take(op, i)) continue;
        result.untouched.push_back(to_.slots()[i].name);
        if (all)
          problem("missing: \"", candidates(i)[0], "\" ",
                  safetensors::to_text(parameter_file::shape_of(to_.slots()[i].spec.extents)));
      }
      if (count == 2 && taken(first) != taken(first + 1))
        problem("\"", to_.slots()[first].name, "\" and \"", to_.slots()[first + 1].name, "\": the file has ",
                taken(first) ? "the first" : "the second", " only");
    }
    for (const auto& [name, blob] : blobs_)
      if (used_.count(name) == 0)
        problem("layer \"", blob.layer->name, "\" (", blob.layer->type, "), ", name.substr(blob.layer->name.size() + 1),
                " ", safetensors::to_text(blob.get().shape),
                ": found no parameter of the network for it, expected one, or the layer in CaffeOptions::ignore");
    if (problems_.empty()) problems_ += convert_pixels(to_, staged_, options_.file_pixels, options_.pixels);
    if (!problems_.empty()) fail(file_.path(), " does not fit the network:", problems_);
    if (staged_.parameters.empty()) fail(file_.path(), " does not fit the network: no layer is taken");
    result.parameters = staged_.parameters.size();
    for (const std::vector<float>& values : staged_.values) result.values += values.size();
    staged_.commit(to_);
    return result;
  }

 private:
  struct Place {
    const CaffeLayer* layer;
    std::size_t blob;
    [[nodiscard]] const CaffeBlob& get() const { return layer->blobs[blob]; }
  };

  template <class... Parts>
  void problem(const Parts&... parts) {
    problems_ += "\n  ";
    ((problems_ += detail::text_of(parts)), ...);
  }
  void list(const CaffeLayer& layer) {
    const auto& ignore = options_.ignore;
    if (std::find(ignore.begin(), ignore.end(), layer.name) != ignore.end()) return;
    if (layer.type != "Convolution" && layer.type != "InnerProduct" && layer.type != "Deconvolution")
      problem("layer \"", layer.name, "\" has the type ", layer.type,
              ", expected Convolution, InnerProduct or Deconvolution, or the layer in CaffeOptions::ignore");
    else if (layer.blobs.size() > 2)
      problem("layer \"", layer.name, "\" has ", layer.blobs.size(), " blobs, expected a weight and perhaps a bias");
    else
      for (std::size_t i = 0; i < layer.blobs.size(); ++i)
        blobs_.emplace(layer.name + (i == 0 ? ".weight" : ".bias"), Place{&layer, i});
  }
  [[nodiscard]] std::vector<std::string> candidates(std::size_t i) const {
    return parameter_file::candidates(to_.slots()[i], mapping_);
  }
  [[nodiscard]] bool taken(std::size_t i) const {
    return std::find(staged_.parameters.begin(), staged_.parameters.end(), i) != staged_.parameters.end();
  }

  /// False where the file has nothing for the parameter.
  bool take(std::size_t op, std::size_t i) {
    const ParameterSlot& slot = to_.slots()[i];
    const std::vector<std::string> names = candidates(i);
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const std::string& n) { return blobs_.count(n) > 0; });
    if (found == names.end()) return false;
    used_.insert(*found);
    const Place& place = blobs_.at(*found);
    staged_.parameters.push_back(i);
    staged_.values.emplace_back(slot.count);
    const std::string reason = misfit(*to_.layout().program().ops[op].record, slot.spec, *place.layer, place.blob);
    if (!reason.empty())
      problem("layer \"", place.layer->name, "\", blob ", place.blob, ": found ", reason, " (\"", slot.name, "\")");
    else if (!all_finite(place.get().values))
      problem("layer \"", place.layer->name, "\", blob ", place.blob, ": found values that are not finite");
    else if (slot.spec.axes.empty())
      staged_.values.back() = place.get().values;
    else
      weight_order::from_pytorch(slot.spec, place.get().values, staged_.values.back());
    return true;
  }

  Parameters& to_;
  const CaffeFile& file_;
  const std::vector<PrefixMapping>& mapping_;
  const CaffeOptions& options_;
  std::map<std::string, Place> blobs_;  ///< "conv1.weight"
  std::set<std::string> used_;
  parameter_file::Staged staged_;
  std::string problems_;
};

}  // namespace caffe_details

/// What the file has. Every layer with weights fills a parameter, or is among `ignore`. On an Error nothing is changed.
inline Initialised initialise_from(Parameters& to, const CaffeFile& file,
                                   const std::vector<PrefixMapping>& mapping = {}, const CaffeOptions& options = {}) {
  return caffe_details::ParameterReader(to, file, mapping, options).read(false);
}
/// Reads those parameters that the file has; says which.
inline Initialised initialise_from(AnyNet& net, const CaffeFile& file, const std::vector<PrefixMapping>& mapping = {},
                                   const CaffeOptions& options = {}) {
  return initialise_from(net.model(), file, mapping, options);
}
/// The same, and every parameter of the network is filled.
inline void load(Parameters& to, const CaffeFile& file, const std::vector<PrefixMapping>& mapping = {},
                 const CaffeOptions& options = {}) {
  (void)caffe_details::ParameterReader(to, file, mapping, options).read(true);
}
/// Reads every parameter from a file; an Error lists all that are missing or do not fit.
inline void load(AnyNet& net, const CaffeFile& file, const std::vector<PrefixMapping>& mapping = {},
                 const CaffeOptions& options = {}) {
  load(net.model(), file, mapping, options);
}

}  // namespace xstitch::inline XSTITCH_ISA
