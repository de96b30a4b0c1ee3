#pragma once
/// \file
/// How the gradient of a convolution's weights reads the images.
///
/// fp32 reads them in place. bf16 multiplies pairs: those of the same pixel of two neighbouring images, which needs no
/// more than a copy of each two images pair by pair (odd pixels, strides and windows play no part; a last single image
/// is paired with zeros). With few channels a row of taps is one run of numbers; if it can reach into the padding, or
/// into another group, the rows of each group are copied with the padding beside them.

#include <xstitch/core/threads.hpp>
#include <xstitch/kernels/conv_shape.hpp>
#include <xstitch/kernels/pack_bf16.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

/// Strides in elements.
struct WeightGradientLayout {
  bool merged = false;  ///< few channels: a row of taps is one run of numbers, else the channels of one tap
  int inner = 1, run = 0;
  bool whole = false;     ///< images as they are, all groups together; else padded rows of each group
  int top = 0, left = 0;  ///< padding that is not there: products with it are left out
  int height = 0, width = 0;
  Index pixel = 0, row = 0, image = 0, group = 0;

  constexpr explicit WeightGradientLayout(const ConvShape& s) noexcept
      : merged(s.group_in() < tile_rows && s.dilation.width == 1),
        inner(merged ? 1 : s.kernel.width),
        run(merged ? s.kernel.width * s.group_in() : s.group_in()),
        whole(!merged || (s.groups == 1 && s.pad.width == 0)),
        top(s.pad.height),
        left(whole ? s.pad.width : 0),
        height(s.in.height),
        width(whole ? s.in.width : (s.out_width() - 1) * s.stride.width + s.kernel.width),
        pixel(whole ? s.in.channels : s.group_in()),
        row(width * pixel),
        image(whole ? row * height : row * height * s.groups),
        group(whole ? s.group_in() : row * height) {}
};

/// Whether tasks share out the images rather than the rows of weights: all sums of a block of channels are small.
constexpr bool cuts_weight_gradient_by_images(const ConvShape& s) noexcept {
  constexpr int cached_sums = 80 << 10;  // bytes
  return Index{s.depth()} * block_width * 4 <= cached_sums;
}
/// Parts that images are then cut into, at most.
constexpr Index weight_gradient_image_parts(const ConvShape& s) noexcept {
  constexpr Index wanted_tasks = 32;
  return divide_up(wanted_tasks, s.groups * divide_up(s.group_out(), block_width));
}

/// Bytes of the copies of the images.
template <class Arithmetic>
constexpr Extent image_copies(const ConvShape& s) noexcept {
  const WeightGradientLayout layout(s);
  if (Arithmetic::numbers == 1 && layout.whole) return {};
  const std::size_t image = static_cast<std::size_t>(layout.image) * sizeof(typename Arithmetic::Element);
  return Arithmetic::numbers == 1 ? Extent{image, 64} : Extent{(image + 1) / 2, image + 64};
}
/// Those and the sums of the parts.
template <class Arithmetic>
constexpr Extent backward_weights_workspace(const ConvShape& s) noexcept {
  Extent extent = image_copies<Arithmetic>(s);
  if (cuts_weight_gradient_by_images(s))
    extent.fixed +=
        64 + static_cast<std::size_t>(weight_gradient_image_parts(s) * s.groups *
                                      divide_up(s.group_out(), block_width) * (s.depth() + 1) * block_width) *
                 sizeof(float);
  return extent;
}

/// The images as the tiles read them: `in` itself, or copies in the workspace.
template <ConvShape S, class Arithmetic>
const typename Arithmetic::Element* weight_gradient_images(std::size_t batch, const float* in, std::byte* workspace,
                                                           ThreadPool& threads) {
  using Element = typename Arithmetic::Element;
  constexpr WeightGradientLayout layout(S);
  constexpr Index size = static_cast<Index>(S.in.size());
  constexpr int numbers = Arithmetic::numbers;
  if constexpr (numbers == 1 && layout.whole) {
    return in;
  } else {
    auto* copies = reinterpret_cast<Element*>(workspace);
    const Index rows = divide_up(static_cast<Index>(batch), numbers) * S.in.height;
    threads.parallel_for(static_cast<std::size_t>(rows), [&](std::size_t task) {
      const Index n = static_cast<Index>(task) / S.in.height, y = static_cast<Index>(task) % S.in.height;
      const float* from = in + n * numbers * size + y * S.in.width * S.in.channels;
      const float* second = numbers > 1 && n * numbers + 1 < static_cast<Index>(batch) ? from + size : nullptr;
      Element* to = copies + n * layout.image + y * layout.row;
      if constexpr (layout.whole) {
        copy_pairs(from, second, layout.row, to, Arithmetic{});
      } else {
        for (Index g = 0; g < S.groups; ++g, to += layout.group) {
          std::fill(to, to + layout.row, Element{});
          for (int x = 0; x < std::min(S.in.width, layout.width - S.pad.width); ++x) {
            const Index at = x * S.in.channels + g * S.group_in();
            copy_pairs(from + at, second != nullptr ? second + at : nullptr, S.group_in(),
                       to + (x + S.pad.width) * layout.pixel, Arithmetic{});
          }
        }
      }
    });
    return copies;
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
