#pragma once
// What an ONNX node is in our operations: a rule for each of its operators that we have a counterpart of. A rule brings
// tensors into our order of axes, asks the table for an operation, and brings the result back. It computes nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "table.hpp"

namespace vectors {

using Axes = std::vector<std::size_t>;

struct Tensor {
  Axes extents{};
  std::vector<float> values{};
  int type = 1;          ///< ONNX's number: 1 float, 7 int64 ...
  bool absent = false;   ///< an output that we do not have
  std::string unread{};  ///< why the values could not be read
};

struct Setting {
  float real = 0;
  std::int64_t whole = 0;
  std::string words{};
  std::vector<std::int64_t> list{};
  std::string tensor{};  ///< the bytes of one
};
struct Node {
  std::string type{};
  std::vector<std::string> inputs{}, outputs{};
  std::map<std::string, Setting> settings{};
  std::int64_t opset = 0;

  [[nodiscard]] bool has(const std::string& name) const { return settings.count(name) > 0; }
  [[nodiscard]] std::int64_t whole(const std::string& name, std::int64_t otherwise) const {
    return has(name) ? settings.at(name).whole : otherwise;
  }
  [[nodiscard]] float real(const std::string& name, float otherwise) const {
    return has(name) ? settings.at(name).real : otherwise;
  }
  [[nodiscard]] std::string words(const std::string& name, const std::string& otherwise) const {
    return has(name) ? settings.at(name).words : otherwise;
  }
  [[nodiscard]] std::vector<std::int64_t> list(const std::string& name, std::vector<std::int64_t> otherwise) const {
    return has(name) ? settings.at(name).list : std::move(otherwise);
  }
};

/// Why a case cannot be said in our operations.
struct NotExpressible {
  std::string why;
};
/// An entry that the table lacks.
struct Missing {
  std::string key;
};

inline std::size_t product(const Axes& extents, std::size_t begin, std::size_t end) {
  std::size_t all = 1;
  for (std::size_t i = begin; i < end; ++i) all *= extents[i];
  return all;
}
inline std::size_t axis_of(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}
/// Axis i of the result is axis order[i] of `from`.
inline Tensor permuted(const Tensor& from, const Axes& order) {
  Tensor to{.extents = {}, .values = std::vector<float>(from.values.size()), .type = from.type};
  const std::size_t rank = order.size();
  Axes stride(rank), index(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    to.extents.push_back(from.extents[order[i]]);
    stride[i] = product(from.extents, order[i] + 1, rank);
  }
  for (float& value : to.values) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < rank; ++i) at += index[i] * stride[i];
    value = from.values[at];
    for (std::size_t i = rank; i-- > 0;) {
      if (++index[i] < to.extents[i]) break;
      index[i] = 0;
    }
  }
  return to;
}
/// [n, c, ...] to [n, ..., c]. Other ranks than 3 and 4 as well.
inline Tensor channels_last(const Tensor& from) {
  Axes order{0};
  for (std::size_t i = 2; i < from.extents.size(); ++i) order.push_back(i);
  if (from.extents.size() > 1) order.push_back(1);
  return permuted(from, order);
}
inline Tensor channels_first(const Tensor& from) {
  const std::size_t rank = from.extents.size();
  Axes order{0};
  if (rank > 1) order.push_back(rank - 1);
  for (std::size_t i = 1; i + 1 < rank; ++i) order.push_back(i);
  return permuted(from, order);
}
inline std::string dims(std::size_t height, std::size_t width, std::size_t channels) {
  return xs::to_string(xs::Dims{static_cast<int>(height), static_cast<int>(width), static_cast<int>(channels)});
}

/// One case while it runs.
struct Run {
  Table& table;
  std::map<std::string, Tensor> values{};
  std::vector<Node> nodes{};
  std::set<std::string> kinds{};  ///< our operations that had a part in it
  std::string note{};             ///< what of it is not compared

  Outcome apply(const std::string& key, const Call& call) {
    const Table::Function* entry = table.find(key);
    if (entry == nullptr) throw Missing{key};
    kinds.insert(key.substr(0, key.find(' ')));
    return (*entry)(call);
  }
  /// A function of each element, whatever the shape: an element is a sample.
  Tensor by_element(const std::string& operation, const Tensor& x, bool training = false) {
    return {
        .extents = x.extents,
        .values = apply(operation + " on 1x1x1", {.batch = x.values.size(), .inputs = {x.values}, .training = training})
                      .outputs[0]};
  }
};

using Inputs = std::vector<const Tensor*>;
using Rule = std::function<std::vector<Tensor>(const Node&, const Inputs&, Run&)>;

struct Rules {
  std::map<std::string, Rule> arithmetic{}, structure{};
};

void add_convolutions(Rules&, Table&);
void add_pools(Rules&, Table&);
void add_norms(Rules&, Table&);
void add_elements(Rules&, Table&);
void add_structure(Rules&, Table&);
void add_training(Rules&, Table&);

/// The sliding window of a convolution or pool on an image (one row, of signals).
struct Window {
  std::vector<std::int64_t> kernel, stride, dilation, begin, end;

  Window(const Node& node, const Axes& kernel_extents, const Axes& image) {
    for (const std::size_t extent : kernel_extents) kernel.push_back(static_cast<std::int64_t>(extent));
    const std::size_t rank = kernel.size();
    stride = node.list("strides", std::vector<std::int64_t>(rank, 1));
    dilation = node.list("dilations", std::vector<std::int64_t>(rank, 1));
    const std::vector<std::int64_t> pads = node.list("pads", std::vector<std::int64_t>(2 * rank, 0));
    begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
    end.assign(pads.begin() + static_cast<std::ptrdiff_t>(rank), pads.end());
    const std::string automatic = node.words("auto_pad", "NOTSET");
    for (std::size_t i = 0; i < rank && automatic.starts_with("SAME"); ++i) {
      const auto in = static_cast<std::int64_t>(image[i]);
      const std::int64_t out = (in + stride[i] - 1) / stride[i];
      const std::int64_t total =
          std::max<std::int64_t>(0, (out - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - in);
      begin[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      end[i] = total - begin[i];
    }
    if (rank == 1) {
      kernel.insert(kernel.begin(), 1), stride.insert(stride.begin(), 1), dilation.insert(dilation.begin(), 1);
      begin.insert(begin.begin(), 0), end.insert(end.begin(), 0);
    }
  }
  static std::string pair(const std::vector<std::int64_t>& two) {
    return std::to_string(two[0]) + "," + std::to_string(two[1]);
  }
  [[nodiscard]] std::string pad() const {
    return " pad=" + pair(begin) + (begin == end ? std::string() : "," + pair(end));
  }
  [[nodiscard]] bool dilated() const { return dilation[0] != 1 || dilation[1] != 1; }
};
/// Height and width of [n, c, w] and [n, c, h, w].
inline Axes image_extents(const Tensor& x) {
  if (x.extents.size() < 3 || x.extents.size() > 4) throw NotExpressible{"images have two dimensions"};
  return x.extents.size() == 3 ? Axes{1, x.extents[2]} : Axes{x.extents[2], x.extents[3]};
}
inline std::string image_dims(const Tensor& x) {
  const Axes image = image_extents(x);
  return dims(image[0], image[1], x.extents[1]);
}
/// The output of an operation on images as ONNX has it; a signal if the input was one.
inline Tensor image_result(const Tensor& x, std::vector<float> values, std::size_t height, std::size_t width,
                           std::size_t channels) {
  Tensor made = channels_first({.extents = {x.extents[0], height, width, channels}, .values = std::move(values)});
  if (x.extents.size() == 3) made.extents = {x.extents[0], channels, width};
  return made;
}

}  // namespace vectors
