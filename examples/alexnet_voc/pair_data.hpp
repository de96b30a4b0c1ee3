#pragma once
// The data of the pair, whatever it is: rooms or a folder in the layout of Pascal VOC, with labels of 20 classes and 64
// attributes. Rooms have 9 and 16: they are the first ones, and the others never occur (as most of them never do in
// other sets). Attributes that a set does not have are masked, so that a loss is the mean over those that it has.
#include <xstitch/data/voc.hpp>
#include <xstitch/rooms/detection.hpp>

#include <memory>
#include <variant>

#include "menu.hpp"

namespace alexnet_voc {

class PairData {
 public:
  using Rooms = xs::data::RoomsDetection;
  using Voc = xs::data::Voc;

  /// Rooms are drawn once, on all threads, and kept, if they fit into `most_bytes`.
  PairData(Rooms rooms, xs::ThreadPool& threads, std::size_t most_bytes) : source_(std::move(rooms)) {
    const Rooms& all = std::get<Rooms>(source_);
    const std::size_t bytes = all.size() * all.inputs()[0].shape.size() * sizeof(float);
    if (bytes > most_bytes) return;
    kept_.resize(all.size());
    threads.parallel_for(all.size(), [&](std::size_t i) { kept_[i] = all.image(i); });
  }
  /// The set keeps its pictures by itself.
  explicit PairData(Voc voc) : source_(std::move(voc)) { check(); }
  /// Some of its images.
  PairData(Voc voc, std::vector<std::size_t> chosen) : source_(std::move(voc)), chosen_(std::move(chosen)) { check(); }

  [[nodiscard]] std::size_t size() const {
    if (!chosen_.empty()) return chosen_.size();
    return std::visit([](const auto& s) { return s.size(); }, source_);
  }
  [[nodiscard]] std::vector<xs::InputField> inputs() const {
    return std::visit([](const auto& s) { return s.inputs(); }, source_);
  }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    return {{"detection.class", xs::data::region_class_label(classes, training_regions)},
            {"detection.box", xs::data::region_box_label(training_regions)},
            {"attributes", xs::data::region_attribute_label(attributes, training_regions)}};
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return std::visit([&](const auto& s) { return s.describe(at(index)); }, source_);
  }
  void load(std::size_t index, xs::Sample& sample) const {
    if (index >= kept_.size()) {
      std::visit([&](const auto& s) { s.load(at(index), sample); }, source_);
      widen(sample);
      return;
    }
    sample.inputs.resize(2);
    sample.inputs[0] = kept_[index].pixels;
    draw(index, sample, xs::RandomKey(xs::Seed{}).with("pair").with(index));
  }
  /// Regions and their labels, again in each epoch.
  void draw(std::size_t index, xs::Sample& sample, xs::RandomKey key) const {
    std::visit([&](const auto& s) { s.draw(at(index), sample, key); }, source_);
    widen(sample);
  }
  [[nodiscard]] xs::data::DetectionImage image(std::size_t index) const {
    xs::data::DetectionImage image =
        index < kept_.size() ? kept_[index] : std::visit([&](const auto& s) { return s.image(at(index)); }, source_);
    for (xs::data::ImageObject& object : image.objects) widen(object);
    return image;
  }
  [[nodiscard]] std::vector<xs::data::ImageObject> objects(std::size_t index) const {
    std::vector<xs::data::ImageObject> all = std::visit([&](const auto& s) { return s.objects(at(index)); }, source_);
    for (xs::data::ImageObject& object : all) widen(object);
    return all;
  }
  [[nodiscard]] std::vector<std::string> class_names() const {
    return widened(std::visit([](const auto& s) { return s.class_names(); }, source_), classes);
  }
  [[nodiscard]] std::vector<std::string> attribute_names() const {
    return widened(std::visit([](const auto& s) { return s.attribute_names(); }, source_), attributes);
  }
  /// How many of them the set itself has: the first ones.
  [[nodiscard]] std::size_t known_attributes() const {
    return std::visit([](const auto& s) { return s.attribute_names().size(); }, source_);
  }
  /// Where proposals come from, in words.
  [[nodiscard]] std::string proposals_from() const {
    const Voc* voc = std::get_if<Voc>(&source_);
    if (voc == nullptr) return "boxes about the things of the rooms, and windows";
    switch (voc->proposals_from()) {
      case xs::data::VocProposals::file:
        return "the MAT-file of selective search";
      case xs::data::VocProposals::computed:
        return "selective search";
      default:
        return "sliding windows";
    }
  }

 private:
  [[nodiscard]] std::size_t at(std::size_t index) const { return chosen_.empty() ? index : chosen_.at(index); }
  void check() const {
    const auto& voc = std::get<Voc>(source_);
    if (voc.class_names().size() != classes || !voc.has_attributes() ||
        voc.attribute_names().size() > static_cast<std::size_t>(attributes))
      xs::fail("data: found ", voc.class_names().size(), " classes and ", voc.attribute_names().size(),
               " attributes, expected ", classes, " classes and 1 to ", attributes,
               " attributes (attribute_data/attribute_names.txt and lists)");
  }
  static std::vector<std::string> widened(std::vector<std::string> names, int count) {
    for (int i = static_cast<int>(names.size()); i < count; ++i) names.push_back("(none, " + std::to_string(i) + ")");
    return names;
  }
  static void widen(xs::data::ImageObject& object) {
    if (!object.attributes.empty()) object.attributes.resize(attributes, 0);
  }
  void widen(xs::Sample& sample) const {
    constexpr auto wide = static_cast<std::size_t>(attributes);
    const std::size_t own = known_attributes();
    xs::LabelValue& label = sample.labels.at(2);
    if (own == wide) return;
    std::vector<float> values(training_regions * wide, 0.0F);
    std::vector<std::uint8_t> mask(training_regions * wide, 0);
    for (std::size_t r = 0; r < training_regions; ++r)
      for (std::size_t a = 0; a < own; ++a) {
        values[r * wide + a] = label.values[r * own + a];
        mask[r * wide + a] = label.mask[r * own + a];
      }
    label.values = std::move(values);
    label.mask = std::move(mask);
  }

  std::variant<Rooms, Voc> source_;
  std::vector<std::size_t> chosen_;             ///< of a folder's images; empty: all
  std::vector<xs::data::DetectionImage> kept_;  ///< [image], or empty
};
static_assert(xs::DataSet<PairData> && xs::DrawsSamples<PairData> && xs::data::DetectionSet<PairData>);

}  // namespace alexnet_voc
