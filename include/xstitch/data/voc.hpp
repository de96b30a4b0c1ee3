#pragma once
/// \file
/// Pascal VOC 2008 with the attributes of aPascal: objects, their classes and 64 attributes, for a detector of regions.
/// Any folder in its layout will do.
///
///     xs::data::Voc train("/data/VOCdevkit", {.set = "train", .height = 384, .width = 512});
///     xs::data::Voc test("/data/VOCdevkit", {.set = "val", .height = 384, .width = 512});
///
/// The folder holds Annotations/ID.xml, JPEGImages/ID.jpg and ImageSets/Main/SET.txt, or VOC2008 or VOCdevkit/VOC2008
/// with them; beside it attribute_data (names and lists) and selective_search_data/voc_2008_SET.mat, if there are any.
///
/// A picture of any size is scaled to fit height x width and put in the middle (letterbox.hpp); boxes go the same way,
/// and `restore` leads back. Inputs "input" [height, width, 3] and "regions" [count, 1, 5]; labels a region
/// (regions.hpp): "detection.class", "detection.box" and, with attribute lists, "attributes". Regions of a training are
/// drawn again in each epoch (DrawsSamples); a mirror turns them with their labels. evaluate_detection() judges whole
/// images.
///
/// All annotations are read by the constructor, pictures when they are loaded. Needs pugixml, libturbojpeg and zlib
/// (component voc). Errors name the file, the line, what was found and what was expected.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/letterbox.hpp>
#include <xstitch/data/regions.hpp>
#include <xstitch/data/voc_annotation.hpp>
#include <xstitch/data/voc_images.hpp>
#include <xstitch/data/voc_options.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class Voc {
 public:
  using Options = VocOptions;

  /// Opens VOCdevkit/VOC2007 or another year; an Error names what is missing.
  explicit Voc(const std::string& folder, Options options = {}) : images_(folder, std::move(options)) {}

  [[nodiscard]] std::size_t size() const noexcept { return images_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const {
    return {{"input", {options().height, options().width, 3}, true},
            {options().region_name, {static_cast<int>(options().regions.count), 1, 5}, false}};
  }
  [[nodiscard]] std::vector<LabelField> labels() const {
    const std::size_t count = options().regions.count;
    std::vector<LabelField> fields{
        {options().class_name, region_class_label(static_cast<int>(class_names().size()), count)},
        {options().box_name, region_box_label(count)}};
    if (has_attributes())
      fields.push_back(
          {options().attribute_name, region_attribute_label(static_cast<int>(attribute_names().size()), count)});
    return fields;
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return index < size() ? "file " + images_.path(index) : "set " + options().set + ", no image";
  }

  /// The picture, and regions as draw() gives them for a key of the index alone.
  void load(std::size_t index, Sample& sample) const {
    sample.inputs.resize(2);
    letterbox(index).fill(*images_.picture(index), options().scaling, sample.inputs[0]);
    draw(index, sample, RandomKey(Seed{}).with("voc").with(index));
  }
  /// Fills regions and labels.
  void draw(std::size_t index, Sample& sample, RandomKey key) const {
    Regions regions;
    fill_regions(placed_proposals(index), placed_objects(index), attribute_names().size(), options().regions, key,
                 regions);
    sample.inputs.resize(2);
    sample.inputs[1] = std::move(regions.boxes);
    sample.labels.resize(has_attributes() ? 3 : 2);
    sample.labels[0] = std::move(regions.classes);
    sample.labels[1] = std::move(regions.offsets);
    if (has_attributes()) sample.labels[2] = std::move(regions.attributes);
  }
  /// The objects of an image, in the network's pixels.
  [[nodiscard]] std::vector<ImageObject> objects(std::size_t index) const { return placed_objects(index); }
  /// What evaluate_detection() looks at, in the network's pixels: all objects and all proposals of an image.
  [[nodiscard]] DetectionImage image(std::size_t index) const {
    DetectionImage image;
    letterbox(index).fill(*images_.picture(index), options().scaling, image.pixels);
    image.objects = placed_objects(index);
    image.proposals = placed_proposals(index);
    return image;
  }

  /// As given, with the classes filled in.
  [[nodiscard]] const Options& options() const noexcept { return images_.options(); }
  /// Without the background.
  [[nodiscard]] const std::vector<std::string>& class_names() const noexcept { return options().class_names; }
  /// Whether objects have attributes.
  [[nodiscard]] bool has_attributes() const noexcept { return !attribute_names().empty(); }
  /// Names of attributes, empty without them.
  [[nodiscard]] const std::vector<std::string>& attribute_names() const noexcept {
    return images_.attributes().names();
  }
  /// Rows of the attribute lists that belong to the set's images but to none of their objects: "LIST, line N".
  [[nodiscard]] const std::vector<std::string>& attribute_rows_left_over() const noexcept {
    return images_.attributes().left_over();
  }
  /// What proposals come from: a file, a computation or windows.
  [[nodiscard]] VocProposals proposals_from() const noexcept { return images_.proposals_from(); }

  /// The picture's name in the lists, "000005".
  [[nodiscard]] const std::string& id(std::size_t index) const { return images_.id(index); }
  /// Size and objects, in the picture's own pixels.
  [[nodiscard]] const VocAnnotation& annotation(std::size_t index) const { return images_.annotation(index); }
  /// Proposals, in the picture's own pixels.
  [[nodiscard]] std::vector<Box> proposals(std::size_t index) const { return *images_.proposals(index); }
  /// How the picture was scaled into the input.
  [[nodiscard]] Letterbox letterbox(std::size_t index) const { return images_.letterbox(index); }
  /// A box of the network's pixels in the picture's own.
  [[nodiscard]] Box restore(std::size_t index, const Box& box) const { return letterbox(index).restore(box); }

 private:
  [[nodiscard]] std::vector<ImageObject> placed_objects(std::size_t index) const {
    const std::vector<VocObject>& own = annotation(index).objects;
    std::vector<ImageObject> objects(own.begin(), own.end());
    for (ImageObject& object : objects) object.box = letterbox(index).place(object.box);
    return objects;
  }
  [[nodiscard]] std::vector<Box> placed_proposals(std::size_t index) const {
    const Letterbox box = letterbox(index);
    std::vector<Box> boxes = proposals(index);
    for (Box& each : boxes) each = box.place(each);
    return boxes;
  }

  VocImages images_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
