#pragma once
/// \file
/// The weights in a file of Caffe's (.caffemodel): of each layer that has any its name, its type and its blobs.
///
///     Convolution     blob 0 [out, in / groups, height, width]     blob 1 [out]
///     Deconvolution   blob 0 [in, out / groups, height, width]     blob 1 [out]
///     InnerProduct    blob 0 [out, in]                             blob 1 [out]
///
/// Layers of both generations (V1LayerParameter, LayerParameter), values packed or not, float or double, and shapes of
/// the older form with four extents, where a fully connected weight is [1, 1, out, in]. How they fill a network:
/// run/caffe_parameters.hpp. Needs protobuf (component xstitch::caffe).
///
/// Errors name file, layer, what was found and what was expected: damage, a file cut off, a layer of before 2014, two
/// layers of one name, a blob whose values are not as many as its shape says.

#include <xstitch/core/error.hpp>
#include <xstitch/io/caffe_schema.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>
#include <xstitch/io/safetensors_format.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// One array of a layer, legacy 4-D shapes included.
struct CaffeBlob {
  std::vector<std::uint64_t> shape;  ///< row-major, as in the file
  std::vector<float> values;         ///< row-major
};

/// A layer that has weights.
struct CaffeLayer {
  std::string name;  ///< as in the prototxt: "conv1"
  std::string type;  ///< "Convolution"; of an old layer whose type has no weights that we know "number 23"
  std::vector<CaffeBlob> blobs{};  ///< weights, then bias
  int groups = 0;                  ///< of a convolution; 0 if the file does not say
  bool transposed = false;         ///< of a fully connected layer: its weight is [in, out]
};

namespace caffe_details {

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  std::vector<CaffeLayer> read() {
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    if (const std::uint64_t bytes = file::regular_size(path_, expected); bytes > most)
      refuse("found ", bytes, " bytes, expected a .caffemodel of at most ", most);
    Message network = messages_.make("Network");
    {
      const std::vector<std::uint8_t> bytes = file::read_regular(path_, expected);
      if (!network.parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}))
        refuse("found damage, or its end", after_layer(network), ", expected a whole .caffemodel");
    }
    for (const bool old : {true, false})
      for (int i = 0; i < network.size(field(old)); ++i) read_layer(network.take(field(old), i), i, old);
    if (layers_.empty())
      refuse("found ", network.size("old_layers") + network.size("layers"),
             " layers and no weights, expected a .caffemodel with some (a .prototxt has none)");
    return std::move(layers_);
  }

 private:
  static constexpr const char* expected = "a .caffemodel";
  static constexpr int most_extents = 32;  // Caffe's own limit

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail("file ", path_, ": ", parts...);
  }
  static std::string quoted(std::string_view name) { return "\"" + limits::excerpt(name) + "\""; }

  static const char* field(bool old) { return old ? "old_layers" : "layers"; }

  /// Where damage is: after the last layer that can be read.
  [[nodiscard]] std::string after_layer(const Message& network) {
    for (const bool old : {false, true})
      for (int i = network.size(field(old)); i-- > 0;) {
        Message layer = messages_.make(old ? "OldLayer" : "Layer");
        if (layer.parse(network.bytes(field(old), i)) && layer.has("name"))
          return ", after layer " + quoted(layer.text("name")) + " (number " + std::to_string(i + 1) + ")";
      }
    return " before the first layer";
  }

  void read_layer(const std::string& bytes, int number, bool old) {
    Message layer = messages_.make(old ? "OldLayer" : "Layer");
    const bool whole = layer.parse(bytes);
    const std::string place =
        "layer " + (layer.has("name") ? quoted(layer.text("name")) : "number " + std::to_string(number + 1));
    if (!whole) refuse(place, ": found damage, expected a layer");
    if (old && layer.has("oldest"))
      refuse(place,
             ": found the form of before 2014 (V0LayerParameter), expected a file upgraded by Caffe's "
             "upgrade_net_proto_binary");
    if (layer.size("blobs") == 0) return;
    CaffeLayer made{layer.text("name"), old ? old_type(layer) : layer.text("type")};
    if (!names_.insert(made.name).second) refuse(place, ": found two with weights, expected one of each name");
    read_options(layer, made);
    for (int i = 0; i < layer.size("blobs"); ++i)
      made.blobs.push_back(read_blob(layer.take("blobs", i), place + ", blob " + std::to_string(i)));
    layers_.push_back(std::move(made));
  }

  static std::string old_type(const Message& layer) {
    switch (const int type = layer.reflection().GetInt32(layer.message(), layer.field("type"))) {
      case 4:
        return "Convolution";
      case 14:
        return "InnerProduct";
      case 39:
        return "Deconvolution";
      default:
        return "number " + std::to_string(type);
    }
  }
  static void read_options(const Message& layer, CaffeLayer& made) {
    if (layer.has("convolution")) {
      const auto& options = layer.reflection().GetMessage(layer.message(), layer.field("convolution"));
      const auto* groups = options.GetDescriptor()->FindFieldByName("groups");
      const bool said = options.GetReflection()->HasField(options, groups);
      made.groups = said ? static_cast<int>(options.GetReflection()->GetUInt32(options, groups)) : 1;
    }
    if (layer.has("inner_product")) {
      const auto& options = layer.reflection().GetMessage(layer.message(), layer.field("inner_product"));
      made.transposed =
          options.GetReflection()->GetBool(options, options.GetDescriptor()->FindFieldByName("transposed"));
    }
  }

  CaffeBlob read_blob(const std::string& bytes, const std::string& place) {
    Message blob = messages_.make("Blob");
    if (!blob.parse(bytes)) refuse(place, ": found damage, expected a blob");
    const auto& reflection = blob.reflection();
    CaffeBlob made{read_shape(blob, place), {}};
    std::uint64_t count = 1;
    for (const std::uint64_t extent : made.shape) count = safetensors::saturating_product(count, extent);
    const int floats = blob.size("values"), doubles = blob.size("double_values");
    if ((floats > 0 && doubles > 0) ||
        count != static_cast<std::uint64_t>(floats) + static_cast<std::uint64_t>(doubles))
      refuse(place, ": found ", floats, " floats and ", doubles, " doubles, expected ", count,
             " of one kind for its shape ", safetensors::to_text(made.shape));
    if (floats > 0) {
      const auto values = reflection.GetRepeatedFieldRef<float>(blob.message(), blob.field("values"));
      made.values.assign(values.begin(), values.end());
    } else {
      const auto values = reflection.GetRepeatedFieldRef<double>(blob.message(), blob.field("double_values"));
      made.values.reserve(static_cast<std::size_t>(doubles));
      for (const double value : values) made.values.push_back(static_cast<float>(value));
    }
    return made;
  }

  [[nodiscard]] std::vector<std::uint64_t> read_shape(const Message& blob, const std::string& place) const {
    std::vector<std::int64_t> extents;
    const auto& reflection = blob.reflection();
    if (blob.has("shape")) {
      const auto& shape = reflection.GetMessage(blob.message(), blob.field("shape"));
      const auto all = shape.GetReflection()->GetRepeatedFieldRef<std::int64_t>(
          shape, shape.GetDescriptor()->FindFieldByName("extents"));
      if (all.size() > most_extents)
        refuse(place, ": found a shape of ", all.size(), " extents, expected at most ", most_extents);
      extents.assign(all.begin(), all.end());
    } else {
      for (const char* extent : {"count", "channels", "height", "width"})
        extents.push_back(reflection.GetInt32(blob.message(), blob.field(extent)));
    }
    std::vector<std::uint64_t> made;
    for (const std::int64_t extent : extents) {
      if (extent < 1) refuse(place, ": found the extent ", extent, " in its shape, expected at least 1");
      made.push_back(static_cast<std::uint64_t>(extent));
    }
    return made;
  }

  std::string path_;
  Messages messages_;
  std::vector<CaffeLayer> layers_;
  std::set<std::string> names_;
};

}  // namespace caffe_details

class CaffeFile {
 public:
  /// Reads a .caffemodel; an Error where it is none.
  explicit CaffeFile(const std::filesystem::path& path)
      : path_(path.string()), layers_(limits::guard(path_, [&] { return caffe_details::Reader(path_).read(); })) {}

  /// As it was opened.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Those with blobs, in the order of the file.
  [[nodiscard]] const std::vector<CaffeLayer>& layers() const noexcept { return layers_; }

 private:
  std::string path_;
  std::vector<CaffeLayer> layers_;
};

}  // namespace xstitch::inline XSTITCH_ISA
