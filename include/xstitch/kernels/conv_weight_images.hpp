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
        whole(!merged || (s.groups == 1 && s.pad.left == 0 && s.pad.right == 0)),
        top(s.pad.top),
        left(whole ? s.pad.left : 0),
        height(s.in.height),
        width(whole ? s.in.width : (s.out_width() - 1) * s.stride.width + s.kernel.width),
        pixel(whole ? s.in.channels : s.group_in()),
        row(width * pixel),
        image(whole ? row * height : row * height * s.groups),
        group(whole ? s.group_in() : row * height) {}
};

/// Floats of the sums of all weights and biases, in whole blocks of channels.
constexpr Index weight_gradient_sums(const ConvShape& s) noexcept {
  return s.groups * divide_up(s.group_out(), block_width) * (s.depth() + 1) * block_width;
}
/// Whether tasks share out the images rather than the rows of weights: all sums fit into the second-level cache beside
/// what they are made from.
constexpr bool cuts_weight_gradient_by_images(const ConvShape& s) noexcept {
  constexpr Index cached_sums = 64 << 10;  // floats
  return weight_gradient_sums(s) <= cached_sums;
}
/// Parts that the images are then cut into, at most.
constexpr Index weight_gradient_parts = 24;

/// Bytes of the copies of the images.
template <class Arithmetic>
constexpr Extent image_copies(const ConvShape& s) noexcept {
  const WeightGradientLayout layout(s);
  if (Arithmetic::per_element == 1 && layout.whole) return {};
  const std::size_t image = static_cast<std::size_t>(layout.image) * sizeof(typename Arithmetic::Element);
  return Arithmetic::per_element == 1 ? Extent{image, 64} : Extent{(image + 1) / 2, image + 64};
}
/// Those, or the sums of the parts.
template <class Arithmetic>
constexpr Extent backward_weights_workspace(const ConvShape& s) noexcept {
  if (!cuts_weight_gradient_by_images(s)) return image_copies<Arithmetic>(s);
  return {0, static_cast<std::size_t>(weight_gradient_parts * weight_gradient_sums(s)) * sizeof(float)};
}

/// Copies rows [first, last) of image (or pair) n of the batch to `to` as WeightGradientLayout says.
template <ConvShape S, class Arithmetic>
void copy_image_rows(Index batch, const float* in, Index n, int first, int last, typename Arithmetic::Element* to,
                     Arithmetic) {
  using Element = typename Arithmetic::Element;
  constexpr WeightGradientLayout layout(S);
  constexpr Index size = static_cast<Index>(S.in.size());
  constexpr int per_element = Arithmetic::per_element;
  for (int y = first; y < last; ++y, to += layout.row) {
    const float* from = in + n * per_element * size + y * S.in.width * S.in.channels;
    const float* second = per_element > 1 && n * per_element + 1 < batch ? from + size : nullptr;
    if constexpr (layout.whole) {
      copy_pairs(from, second, layout.row, to, Arithmetic{});
    } else {
      for (Index g = 0; g < S.groups; ++g) {
        Element* row = to + g * layout.group;
        std::fill(row, row + layout.row, Element{});
        for (int x = 0; x < std::min(S.in.width, layout.width - S.pad.left); ++x) {
          const Index at = x * S.in.channels + g * S.group_in();
          copy_pairs(from + at, second != nullptr ? second + at : nullptr, S.group_in(),
                     row + (x + S.pad.left) * layout.pixel, Arithmetic{});
        }
      }
    }
  }
}

/// The images as the tiles read them: `in` itself, or copies in the workspace.
template <ConvShape S, class Arithmetic>
const typename Arithmetic::Element* weight_gradient_images(std::size_t batch, const float* in, std::byte* workspace,
                                                           ThreadPool& threads) {
  using Element = typename Arithmetic::Element;
  constexpr WeightGradientLayout layout(S);
  constexpr int per_element = Arithmetic::per_element;
  if constexpr (per_element == 1 && layout.whole) {
    return in;
  } else {
    auto* copies = reinterpret_cast<Element*>(workspace);
    const Index rows = divide_up(static_cast<Index>(batch), per_element) * S.in.height;
    threads.parallel_for(static_cast<std::size_t>(rows), [&](std::size_t task) {
      const Index n = static_cast<Index>(task) / S.in.height;
      const int y = static_cast<int>(static_cast<Index>(task) % S.in.height);
      copy_image_rows<S>(static_cast<Index>(batch), in, n, y, y + 1, copies + n * layout.image + y * layout.row,
                         Arithmetic{});
    });
    return copies;
  }
}

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
