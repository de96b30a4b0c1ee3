#pragma once
// Layers and a loss of our own with the names and shapes of the library's and without kernels: what is left of a
// network's compile time is the weave's.
#include <xstitch/layers/fusion.hpp>
#include <xstitch/layers/identity.hpp>
#include <xstitch/layers/operation.hpp>
#include <xstitch/losses/loss.hpp>

#include <array>
#include <memory>

namespace own {

namespace xs = xstitch;

constexpr int extent(int in, int kernel, int step, int pad) {
  return in + 2 * pad < kernel ? 0 : (in + 2 * pad - kernel) / step + 1;
}
struct Silent {
  static void forward(const xs::ForwardCall&) {}
  static void backward(const xs::BackwardCall&) {}
};

template <xs::FixedString Name, int Channels, int Kernel, int Step, int Pad>
struct Conv : Silent {
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "Conv";
  static constexpr const char* requirement = "an input as large as the kernel";
  static constexpr xs::Dims output_shape(xs::Dims in) {
    return {extent(in.height, Kernel, Step, Pad), extent(in.width, Kernel, Step, Pad), Channels};
  }
  static constexpr std::array<xs::ParameterSpec, 1> parameters(xs::Dims in) {
    xs::ParameterSpec weight;
    weight.name = "weight";
    weight.extents = xs::Extents(Kernel, Kernel, in.channels, Channels);
    return {weight};
  }
};
template <xs::FixedString Name>
struct BatchNorm : Silent {
  static constexpr auto name = Name;
  static constexpr std::string_view kind = "BatchNorm";
  static constexpr bool updates_buffers = true;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
  static constexpr std::array<xs::ParameterSpec, 2> parameters(xs::Dims in) {
    std::array<xs::ParameterSpec, 2> both{};
    both[0].name = "weight";
    both[1].name = "running";
    both[1].group = xs::ParameterGroup::buffer;
    for (xs::ParameterSpec& one : both) one.extents = xs::Extents(in.channels);
    return both;
  }
};
struct Relu : Silent {
  static constexpr std::string_view kind = "Relu";
  static constexpr bool reads_input = false, in_place = true;
  static constexpr xs::Dims output_shape(xs::Dims in) { return in; }
};
template <int Kernel, int Step, int Pad>
struct MaxPool : Silent {
  static constexpr std::string_view kind = "MaxPool";
  static constexpr xs::Dims output_shape(xs::Dims in) {
    return {extent(in.height, Kernel, Step, Pad), extent(in.width, Kernel, Step, Pad), in.channels};
  }
};
struct GlobalAveragePool : Silent {
  static constexpr std::string_view kind = "GlobalAveragePool";
  static constexpr xs::Dims output_shape(xs::Dims in) { return {1, 1, in.channels}; }
};
struct Loss : Silent {
  static constexpr xs::LabelSpec label(xs::Dims in) { return {xs::LabelKind::real, in, {}, 0}; }
  template <xs::Dims>
  static double normaliser(const xs::NormaliserCall& call) {
    return static_cast<double>(call.batch);
  }
  template <xs::Dims>
  static double forward(const xs::ForwardCall&) {
    return 0.0;
  }
  using Prediction = xs::Identity;
  static std::unique_ptr<xs::Metric> metric(xs::Dims) { return nullptr; }
};

}  // namespace own
