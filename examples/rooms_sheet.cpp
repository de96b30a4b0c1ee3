// needs: images
/// \file
/// Draws a sheet of samples of the rooms data set: for each room its picture, its classes in colours, its normals as
/// colours (x, y, z as red, green, blue) and its depth (near is bright).
///
///     rooms_sheet sheet.png [rooms = 12] [first = 0] [rooms per row = 2] [seed = 1] [height = 96] [width = 128]

#include <xstitch/data/png_image.hpp>
#include <xstitch/rooms/rooms.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace xs = xstitch;

namespace {

constexpr std::array<std::array<std::uint8_t, 3>, xs::data::room_classes> class_colours{{{230, 60, 60},
                                                                                         {250, 160, 30},
                                                                                         {200, 220, 240},
                                                                                         {60, 60, 220},
                                                                                         {150, 110, 70},
                                                                                         {130, 60, 150},
                                                                                         {250, 230, 60},
                                                                                         {240, 130, 200},
                                                                                         {30, 160, 90},
                                                                                         {90, 200, 230},
                                                                                         {20, 20, 20},
                                                                                         {170, 170, 150},
                                                                                         {120, 230, 130}}};

struct Sheet {
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;

  void set(int x, int y, float red, float green, float blue) {
    const auto at = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x));
    const std::array<float, 3> values{red, green, blue};
    for (std::size_t c = 0; c < 3; ++c)
      pixels[at + c] = static_cast<std::uint8_t>(values[c] < 0.0F   ? 0.0F
                                                 : values[c] > 1.0F ? 255.0F
                                                                    : 255.0F * values[c] + 0.5F);
  }
};

int run(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(
        stderr,
        "rooms_sheet sheet.png [rooms = 12] [first = 0] [rooms per row = 2] [seed = 1] [height = 96] [width = 128]\n");
    return 2;
  }
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  const int count = number(2, 12), first = number(3, 0), per_row = number(4, 2);
  const xs::data::Rooms rooms({.seed = static_cast<std::uint64_t>(number(5, 1)),
                               .count = static_cast<std::size_t>(count),
                               .first = static_cast<std::size_t>(first),
                               .height = number(6, 96),
                               .width = number(7, 128)});
  constexpr int gap = 4, views = 4;
  const int h = rooms.options().height, w = rooms.options().width, rows = (count + per_row - 1) / per_row;
  Sheet sheet{per_row * (views * (w + gap) + 2 * gap), rows * (h + gap), {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.width) * static_cast<std::size_t>(sheet.height) * 3, 255);
  const std::clock_t start = std::clock();
  std::array<double, xs::data::room_classes> share{};
  for (int i = 0; i < count; ++i) {
    const xs::data::rooms::Picture picture = rooms.draw(static_cast<std::size_t>(i));
    const int left = (i % per_row) * (views * (w + gap) + 2 * gap), top = (i / per_row) * (h + gap);
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        const auto p = static_cast<std::size_t>(y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x);
        const auto& rgb = picture.rgb[p];
        sheet.set(left + x, top + y, rgb.x, rgb.y, rgb.z);
        const auto& colour = class_colours[picture.labels[p]];
        sheet.set(left + (w + gap) + x, top + y, static_cast<float>(colour[0]) / 255.0F,
                  static_cast<float>(colour[1]) / 255.0F, static_cast<float>(colour[2]) / 255.0F);
        const auto& n = picture.normals[p];
        sheet.set(left + 2 * (w + gap) + x, top + y, 0.5F + 0.5F * n.x, 0.5F + 0.5F * n.y, 0.5F + 0.5F * n.z);
        const float near = 1.0F / (0.4F + 0.35F * picture.depth[p]);
        sheet.set(left + 3 * (w + gap) + x, top + y, near, near, near);
        share[picture.labels[p]] += 1.0 / (static_cast<double>(h) * w * count);
      }
  }
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::printf("%.1f rooms a second on one core\n", count / seconds);
  for (std::size_t c = 0; c < share.size(); ++c)
    std::printf("%-10s %5.2f %%\n", std::string(xs::data::room_class_names[c]).c_str(), 100.0 * share[c]);
  xs::data::write_png(argv[1], {{sheet.height, sheet.width, 3}, std::move(sheet.pixels)});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
