#pragma once
/// \file
/// The initialisers of an ONNX file (the tensors that it holds): name, shape, type and values as floats.
///
/// Floats of 16, 32 and 64 bits, bfloat16 and integers; values in raw_data or in the field of their type. A tensor of
/// another type, or one whose values lie in a file of their own, is no obstacle to the others; to read it is an Error.
/// Errors name file, tensor, what was found and what was expected. Needs protobuf (component xstitch::onnx).

#include <xstitch/core/error.hpp>
#include <xstitch/io/half.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/protobuf_message.hpp>
#include <xstitch/io/regular_file.hpp>
#include <xstitch/io/safetensors_format.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// An initializer of a file.
struct OnnxTensor {
  std::vector<std::uint64_t> shape;  ///< row-major
  std::vector<float> values;         ///< as floats, whatever their type in the file
  std::string unread{};              ///< why its values were not read, if they were not
};

namespace onnx {

/// In our own words, with the field numbers of onnx.proto3. Tensors and the graph are declared as bytes.
inline constexpr std::string_view schema = R"(
syntax = "proto2";
package xstitch.onnx;

message Model {
  optional bytes graph = 7;
}
message Graph {
  repeated bytes initializers = 5;
}
message Tensor {
  repeated int64 extents = 1 [packed = true];
  optional int32 type = 2;
  optional bytes segment = 3;
  repeated float floats = 4 [packed = true];
  repeated int32 small_integers = 5 [packed = true];  // also the bits of 16-bit floats
  repeated int64 large_integers = 7 [packed = true];
  optional bytes name = 8;
  optional bytes raw = 9;  // little-endian
  repeated double doubles = 10 [packed = true];
  repeated uint64 unsigned_integers = 11 [packed = true];
  optional int32 location = 14;  // 1: in another file
}
)";

/// How ONNX stores an element.
struct ElementKind {
  int number;              ///< as TensorProto.DataType numbers it
  std::string_view field;  ///< where values are that are not in raw
  std::size_t size;        ///< bytes of an element
  /// Of the bits of an element.
  float (*value)(std::uint64_t bits);
};
/// An element of type T from its bits, as a float.
template <class T>
float value_of(std::uint64_t bits) {
  if constexpr (sizeof(T) == 8)
    return static_cast<float>(std::bit_cast<T>(bits));
  else if constexpr (sizeof(T) == 4)
    return static_cast<float>(std::bit_cast<T>(static_cast<std::uint32_t>(bits)));
  else
    return static_cast<float>(static_cast<T>(bits));
}
/// Of float16.
inline float half_of(std::uint64_t bits) { return from_half(static_cast<std::uint16_t>(bits)); }
/// Of bfloat16.
inline float bfloat_of(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits << 16)); }

/// The element types that become floats.
inline constexpr ElementKind element_kinds[] = {
    {1, "floats", 4, &value_of<float>},
    {2, "small_integers", 1, &value_of<std::uint8_t>},
    {3, "small_integers", 1, &value_of<std::int8_t>},
    {4, "small_integers", 2, &value_of<std::uint16_t>},
    {5, "small_integers", 2, &value_of<std::int16_t>},
    {6, "small_integers", 4, &value_of<std::int32_t>},
    {7, "large_integers", 8, &value_of<std::int64_t>},
    {10, "small_integers", 2, &half_of},
    {11, "doubles", 8, &value_of<double>},
    {12, "unsigned_integers", 4, &value_of<std::uint32_t>},
    {13, "unsigned_integers", 8, &value_of<std::uint64_t>},
    {16, "small_integers", 2, &bfloat_of},
};

/// Reads the initializers of a file, each checked against its shape.
class WeightsReader {
 public:
  /// The path is for messages.
  explicit WeightsReader(std::string path) : path_(std::move(path)), messages_(schema) {}

  /// All initializers by their names.
  std::map<std::string, OnnxTensor, std::less<>> read() {
    constexpr std::uint64_t most = std::numeric_limits<std::int32_t>::max();
    if (const std::uint64_t bytes = file::regular_size(path_, expected); bytes > most)
      refuse("found ", bytes, " bytes, expected an ONNX file of at most ", most);
    protobuf::Message model = messages_.make("Model"), graph = messages_.make("Graph");
    {
      const std::vector<std::uint8_t> bytes = file::read_regular(path_, expected);
      if (!model.parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) || !model.has("graph"))
        refuse("found no model, or its end within it, expected a whole ONNX file");
    }
    if (!graph.parse(model.text("graph"))) refuse("found damage, expected a graph");
    for (int i = 0; i < graph.size("initializers"); ++i) add(graph.take("initializers", i), i);
    return std::move(tensors_);
  }

 private:
  static constexpr const char* expected = "an ONNX file";

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail("file ", path_, ": ", parts...);
  }

  void add(const std::string& bytes, int number) {
    protobuf::Message tensor = messages_.make("Tensor");
    if (!tensor.parse(bytes)) refuse("initialiser number ", number + 1, ": found damage, expected a tensor");
    const std::string name = tensor.text("name"), place = "initialiser \"" + limits::excerpt(name) + "\"";
    OnnxTensor made;
    std::uint64_t count = 1;
    for (const std::int64_t extent : tensor.numbers<std::int64_t>("extents")) {
      if (extent < 0) refuse(place, ": found the extent ", extent, ", expected 0 or more");
      made.shape.push_back(static_cast<std::uint64_t>(extent));
      count = safetensors::saturating_product(count, made.shape.back());
    }
    const int type = tensor.integer("type");
    const ElementKind* kind = nullptr;
    for (const ElementKind& one : element_kinds)
      if (one.number == type) kind = &one;
    if (kind == nullptr)
      made.unread = "its type is number " + std::to_string(type);
    else if (tensor.integer("location") != 0)
      made.unread = "its values are in another file";
    else if (tensor.has("segment"))
      made.unread = "it is a part of a tensor";
    else
      made.values = values(tensor, *kind, count, place);
    if (!tensors_.emplace(name, std::move(made)).second) refuse(place, ": found two, expected one of each name");
  }

  std::vector<float> values(const protobuf::Message& tensor, const ElementKind& kind, std::uint64_t count,
                            const std::string& place) const {
    std::vector<float> made;
    if (tensor.has("raw")) {
      const std::string raw = tensor.text("raw");
      if (safetensors::saturating_product(count, kind.size) != raw.size())
        refuse(place, ": found ", raw.size(), " bytes, expected ", count, " elements of ", kind.size);
      made.reserve(static_cast<std::size_t>(count));
      for (std::size_t at = 0; at < raw.size(); at += kind.size) {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < kind.size; ++i)
          bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[at + i])) << (8 * i);
        made.push_back(kind.value(bits));
      }
      return made;
    }
    const std::string field(kind.field);
    const auto found = static_cast<std::uint64_t>(tensor.size(field.c_str()));
    if (found != count) refuse(place, ": found ", found, " values, expected ", count);
    const auto fill = [&](const auto& all, auto bits_of) {
      made.reserve(all.size());
      for (const auto value : all) made.push_back(kind.value(bits_of(value)));
    };
    if (field == "floats") return tensor.numbers<float>("floats");
    if (field == "doubles")
      fill(tensor.numbers<double>("doubles"), [](double v) { return std::bit_cast<std::uint64_t>(v); });
    else if (field == "small_integers")
      fill(tensor.numbers<std::int32_t>("small_integers"),
           [](std::int32_t v) { return static_cast<std::uint64_t>(v); });
    else if (field == "large_integers")
      fill(tensor.numbers<std::int64_t>("large_integers"),
           [](std::int64_t v) { return static_cast<std::uint64_t>(v); });
    else
      fill(tensor.numbers<std::uint64_t>("unsigned_integers"), [](std::uint64_t v) { return v; });
    return made;
  }

  std::string path_;
  protobuf::Messages messages_;
  std::map<std::string, OnnxTensor, std::less<>> tensors_;
};

}  // namespace onnx

/// The initializers of an ONNX file.
class OnnxFile {
 public:
  /// Reads a file; an Error where it is no ONNX model.
  explicit OnnxFile(const std::filesystem::path& path)
      : path_(path.string()), tensors_(limits::guard(path_, [&] { return onnx::WeightsReader(path_).read(); })) {}

  /// As it was opened.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// All initializers by their names.
  [[nodiscard]] const std::map<std::string, OnnxTensor, std::less<>>& tensors() const noexcept { return tensors_; }
  /// An initializer by its name, or null.
  [[nodiscard]] const OnnxTensor* find(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
  }

 private:
  std::string path_;
  std::map<std::string, OnnxTensor, std::less<>> tensors_;
};

}  // namespace xstitch::inline XSTITCH_ISA
