#pragma once
/// \file
/// Small data sets and networks for the tests of training.

#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/layers/conv.hpp>
#include <xstitch/layers/dropout.hpp>
#include <xstitch/layers/relu.hpp>
#include <xstitch/losses/losses.hpp>
#include <xstitch/networks/cross_stitch.hpp>
#include <xstitch/networks/one_task.hpp>
#include <xstitch/run/training.hpp>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

namespace toy {

namespace xs = xstitch;

/// Noise with a bright column (its number modulo 3 is the class for tower "a") and a bright row (upper or lower half:
/// the class for tower "b", which every fifth sample lacks).
struct Stripes {
  std::size_t count = 22;
  std::uint64_t seed = 1;

  [[nodiscard]] std::size_t size() const { return count; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", {6, 6, 1}, true}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"a", {xs::LabelKind::class_index, {1, 1, 1}, {}, 3}},
            {"b", {xs::LabelKind::class_index, {1, 1, 1}, {}, 2}}};
  }
  void load(std::size_t index, xs::Sample& sample) const {
    const xs::RandomKey key = xs::RandomKey(xs::seed(seed)).with(index);
    const auto column = static_cast<std::size_t>(key.below(100, 6)), row = static_cast<std::size_t>(key.below(101, 6));
    sample.inputs[0].resize(36);
    for (std::size_t i = 0; i < 36; ++i)
      sample.inputs[0][i] =
          key.uniform(i, -0.2F, 0.2F) + (i % 6 == column ? 1.0F : 0.0F) - (i / 6 == row ? 1.0F : 0.0F);
    sample.labels[0].indices = {static_cast<std::int32_t>(column % 3)};
    sample.labels[1].indices = {row < 3 ? 0 : 1};
    sample.labels[1].present = index % 5 != 4;
  }
};

using A = xs::Tower<"a", xs::Shape<6, 6, 1>, xs::Conv<"conv1", 8, 3>, xs::Relu, xs::Seam<"one">,
                    xs::Dropout<xs::Ratio{1, 4}>, xs::Conv<"fc", 3, 4>, xs::SoftmaxCrossEntropy>;
using B = xs::Tower<"b", xs::Shape<6, 6, 1>, xs::Conv<"wide", 8, 5, xs::Pad<1>>, xs::Relu, xs::Seam<"one">,
                    xs::Conv<"fc", 2, 4>, xs::SoftmaxCrossEntropy>;
using OneTaskA = xs::OneTask<A>;
using OneTaskB = xs::OneTask<B>;
using Pair = xs::CrossStitch<A, B>;

/// A folder of its own, removed at the end.
struct Folder {
  std::filesystem::path path;
  explicit Folder(const std::string& name)
      : path(std::filesystem::temp_directory_path() / ("xstitch_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

/// All parameters of a network in one piece.
inline std::vector<float> values(const xs::AnyNet& net) {
  std::vector<float> all;
  for (std::size_t i = 0; i < net.parameters().size(); ++i) {
    const auto p = net.parameter(i);
    all.insert(all.end(), p.begin(), p.end());
  }
  return all;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && !a.empty() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
inline bool same_bits(const xs::AnyNet& a, const xs::AnyNet& b) { return same_bits(values(a), values(b)); }

template <class Function>
std::string error_of(Function&& f) {
  try {
    f();
  } catch (const xs::Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace toy
