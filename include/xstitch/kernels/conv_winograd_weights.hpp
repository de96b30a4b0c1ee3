#pragma once
/// \file
/// Gradient of a convolution of stride 1 to its weights and bias, by Winograd's minimal filtering: the adjoint of
/// conv_winograd.hpp, with its matrices, tiles and rounding.
///
///     dW = G' [sum over tiles of (A dy A') * (B' d B)] G
///
/// dy: the 2 x 2 gradients of a tile of outputs, d: its inputs, * by element. The sum over all tiles comes before the
/// transformation back, so each element of a tile is one product of matrices, [channels][tiles] by [tiles][channels].
///
/// One task has some input channels and some output channels of a group, whose sums for all elements stay in the
/// second-level cache while it goes through the images, some tiles at a time: it transforms inputs and gradients, then
/// adds their products (the register tile of sum_tile.hpp). Where that makes few tasks each takes a part of the images,
/// and the parts are added in order. The order of sums depends on sizes and batch alone.

#include <xstitch/kernels/conv_winograd.hpp>
#include <xstitch/kernels/sum_tile.hpp>

namespace xstitch::inline XSTITCH_ISA {
namespace kernels {

namespace winograd {

/// How the sums of all weights are shared out.
struct WeightTasks {
  int in_block = 0, out_block = 0;    ///< channels of a task
  int in_blocks = 0, out_blocks = 0;  ///< of a group
  int parts = 1;                      ///< of the images

  constexpr WeightTasks(const Sizes& s, const TaskLimits& most) noexcept
      : in_block(share(s.group_in, most_inputs)),
        out_block(share(s.group_out, most.outputs)),
        in_blocks(static_cast<int>(divide_up(s.group_in, in_block))),
        out_blocks(static_cast<int>(divide_up(s.group_out, out_block))),
        parts(static_cast<int>(std::min<Index>(divide_up(wanted_tasks, of_part(s)), most.parts))) {}
  [[nodiscard]] constexpr int of_part(const Sizes& s) const noexcept { return s.groups * in_blocks * out_blocks; }

 private:
  static constexpr int most_inputs = 64, wanted_tasks = 16;
  /// Whole vectors, as evenly as they go.
  static constexpr int share(int channels, int most) noexcept {
    return static_cast<int>(round_up(divide_up(channels, divide_up(channels, most)), lanes));
  }
};

/// Floats of the sums of a part: weights, then biases.
constexpr std::size_t part_floats(const ConvShape& s) noexcept {
  return s.weight_count() + static_cast<std::size_t>(s.out_channels);
}

}  // namespace winograd

/// Bytes of the sums of all parts.
constexpr std::size_t winograd_parts_bytes(const ConvShape& s, int parts) noexcept {
  return parts > 1 ? align_up(static_cast<std::size_t>(parts) * winograd::part_floats(s) * sizeof(float)) : 0;
}
constexpr std::size_t winograd_weights_workspace(const ConvShape& s) noexcept {
  const winograd::Sizes sizes = winograd::forward_sizes(s);
  return winograd_parts_bytes(s, winograd::WeightTasks(sizes, winograd::pixel_limits(sizes.taps)).parts);
}

/// See ConvBackwardWeights; workspace: winograd_weights_workspace bytes.
template <ConvShape S, class Arithmetic = Fp32,
          class Source = winograd::PixelSource<winograd::forward_sizes(S), Arithmetic>>
class WinogradBackwardWeights {
  static constexpr winograd::Sizes sizes = Source::sizes;
  using Transform = winograd::Transform<sizes.taps>;
  using Place = winograd::Place<sizes>;
  static constexpr int taps = sizes.taps * sizes.taps, window = sizes.window(), elements = sizes.elements();
  static constexpr Index image_tiles = sizes.image_tiles();

  static constexpr winograd::WeightTasks tasks{sizes, Source::limits};
  static constexpr int in_block = tasks.in_block, out_block = tasks.out_block;
  static constexpr int in_blocks = tasks.in_blocks, out_blocks = tasks.out_blocks, most_parts = tasks.parts;
  static constexpr int task_tiles = Source::limits.weight_tiles;
  // From one element's matrix to the next: a line more than their size, so that those of a tile lie in different cache
  // sets.
  static constexpr Index inputs_step = task_tiles * in_block + 16, gradients_step = task_tiles * out_block + 16;
  static constexpr Index sums_step = in_block * out_block + 16;

 public:
  /// weight_gradient: [kernel height, kernel width, group in, out]; bias_gradient: [out] or null.
  static void run_all(std::size_t batch, const float* in, const float* out_gradient, float* weight_gradient,
                      float* bias_gradient, std::byte* workspace, ThreadPool& threads) {
    // Each part has a tile.
    const Index all = static_cast<Index>(batch) * image_tiles, parts = std::min<Index>(most_parts, all);
    auto* partial = reinterpret_cast<float*>(workspace);
    threads.parallel_for(static_cast<std::size_t>(tasks.of_part(sizes) * parts), [&](std::size_t task) {
      const Index t = static_cast<Index>(task) / parts, part = static_cast<Index>(task) % parts;
      float* sums = partial + part * part_floats;
      run_task(in, out_gradient, part * all / parts, (part + 1) * all / parts, t,
               most_parts > 1 ? sums : weight_gradient,
               bias_gradient == nullptr ? nullptr
               : most_parts > 1         ? sums + S.weight_count()
                                        : bias_gradient);
    });
    if constexpr (most_parts > 1) {
      add_parts(partial, parts, static_cast<Index>(S.weight_count()), weight_gradient, threads);
      if (bias_gradient != nullptr)
        add_parts(partial + S.weight_count(), parts, S.out_channels, bias_gradient, threads);
    }
  }

 private:
  static constexpr Index part_floats = static_cast<Index>(winograd::part_floats(S));
  static constexpr Index zero_count = std::max(in_block, out_block);

  /// One block of channels, from tiles [first_tile, last_tile).
  static void run_task(const float* in, const float* out_gradient, Index first_tile, Index last_tile, Index task,
                       float* weight_gradient, float* bias_gradient) {
    const Index group = task / (in_blocks * out_blocks);
    const Index first_in = task % in_blocks * in_block, first_out = task / in_blocks % out_blocks * out_block;
    const Index in_channel = group * sizes.group_in + first_in, channel = group * S.group_out() + first_out;
    const int in_count = std::min<int>(in_block, sizes.group_in - static_cast<int>(first_in));
    const int out_count = std::min<int>(out_block, S.group_out() - static_cast<int>(first_out));

    auto* sums = reinterpret_cast<float*>(thread_scratch(
        static_cast<std::size_t>(elements * (sums_step + inputs_step + gradients_step) + zero_count + Source::scratch) *
        sizeof(float)));
    float* inputs = sums + elements * sums_step;
    float* gradients = inputs + elements * inputs_step;
    float* zeros = gradients + elements * gradients_step;
    std::fill_n(zeros, zero_count, 0.0F);
    float* bias = bias_gradient != nullptr && first_in == 0 ? bias_gradient + channel : nullptr;
    if (bias != nullptr) std::fill_n(bias, out_count, 0.0F);
    for (Index first = first_tile; first < last_tile; first += task_tiles) {
      const int tiles = static_cast<int>(std::min<Index>(task_tiles, last_tile - first));
      Source::load(in, in_channel, in_count, first, tiles, zeros, zeros + zero_count, inputs, in_block, inputs_step);
      for (int i = 0; i < tiles; ++i) {
        const Place at(first + i);
        load_gradient(out_gradient + at.image * static_cast<Index>(S.out().size()) + channel, at, zeros, out_count,
                      gradients + Index{i} * out_block, bias);
      }
      for (int element = 0; element < elements; ++element)
        add_products(Source::terms(element), inputs + element * inputs_step, gradients + element * gradients_step,
                     tiles, in_count, out_count, sums + element * sums_step, first == first_tile);
    }
    for (Index c = 0; c < in_count; ++c)
      for (Index o = 0; o < out_count; o += lanes) {
        Vector m[elements], g[taps];
        winograd::for_each_element<window>([&](int i) {
          m[i] = Source::place(i, first_in + c) < 0 ? Vector(0.0F) : load(sums + i * sums_step + c * out_block + o);
        });
        Transform::weight_gradient(m, g);
        for (int tap = 0; tap < taps; ++tap)
          if (const Index row = Source::weight_row(tap, first_in + c); row >= 0)
            store(weight_gradient + row * S.out_channels + channel + o, g[tap]);
      }
  }

  /// to[i] = sum over parts of partial[part][i]; `count` is a multiple of lanes.
  static void add_parts(const float* partial, Index parts, Index count, float* to, ThreadPool& threads) {
    constexpr Index piece = 4096;
    threads.parallel_for(static_cast<std::size_t>(divide_up(count, piece)), [&](std::size_t task) {
      const Index first = static_cast<Index>(task) * piece;
      for (Index i = first; i < std::min(count, first + piece); i += lanes) {
        Vector total = load(partial + i);
        for (Index part = 1; part < parts; ++part) total += load(partial + part * part_floats + i);
        store(to + i, total);
      }
    });
  }

  /// A dy A' of one tile, to[element * gradients_step + channel]; adds dy to the bias if that is not null.
  static void load_gradient(const float* image, const Place& at, const float* zeros, int count, float* to,
                            float* bias) noexcept {
    constexpr Index pixel = S.out_channels, row = Index{S.out_width()} * pixel;
    const bool right = at.x + 1 < S.out_width(), below = at.y + 1 < S.out_height();
    const float* const first = image + at.y * row + at.x * pixel;
    const float* const from[] = {first, right ? first + pixel : zeros, below ? first + row : zeros,
                                 right && below ? first + row + pixel : zeros};
    for (Index c = 0; c < count; c += lanes) {
      Vector y[] = {load(from[0] + c), load(from[1] + c), load(from[2] + c), load(from[3] + c)};
      if (bias != nullptr) store(bias + c, load(bias + c) + ((y[0] + y[1]) + (y[2] + y[3])));
      for (Vector& v : y) v = Arithmetic::rounded(v);
      Vector d[elements];
      Transform::output_gradient(y, d);
      winograd::for_each_element<window>([&](int i) { store(to + i * gradients_step + c, d[i]); });
    }
  }

  /// sums[input][output] (+)= sum over tiles of inputs[tile][input] * gradients[tile][output], for the terms that the
  /// element has.
  static void add_products(const Taps& terms, const float* inputs, const float* gradients, int tiles, int in_count,
                           int out_count, float* sums, bool beta_zero) noexcept {
    const int run = std::min(in_count, static_cast<int>(terms.run));
    for (int k = 0; k < terms.outer; ++k) {
      const auto add = [&]<int Length>() {
        constexpr Split rows{Length, tile_rows};
        add_rows<rows>(inputs, gradients, tiles, out_count, sums, beta_zero);
      };
      constexpr int last_block = sizes.group_in - (in_blocks - 1) * in_block;
      if (run == in_block)
        add.template operator()<in_block>();
      else if (run == last_block)
        add.template operator()<last_block>();
      else
        [&]<std::size_t... I>(std::index_sequence<I...>) {
          static_cast<void>(
              ((run == Source::partial_runs[I] && (add.template operator()<Source::partial_runs[I]>(), true)) || ...));
        }
      (std::make_index_sequence<Source::partial_runs.size()>());
      inputs += terms.outer_stride;
      sums += terms.outer_stride * out_block;
    }
  }
  template <Split Rows>
  static void add_rows(const float* inputs, const float* gradients, int tiles, int out_count, float* sums,
                       bool beta_zero) noexcept {
    const Pixels where{1, tiles, 0, in_block, 0, out_block, nullptr, 0};
    int row = 0;
    for (int i = 0; i < Rows.tiles; ++i) {
      if (i < Rows.large_count) {
        add_tile<Rows.large>(inputs + row, gradients, where, out_count, sums + Index{row} * out_block, beta_zero);
        row += Rows.large;
      } else if constexpr (Rows.large > 1) {
        add_tile<Rows.large - 1>(inputs + row, gradients, where, out_count, sums + Index{row} * out_block, beta_zero);
        row += Rows.large - 1;
      }
    }
  }
  template <int M>
  static void add_tile(const float* inputs, const float* gradients, const Pixels& where, int out_count, float* sums,
                       bool beta_zero) noexcept {
    int o = 0;
    for (; o + block_width <= out_count; o += block_width)
      sum_tile<Fp32, M, tile_vectors, false, true>(inputs, gradients + o, where, sums + o, out_block, beta_zero);
    for (; o < out_count; o += lanes)
      sum_tile<Fp32, M, 1, false, true>(inputs, gradients + o, where, sums + o, out_block, beta_zero);
  }
};

}  // namespace kernels
}  // namespace xstitch::inline XSTITCH_ISA
