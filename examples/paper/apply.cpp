#include "apply.hpp"

#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/nyuv2.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/resize.hpp>
#include <xstitch/rooms/rooms.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/evaluate.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "alexnet_nyu/picture.hpp"
#include "alexnet_voc/apply.hpp"

namespace paper {
namespace {

struct Saved {
  Preset preset;
  NetworkPointer net;
  xs::PixelScaling scaling;
};

/// The network that a file's metadata names, with its parameters.
Saved open(const std::string& path, const std::vector<Preset>& presets) {
  const xs::TextMap texts = xs::read_metadata(path);
  const auto text = [&](const std::string& key) {
    const auto found = texts.find(key);
    if (found == texts.end())
      xs::fail("file ", path, ": found no \"", key, "\" in its metadata, expected a network that `paper` saved");
    return found->second;
  };
  for (const Preset& preset : presets) {
    if (preset.name != text("preset")) continue;
    const float mean = std::strtof(text("input_mean").c_str(), nullptr);
    const float deviation = std::strtof(text("input_standard_deviation").c_str(), nullptr);
    Saved saved{preset,
                preset.make(text("network"), xs::seed(1)),
                {{mean, mean, mean}, {deviation, deviation, deviation}, false}};
    xs::load(*saved.net, path);
    return saved;
  }
  xs::fail("file ", path, ": found preset \"", text("preset"), "\", which this program does not have");
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

void evaluate_network(const EvaluateSettings& settings, const std::vector<Preset>& presets) {
  if (alexnet_voc::is_detector(settings.network)) {
    if (settings.data != "rooms" && !settings.data.starts_with("voc:"))
      xs::fail("--data ", settings.data, ": expected rooms or voc:DIR for a network of detection or attributes");
    return alexnet_voc::evaluate_detector(settings.network,
                                          settings.data == "rooms" ? settings.data : settings.data.substr(4),
                                          settings.split, settings.rooms, settings.threads);
  }
  const Saved saved = open(settings.network, presets);
  std::optional<xs::data::Rooms> rooms;
  std::optional<xs::data::Nyuv2> nyu;
  if (settings.data == "rooms") {
    xs::data::RoomsOptions options{
        .count = settings.rooms, .height = saved.preset.height, .width = saved.preset.width, .depth = "depth"};
    if (settings.split == "test" || settings.split == "validation" || settings.split == "train")
      options.split = settings.split == "test"         ? xs::data::RoomsSplit::test
                      : settings.split == "validation" ? xs::data::RoomsSplit::validation
                                                       : xs::data::RoomsSplit::train;
    else
      xs::fail("--split ", settings.split, ": expected train, validation or test of rooms");
    rooms.emplace(options);
  } else if (settings.data.starts_with("nyuv2:")) {
    xs::data::Nyuv2Options options;
    options.classes = saved.preset.classes;
    options.height = saved.preset.height;
    options.width = saved.preset.width;
    options.scaling = saved.scaling;
    options.depth = true;
    if (settings.split == "test" || settings.split == "all" || settings.split == "train")
      options.split = settings.split == "test"  ? xs::data::Nyuv2Split::test
                      : settings.split == "all" ? xs::data::Nyuv2Split::all
                                                : xs::data::Nyuv2Split::train;
    else
      xs::fail("--split ", settings.split, ": expected train, test or all of a folder");
    nyu.emplace(settings.data.substr(6), options);
  } else {
    xs::fail("--data ", settings.data, ": expected rooms or nyuv2:DIR");
  }
  const xs::DataSetRef data = rooms ? xs::DataSetRef(*rooms) : xs::DataSetRef(*nyu);
  if (data.size() == 0) xs::fail("--data ", settings.data, ": found no sample in split ", settings.split);
  xs::EvaluateOptions options;
  options.threads = settings.threads;
  std::cout << data.size() << " samples of " << settings.data << ", " << settings.split << ":\n"
            << xs::evaluate(*saved.net, data, options);
}

void predict_picture(const PredictSettings& settings, const std::vector<Preset>& presets) {
  if (alexnet_voc::is_detector(settings.network))
    return alexnet_voc::detect_in_picture(settings.network, settings.picture, settings.output, settings.threads);
  const Saved saved = open(settings.network, presets);
  const std::string ending = lower_case(std::filesystem::path(settings.picture).extension().string());
  const xs::data::ByteImage picture = ending == ".jpg" || ending == ".jpeg"
                                          ? xs::data::read_jpeg(settings.picture, {0, 0, 3})
                                          : xs::data::read_png(settings.picture, {0, 0, 3});
  const int height = saved.preset.height, width = saved.preset.width;
  const xs::data::ByteImage small = xs::data::resize_smooth(picture, height, width);
  xs::AnyNet& net = *saved.net;
  xs::Batch batch;
  batch.size = 1;
  for (std::size_t s = 0; s < net.inputs().size(); ++s) {
    batch.inputs.emplace_back();
    batch.shared_input.push_back(0);
  }
  batch.inputs[0].resize(small.values.size());
  saved.scaling.apply(small.values.data(), small.values.size() / 3, batch.inputs[0].data());
  xs::ThreadPool threads(settings.threads);
  net.evaluate(batch, threads);

  // The picture as it is, then a panel a task, in the picture's size.
  const std::size_t h = static_cast<std::size_t>(picture.shape.height),
                    w = static_cast<std::size_t>(picture.shape.width);
  const std::size_t panels = 1 + net.heads().size(), classes = static_cast<std::size_t>(saved.preset.classes);
  xs::data::ByteImage out{{picture.shape.height, static_cast<int>(panels * w), 3}, {}};
  out.values.assign(panels * w * h * 3, 0);
  const auto at_small = [&](std::size_t y, std::size_t x) {
    return static_cast<std::size_t>(xs::data::nearest_index(static_cast<int>(y), height, picture.shape.height)) *
               static_cast<std::size_t>(width) +
           static_cast<std::size_t>(xs::data::nearest_index(static_cast<int>(x), width, picture.shape.width));
  };
  const auto paint = [&](std::size_t panel, const auto& colour) {
    for (std::size_t y = 0; y < h; ++y)
      for (std::size_t x = 0; x < w; ++x) {
        const std::array<std::uint8_t, 3> rgb = colour(y, x);
        std::copy(rgb.begin(), rgb.end(),
                  out.values.begin() + static_cast<std::ptrdiff_t>((y * panels * w + panel * w + x) * 3));
      }
  };
  const auto pixel = [&](std::size_t y, std::size_t x, std::size_t c) { return picture.values[(y * w + x) * 3 + c]; };
  paint(0, [&](std::size_t y, std::size_t x) {
    return std::array<std::uint8_t, 3>{pixel(y, x, 0), pixel(y, x, 1), pixel(y, x, 2)};
  });
  std::string said = "the picture";
  for (std::size_t head = 0; head < net.heads().size(); ++head) {
    const std::string task = net.heads()[head].name();
    const float* prediction = net.prediction(head).data();
    said += ", " + task;
    if (task == "segmentation") {
      std::vector<std::size_t> count(classes, 0);
      paint(1 + head, [&](std::size_t y, std::size_t x) {  // half the picture, half the class's colour
        const float* row = prediction + at_small(y, x) * classes;
        const auto label = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
        ++count[label];
        std::array<std::uint8_t, 3> rgb = alexnet_nyu::class_colour(static_cast<std::int32_t>(label));
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>((rgb[c] + pixel(y, x, c)) / 2);
        return rgb;
      });
      const auto names = xs::data::nyu_class_names(saved.preset.classes);
      for (std::size_t c = 0; c < classes; ++c)
        if (100 * count[c] >= h * w) std::cout << names[c] << ' ' << 100 * count[c] / (h * w) << " %\n";
    } else if (task == "normals") {
      paint(1 + head,
            [&](std::size_t y, std::size_t x) { return alexnet_nyu::normal_colour(prediction + 3 * at_small(y, x)); });
    } else if (task == "depth") {  // dark: near
      const auto pixels = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
      const float most = std::max(1e-6F, *std::max_element(prediction, prediction + pixels));
      paint(1 + head, [&](std::size_t y, std::size_t x) {
        const auto grey = static_cast<std::uint8_t>(255.0F * std::clamp(prediction[at_small(y, x)] / most, 0.0F, 1.0F));
        return std::array<std::uint8_t, 3>{grey, grey, grey};
      });
    } else {
      xs::fail("network ", settings.network, ": task \"", task, "\" is no picture");
    }
  }
  xs::data::write_png(settings.output, out);
  std::cout << settings.output << ": from left to right " << said << '\n';
}

}  // namespace paper
