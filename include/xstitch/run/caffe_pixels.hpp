#pragma once
/// \file
/// First convolutions for other pixels than those that their weights were trained on:
///
///     t[c] = r[c] x[c] + o[c]        t: trained on, x: seen by the network, c: red, green, blue
///     W'[c] = r[c] W[c],  b' = b + sum over c and the kernel of o[c] W[c]
///
/// and the channels in the other order where one of them has blue first. With r = 1 and o = 0 values only move.

#include <xstitch/core/pixel_scaling.hpp>
#include <xstitch/run/caffe_fit.hpp>
#include <xstitch/run/load_parameters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {
namespace caffe_details {

/// t = ratio x + offset of each colour.
struct PixelChange {
  std::array<double, 3> ratio{1.0, 1.0, 1.0}, offset{};
  bool mirrored = false;  ///< the order of the channels

  PixelChange(const PixelScaling& trained, const PixelScaling& seen) : mirrored(trained.blue_first != seen.blue_first) {
    for (std::size_t c = 0; c < 3; ++c) {
      const auto of = [c](const std::array<float, 3>& values) { return static_cast<double>(values[c]); };
      ratio[c] = of(seen.standard_deviation) / of(trained.standard_deviation);
      offset[c] = (of(seen.mean) - of(trained.mean)) / of(trained.standard_deviation);
    }
  }
  [[nodiscard]] bool moves() const {
    return std::any_of(offset.begin(), offset.end(), [](double o) { return o != 0.0; });
  }
  [[nodiscard]] bool nothing() const {
    return !mirrored && !moves() && std::all_of(ratio.begin(), ratio.end(), [](double r) { return r == 1.0; });
  }
};

/// Weights [height, width, 3, out], from the trained channels to those that the network sees.
inline void convert(std::span<float> weights, std::span<float> bias, std::size_t outputs, const PixelChange& change,
                    bool blue_first) {
  const std::vector<float> old(weights.begin(), weights.end());
  std::vector<double> sums(bias.size());
  for (std::size_t i = 0; i < old.size(); ++i) {
    const std::size_t o = i % outputs, channel = i / outputs % 3, tap = i / outputs / 3;  // of the network
    const std::size_t colour = blue_first ? 2 - channel : channel;
    const auto w = static_cast<double>(old[(tap * 3 + (change.mirrored ? 2 - channel : channel)) * outputs + o]);
    weights[i] = static_cast<float>(change.ratio[colour] * w);
    if (!bias.empty()) sums[o] += change.offset[colour] * w;
  }
  for (std::size_t o = 0; o < bias.size(); ++o) bias[o] = static_cast<float>(static_cast<double>(bias[o]) + sums[o]);
}

/// Of every convolution on a picture of three channels among `staged`. Gives what is wrong, or nothing.
[[gnu::cold]] inline std::string convert_pixels(const Parameters& to, parameter_file::Staged& staged,
                                                const PixelScaling& trained, const PixelScaling& seen) {
  const PixelChange change(trained, seen);
  if (change.nothing()) return {};
  const Program& program = to.layout().program();
  std::size_t converted = 0;
  std::string problems;
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    const Tensor& input = program.tensors[detail::at(program.inputs_of(op)[0])];
    if (op.record->kind != "Conv" || input.producer != none || input.shape.dims.channels != 3) continue;
    const std::size_t first = to.layout().first_parameter(i);
    const auto values = [&](std::size_t parameter) -> std::span<float> {
      const auto found = std::find(staged.parameters.begin(), staged.parameters.end(), parameter);
      if (found == staged.parameters.end()) return {};
      return staged.values[static_cast<std::size_t>(found - staged.parameters.begin())];
    };
    const std::span<float> weights = values(first),
                           bias = to.layout().parameter_count(i) > 1 ? values(first + 1) : std::span<float>{};
    if (weights.empty()) continue;
    ++converted;
    const Attribute* pad = find_attribute(*op.record, "pad");
    const bool padded =
        pad == nullptr || std::any_of(pad->values.begin(), pad->values.end(), [](long long p) { return p != 0; });
    if (change.moves() && (padded || bias.empty()))
      problems += "\n  " + place_of(program, op) + ": found " + (padded ? "padding" : "no bias") +
                  ", expected a convolution " + (padded ? "without" : "with one") +
                  ": other means than those of the file cannot be put into it; give the network the file's pixels";
    else
      convert(weights, bias, static_cast<std::size_t>(op.record->outputs[0].dims.channels), change, seen.blue_first);
  }
  if (converted == 0)
    problems +=
        "\n  CaffeOptions: found other pixels than the file's, and no convolution on a picture of three channels, "
        "expected one whose weights are converted";
  return problems;
}

}  // namespace caffe_details
}  // namespace xstitch::inline XSTITCH_ISA
