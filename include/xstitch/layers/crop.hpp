#pragma once
/// \file
/// Crop<top, left, height, width>: y[i, j] = x[top + i, left + j]. {h, w, c} -> {height, width, c}; the gradient is
/// zero outside. FCN cuts its upsampled scores to the size of the image this way (Shelhamer, Long, Darrell 2016).

#include <xstitch/layers/operation.hpp>

#include <cstring>
#include <string_view>

namespace xstitch::inline XSTITCH_ISA {

template <int Top, int Left, int Height, int Width>
struct Crop {
  static_assert(Top >= 0 && Left >= 0 && Height > 0 && Width > 0,
                "xstitch: a Crop starts at 0 or later, and has a size");
  static constexpr std::string_view kind = "Crop";
  static constexpr std::array<Attribute, 2> attributes() {
    return {Attribute::integers("offset", Top, Left), Attribute::integers("size", Height, Width)};
  }
  static constexpr bool reads_input = false;
  static constexpr bool reads_output = false;
  static constexpr std::string_view requirement = "Crop: its rectangle must lie inside the input";

  static constexpr Dims output_shape(Dims in) {
    return Top + Height <= in.height && Left + Width <= in.width ? Dims{Height, Width, in.channels} : Dims{};
  }

  template <Dims In>
  static void forward(const ForwardCall& call) {
    constexpr Rows rows = rows_of(In);
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      const float* x = call.input + n * In.size() + rows.first;
      float* y = call.output + n * output_shape(In).size();
      for (std::size_t i = 0; i < Height; ++i) std::memcpy(y + i * rows.out, x + i * rows.in, rows.out * sizeof(float));
    });
  }

  template <Dims In>
  static void backward(const BackwardCall& call) {
    if (call.input_gradient == nullptr) return;
    constexpr Rows rows = rows_of(In);
    call.threads.parallel_for(call.batch, [&](std::size_t n) {
      const float* dy = call.output_gradient + n * output_shape(In).size();
      float* dx = call.input_gradient + n * In.size();
      std::memset(dx, 0, rows.first * sizeof(float));
      for (std::size_t i = 0; i < Height; ++i) {
        float* to = dx + rows.first + i * rows.in;
        std::memcpy(to, dy + i * rows.out, rows.out * sizeof(float));
        // What lies right of this row and left of the next one, or after the rectangle.
        float* next = i + 1 < Height ? to + rows.in : dx + In.size();
        std::memset(to + rows.out, 0, static_cast<std::size_t>(next - (to + rows.out)) * sizeof(float));
      }
    });
  }

 private:
  /// Floats: from the start of a sample to the rectangle, of a row of the input, of a row of the output.
  struct Rows {
    std::size_t first, in, out;
  };
  static constexpr Rows rows_of(Dims in) {
    const auto channels = static_cast<std::size_t>(in.channels), width = static_cast<std::size_t>(in.width);
    return {(Top * width + Left) * channels, width * channels, Width * channels};
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
