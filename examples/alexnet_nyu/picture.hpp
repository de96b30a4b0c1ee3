#pragma once
// A picture of predictions: a row a test image; image, true and predicted classes, true and predicted normals.
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/report/colours.hpp>
#include <xstitch/run/training.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "baselines.hpp"

namespace alexnet_nyu {

using xs::report::class_colour;
using xs::report::normal_colour;

/// Writes the picture for `count` evenly spread samples; the network's heads must be "segmentation" and "normals".
inline void write_picture(const std::string& path, xs::AnyNet& net, const xs::DataSetRef& test, int height, int width,
                          int classes, std::size_t count, xs::ThreadPool& threads) {
  const std::size_t h = static_cast<std::size_t>(height), w = static_cast<std::size_t>(width);
  count = std::min(count, test.size());
  constexpr std::size_t columns = 5, gap = 4;
  const std::size_t total_width = columns * w + (columns - 1) * gap, total_height = count * h + (count - 1) * gap;
  xs::data::ByteImage image{{static_cast<int>(total_height), static_cast<int>(total_width), 3}, {}};
  image.values.assign(total_width * total_height * 3, 255);
  const LabelIndex at(test);
  xs::Sample sample;
  for (std::size_t k = 0; k < count; ++k) {
    test.load((2 * k + 1) * test.size() / (2 * count), sample);
    xs::Batch batch;
    batch.size = 1;
    for (std::size_t s = 0; s < net.inputs().size(); ++s) {
      batch.inputs.emplace_back();
      batch.shared_input.push_back(0);
    }
    batch.inputs[0].assign(sample.inputs[0].begin(), sample.inputs[0].end());
    net.evaluate(batch, threads);
    const auto [low, high] = std::minmax_element(sample.inputs[0].begin(), sample.inputs[0].end());
    const float base = *low, scale = 255.0F / std::max(1e-6F, *high - *low);
    const auto paint = [&](std::size_t column, auto colour) {
      for (std::size_t y = 0; y < h; ++y)
        for (std::size_t x = 0; x < w; ++x) {
          const std::array<std::uint8_t, 3> rgb = colour(y * w + x);
          std::copy(rgb.begin(), rgb.end(),
                    image.values.begin() +
                        static_cast<std::ptrdiff_t>(((k * (h + gap) + y) * total_width + column * (w + gap) + x) * 3));
        }
    };
    paint(0, [&](std::size_t p) {
      std::array<std::uint8_t, 3> rgb{};
      for (std::size_t c = 0; c < 3; ++c)
        rgb[c] = static_cast<std::uint8_t>((sample.inputs[0][3 * p + c] - base) * scale);
      return rgb;
    });
    paint(1, [&](std::size_t p) { return class_colour(sample.labels[at.segmentation].indices[p]); });
    paint(3, [&](std::size_t p) { return normal_colour(&sample.labels[at.normals].values[3 * p]); });
    for (std::size_t head = 0; head < net.heads().size(); ++head) {
      if (net.heads()[head].member != 0) continue;
      const float* prediction = net.prediction(head).data();
      if (net.heads()[head].tower == "segmentation")
        paint(2, [&](std::size_t p) {
          const float* row = prediction + p * static_cast<std::size_t>(classes);
          return class_colour(static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
        });
      else
        paint(4, [&](std::size_t p) { return normal_colour(prediction + 3 * p); });
    }
  }
  xs::data::write_png(path, image);
}

}  // namespace alexnet_nyu
