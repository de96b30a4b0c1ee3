#include "apply.hpp"

#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/letterbox.hpp>
#include <xstitch/data/png_image.hpp>
#include <xstitch/data/sliding_windows.hpp>
#include <xstitch/report/detection_tables.hpp>
#include <xstitch/report/pictures.hpp>
#include <xstitch/report/report.hpp>
#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/detect_objects.hpp>
#ifdef XSTITCH_WITH_selective_search
#include <xstitch/data/selective_search.hpp>
#endif

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "subject.hpp"

namespace alexnet_voc {
namespace {

constexpr const char* prefix = "detection:";  // of the preset's name in metadata

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string ending_of(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

xs::DetectionOptions options_of(const Saved& saved, std::size_t threads) {
  xs::DetectionOptions options;
  if (!saved.detects) options.classes = options.boxes = "";
  if (saved.judges_attributes) options.attributes = "attributes";
  options.threads = threads;
  return options;
}

std::vector<xs::Box> propose(const xs::data::ByteImage& picture) {
#ifdef XSTITCH_WITH_selective_search
  return xs::data::SelectiveSearch{}(picture);
#else
  return xs::data::sliding_windows(picture.shape.height, picture.shape.width);
#endif
}

/// A frame two pixels wide, within the picture.
void draw_box(xs::data::ByteImage& image, const xs::Box& box, const xs::report::Colour& colour) {
  const int height = image.shape.height, width = image.shape.width;
  const int x0 = std::clamp(static_cast<int>(box.x0), 0, width - 1),
            x1 = std::clamp(static_cast<int>(box.x1), 0, width - 1);
  const int y0 = std::clamp(static_cast<int>(box.y0), 0, height - 1),
            y1 = std::clamp(static_cast<int>(box.y1), 0, height - 1);
  for (int y = y0; y <= y1; ++y)
    for (int x = x0; x <= x1; ++x)
      if (std::min({x - x0, x1 - x, y - y0, y1 - y}) < 2)
        std::copy(colour.begin(), colour.end(),
                  image.values.begin() + (static_cast<std::ptrdiff_t>(y) * width + x) * 3);
}

}  // namespace

bool is_detector(const std::string& file) {
  const xs::TextMap texts = xs::read_metadata(file);
  const auto found = texts.find("preset");
  return found != texts.end() && found->second.starts_with(prefix);
}

Saved open_saved(const std::string& file, std::size_t threads) {
  const xs::TextMap texts = xs::read_metadata(file);
  const auto text = [&](const std::string& key) {
    const auto found = texts.find(key);
    if (found == texts.end())
      xs::fail("file ", file, ": found no \"", key,
               "\" in its metadata, expected a network of detection or attributes");
    return found->second;
  };
  for (const Preset& preset : presets()) {
    if (prefix + preset.name != text("preset")) continue;
    Saved saved{.preset = preset,
                .network = text("network"),
                .classes = lines_of(text("classes")),
                .attributes = lines_of(text("attributes")),
                .caffe_pixels = text("pixels") == "caffe",
                .predictors = {}};
    if (saved.classes.size() != static_cast<std::size_t>(classes) ||
        saved.attributes.size() > static_cast<std::size_t>(attributes))
      xs::fail("file ", file, ": found names of ", saved.classes.size(), " classes and ", saved.attributes.size(),
               " attributes in its metadata, expected ", classes, " and at most ", attributes);
    const auto net = preset.make(saved.network, xs::seed(1));
    xs::load(*net, file);
    for (const xs::HeadSlot& head : net->heads()) {
      saved.detects = saved.detects || head.name() == "detection.class";
      saved.judges_attributes = saved.judges_attributes || head.name() == "attributes";
    }
    saved.predictors.emplace_back(preset.wide(saved.network), net->shared_parameters(), threads);
    return saved;
  }
  xs::fail("file ", file, ": found preset \"", text("preset"), "\", which this program does not have");
}

void evaluate_detector(const std::string& file, const std::string& data, const std::string& set, std::size_t rooms,
                       std::size_t threads) {
  Saved saved = open_saved(file, threads);
  xs::ThreadPool pool(threads);
  const PairData images =
      open_images({.source = data, .set = set, .rooms = rooms, .caffe_pixels = saved.caffe_pixels}, saved.preset, pool);
  if (images.size() == 0) xs::fail("--data ", data, ": found no image in set ", set);
  const xs::DetectionEvaluation found = xs::evaluate_detection(saved.predictors, images, options_of(saved, threads));
  std::cout << images.size() << " images of " << data << ", " << set << ", proposals: " << images.proposals_from()
            << "\n";
  if (saved.detects) std::cout << '\n' << xs::detection_table(found.detections);
  if (saved.judges_attributes) std::cout << '\n' << xs::attribute_table(found.attributes);
}

void detect_in_picture(const std::string& file, const std::string& picture, const std::string& output,
                       std::size_t threads) {
  Saved saved = open_saved(file, threads);
  if (!saved.detects)
    xs::fail("file ", file, ": network \"", saved.network, "\" judges the attributes of given boxes and finds none");
  const std::string ending = ending_of(output);
  if (ending != ".png" && ending != ".html") xs::fail("output ", output, ": expected a .png or an .html");
  const std::string of_picture = ending_of(picture);
  xs::data::ByteImage image = of_picture == ".jpg" || of_picture == ".jpeg" ? xs::data::read_jpeg(picture, {0, 0, 3})
                                                                            : xs::data::read_png(picture, {0, 0, 3});
  const xs::data::Letterbox canvas(image.shape.height, image.shape.width, saved.preset.height, saved.preset.width);
  xs::data::DetectionImage seen;
  canvas.fill(canvas.shrink(image), scaling_of(saved.caffe_pixels), seen.pixels);
  for (const xs::Box& box : propose(image)) seen.proposals.push_back(canvas.place(box));
  xs::DetectionOptions options = options_of(saved, threads);
  options.least_score = 0.3F;
  const std::vector<xs::DetectedObject> objects = xs::detect_objects(saved.predictors, seen, options);
  xs::report::Picture page;
  if (ending == ".html") page = xs::report::picture_of(image);
  for (auto one = objects.rbegin(); one != objects.rend(); ++one) {  // the best on top
    const xs::Box box = canvas.restore(one->detection.box);
    const xs::report::Colour colour = xs::report::class_colour(one->detection.class_index);
    draw_box(image, box, colour);
    xs::report::MarkedBox marked{.box = box,
                                 .label = saved.classes[static_cast<std::size_t>(one->detection.class_index)] + " " +
                                          xs::Table::number(static_cast<double>(one->detection.score), 2),
                                 .colour = colour};
    for (std::size_t a = 0; a < saved.attributes.size() && a < one->attributes.size(); ++a)
      if (one->attributes[a] >= 0.5F)
        marked.attributes.push_back(saved.attributes[a] + " " +
                                    xs::Table::number(static_cast<double>(one->attributes[a]), 2));
    page.boxes.push_back(std::move(marked));
  }
  xs::Table table({"object", "x0", "y0", "x1", "y1", "attributes"});
  table.align(5, xs::Align::left);
  for (auto one = page.boxes.rbegin(); one != page.boxes.rend(); ++one) {
    std::string names;
    for (const std::string& name : one->attributes) names += (names.empty() ? "" : ", ") + name;
    const auto number = [](float v) { return xs::Table::number(static_cast<double>(v), 0); };
    table.add_row(
        {one->label, number(one->box.x0), number(one->box.y0), number(one->box.x1), number(one->box.y1), names});
  }
  if (ending == ".html") {
    xs::report::Report html{.title = std::filesystem::path(picture).filename().string(),
                            .subtitle = saved.network + " of preset " + saved.preset.name,
                            .sections = {}};
    xs::report::PictureGrid grid{.title = "What the network sees", .columns = {"detections"}, .rows = {}};
    grid.rows.push_back({std::move(page)});
    html.sections.push_back(
        {"Detections", {std::move(grid), xs::report::TitledTable{"In the picture's pixels", table}}});
    xs::report::write(html, output);
  } else {
    xs::data::write_png(output, image);
  }
  std::cout << table << output << ": " << objects.size() << (objects.size() == 1 ? " object\n" : " objects\n");
}

}  // namespace alexnet_voc
