#pragma once
/// \file
/// An ONNX graph under way, and its file: nodes with names of their own, initialisers, inputs and outputs, as messages
/// of onnx.proto3 (field numbers: github.com/onnx/onnx, onnx/onnx.proto3). Nothing here knows a network.

#include <xstitch/io/file.hpp>
#include <xstitch/io/protobuf_writer.hpp>
#include <xstitch/onnx/elements.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace onnx {

/// Versions of the format and of its operators that are written.
inline constexpr std::int64_t ir_version = 8, opset = 17;

/// Names of tensors.
using Names = std::vector<std::string>;
/// Extents, permutations and other lists.
using Integers = std::vector<std::int64_t>;

/// An attribute of a node.
struct Setting {
  // NOLINTBEGIN(google-explicit-constructor): {"axis", 1}, {"alpha", 0.1F}, {"mode", "linear"}, {"pads", Integers{...}}
  /// An integer.
  Setting(std::string_view name, std::int64_t value) : message(of(name, 2)) { message.whole(3, value); }
  /// An integer.
  Setting(std::string_view name, int value) : Setting(name, std::int64_t{value}) {}
  /// A number.
  Setting(std::string_view name, float value) : message(of(name, 1)) { message.real(2, value); }
  /// A text.
  Setting(std::string_view name, const char* value) : message(of(name, 3)) { message.bytes(4, value); }
  /// A list of integers.
  Setting(std::string_view name, const Integers& values) : message(of(name, 7)) {
    for (const std::int64_t value : values) message.whole(8, value);
  }
  // NOLINTEND(google-explicit-constructor)

  ProtobufWriter message;  ///< the attribute as it is written

 private:
  static ProtobufWriter of(std::string_view name, std::int64_t type) {
    return ProtobufWriter().bytes(1, name).whole(20, type);
  }
};
/// Attributes of a node.
using Settings = std::vector<Setting>;

class Graph {
 public:
  /// What the names of nodes begin with from here on: "upper.conv1".
  void set_scope(std::string scope) { scope_ = std::move(scope); }

  /// A node with so many outputs; returns their names.
  Names node(std::string_view type, const Names& inputs, const Settings& settings, std::size_t outputs) {
    ProtobufWriter node;
    Names made;
    for (const std::string& input : inputs) node.bytes(1, input);
    for (std::size_t k = 0; k < outputs; ++k) {
      made.push_back(unique(scope_ + "/" + std::string(type) + (k == 0 ? "" : "." + std::to_string(k))));
      node.bytes(2, made.back());
    }
    node.bytes(3, made[0]).bytes(4, type);
    for (const Setting& setting : settings) node.message(5, setting.message);
    nodes_.message(1, node);
    return made;
  }
  /// A value under a name that was chosen outside.
  void rename(const std::string& value, const std::string& name) {
    nodes_.message(1, ProtobufWriter().bytes(1, value).bytes(2, take(name)).bytes(3, name).bytes(4, "Identity"));
  }
  /// A tensor of the file. `name` is made unique.
  std::string initializer(const std::string& name, const Integers& extents, Elements elements) {
    initializers_.push_back({unique(name), extents, std::move(elements)});
    return initializers_.back().name;
  }
  /// A vector of integers, each written once.
  std::string integers(const Integers& values) {
    const auto [place, fresh] = integers_.try_emplace(values);
    if (fresh) {
      std::string name = "integers";
      for (const std::int64_t value : values) name += "_" + std::to_string(value);
      place->second = initializer(name, {static_cast<std::int64_t>(values.size())}, values);
    }
    return place->second;
  }
  /// Extents after the batch's.
  void input(const std::string& name, const Integers& extents) { inputs_.message(11, described(take(name), extents)); }
  /// Declares an output of the file, with these extents.
  void output(const std::string& name, const Integers& extents) { outputs_.message(12, described(name, extents)); }

  /// `metadata` are keys and texts. An Error if the file would be larger than readers take: 2 GB.
  void write(const std::filesystem::path& path, const std::string& name,
             const std::map<std::string, std::string>& metadata) const {
    ProtobufWriter head, tail, end;
    head.append(nodes_).bytes(2, name);
    tail.append(inputs_).append(outputs_);
    std::vector<ProtobufWriter> tensors;
    std::uint64_t size = head.bytes().size() + tail.bytes().size();
    for (const Initializer& tensor : initializers_) {
      const std::uint64_t data = tensor.count() * tensor.element_size();
      ProtobufWriter inside, around;
      for (const std::int64_t extent : tensor.extents) inside.whole(1, extent);
      inside.whole(2, tensor.element_size() == 8 ? 7 : 1).bytes(8, tensor.name).announce(9, data);
      around.announce(5, inside.bytes().size() + data).append(inside);
      tensors.push_back(around);
      size += around.bytes().size() + data;
    }
    end.message(8, ProtobufWriter().bytes(1, "").whole(2, opset));
    for (const auto& [key, text] : metadata) end.message(14, ProtobufWriter().bytes(1, key).bytes(2, text));
    if (size + end.bytes().size() >= largest)
      fail("cannot write ", path.string(), ": the network takes ", size, " bytes, an ONNX file holds less than 2 GB");

    AtomicFile file(path);
    file.write(ProtobufWriter().whole(1, ir_version).bytes(2, "xstitch").announce(7, size).bytes());
    file.write(head.bytes());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      file.write(tensors[i].bytes());
      initializers_[i].write(file);
    }
    file.write(tail.bytes());
    file.write(end.bytes());
    file.commit();
  }

 private:
  static constexpr std::uint64_t largest = (std::uint64_t{1} << 31) - 64;

  struct Initializer {
    std::string name;
    Integers extents;
    Elements elements;

    [[nodiscard]] std::size_t element_size() const { return std::holds_alternative<Integers>(elements) ? 8 : 4; }
    [[nodiscard]] std::size_t count() const {
      if (const auto* view = std::get_if<Strided>(&elements)) return view->count();
      if (const auto* floats = std::get_if<std::vector<float>>(&elements)) return floats->size();
      return std::get<Integers>(elements).size();
    }
    /// Some thousand elements at a time, the lowest byte of each first.
    void write(AtomicFile& file) const {
      std::vector<float> floats;
      std::vector<std::byte> bytes;
      constexpr std::size_t most = std::size_t{1} << 16;
      for (std::size_t begin = 0; begin < count(); begin += most) {
        const std::size_t here = std::min(most, count() - begin);
        floats.resize(here);
        if (const auto* view = std::get_if<Strided>(&elements)) view->read(begin, floats);
        bytes.clear();
        for (std::size_t i = 0; i < here; ++i) {
          if (const auto* own = std::get_if<Integers>(&elements))
            append(bytes, static_cast<std::uint64_t>((*own)[begin + i]), 8);
          else if (const auto* numbers = std::get_if<std::vector<float>>(&elements))
            append(bytes, std::bit_cast<std::uint32_t>((*numbers)[begin + i]), 4);
          else
            append(bytes, std::bit_cast<std::uint32_t>(floats[i]), 4);
        }
        file.write(bytes);
      }
    }
    static void append(std::vector<std::byte>& bytes, std::uint64_t value, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFFU));
    }
  };

  static ProtobufWriter described(const std::string& name, const Integers& extents) {
    ProtobufWriter shape;
    shape.message(1, ProtobufWriter().bytes(2, "batch"));
    for (const std::int64_t extent : extents) shape.message(1, ProtobufWriter().whole(1, extent));
    const ProtobufWriter tensor = ProtobufWriter().whole(1, 1).message(2, shape);  // of floats
    return ProtobufWriter().bytes(1, name).message(2, ProtobufWriter().message(1, tensor));
  }
  std::string unique(const std::string& wanted) {
    int& used = names_[wanted];
    return used++ == 0 ? wanted : unique(wanted + "_" + std::to_string(used));
  }
  const std::string& take(const std::string& name) {
    if (names_[name]++ != 0) fail("two values of the ONNX graph are named \"", name, "\", expected different names");
    return name;
  }

  std::string scope_;
  ProtobufWriter nodes_, inputs_, outputs_;
  std::vector<Initializer> initializers_;
  std::map<Integers, std::string> integers_;
  std::map<std::string, int> names_;
};

}  // namespace onnx
}  // namespace xstitch::inline XSTITCH_ISA
