#include "subject.hpp"

#include <xstitch/run/parameter_file.hpp>
#include <xstitch/train/evaluate_detection.hpp>
#ifdef XSTITCH_WITH_selective_search
#include <xstitch/data/selective_search.hpp>
#endif

#include <algorithm>
#include <functional>
#include <utility>

#include "common/data_name.hpp"
#include "common/held_out.hpp"
#include "common/stage.hpp"
#include "judged.hpp"

namespace alexnet_voc {
namespace {

class Held : public protocol::TrainingSet {
 public:
  explicit Held(std::shared_ptr<const PairData> data) : data_(std::move(data)) {}
  [[nodiscard]] xs::DataSetRef ref() const override { return *data_; }

 private:
  std::shared_ptr<const PairData> data_;
};

xs::data::Voc open_folder(const ImageSource& from, const Preset& preset) {
  xs::data::VocOptions voc;
  voc.set = from.set;
  voc.height = preset.height;
  voc.width = preset.width;
  voc.regions.count = training_regions;
  voc.scaling = scaling_of(from.caffe_pixels);
#ifdef XSTITCH_WITH_selective_search
  voc.propose = xs::data::SelectiveSearch{};
#endif
  return xs::data::Voc(from.source, voc);
}

/// `seed`: of training rooms; those that are judged are the same for all.
PairData open(const DataSettings& settings, const Preset& preset, bool training, std::uint64_t seed,
              xs::ThreadPool& threads) {
  const bool rooms = settings.source == "rooms";
  if (settings.validation && !rooms) {
    xs::data::Voc set = open_folder(
        {.source = settings.source, .set = settings.train_set, .caffe_pixels = !settings.pretrained.empty()}, preset);
    protocol::HeldOut parts = protocol::hold_out(homes_of(settings.source, set));
    return {std::move(set), training ? std::move(parts.train) : std::move(parts.validation)};
  }
  return open_images({.source = settings.source,
                      .set = rooms      ? (training              ? "train"
                                           : settings.validation ? "validation"
                                                                 : "test")
                             : training ? settings.train_set
                                        : settings.test_set,
                      .rooms = training ? settings.train_rooms : settings.test_rooms,
                      .seed = training ? seed : 1,
                      .caffe_pixels = !settings.pretrained.empty()},
                     preset, threads);
}

}  // namespace

PairData open_images(const ImageSource& from, const Preset& preset, xs::ThreadPool& threads) {
  xs::data::RegionOptions regions;
  regions.count = training_regions;
  if (from.source == "rooms") {
    constexpr std::size_t most = std::size_t{3} << 29;
    if (from.set != "train" && from.set != "validation" && from.set != "test")
      xs::fail("rooms: found set \"", from.set, "\", expected train, validation or test");
    return {xs::data::RoomsDetection({.seed = from.seed,
                                      .split = from.set == "train"        ? xs::data::RoomsSplit::train
                                               : from.set == "validation" ? xs::data::RoomsSplit::validation
                                                                          : xs::data::RoomsSplit::test,
                                      .count = from.rooms,
                                      .height = preset.height,
                                      .width = preset.width,
                                      .regions = regions}),
            threads, most};
  }
  return PairData(open_folder(from, preset));
}

xs::PixelScaling scaling_of(bool caffe_pixels) {
  if (caffe_pixels) return xs::PixelScaling::caffe();
  return {{0.45F, 0.45F, 0.45F}, {0.185F, 0.185F, 0.185F}, false};
}

DetectionSubject::DetectionSubject(const Preset& preset, DataSettings settings, std::size_t threads)
    : preset_(preset),
      settings_(std::move(settings)),
      threads_(threads),
      test_(open(settings_, preset_, false, 1, threads_)) {}

std::shared_ptr<const PairData> DetectionSubject::train(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<const PairData>& known = train_[settings_.source == "rooms" ? seed : 0];
  if (auto held = known.lock()) return last_ = held;
  last_ = std::make_shared<const PairData>(open(settings_, preset_, true, seed, threads_));
  known = last_;
  return last_;
}

std::vector<std::size_t> DetectionSubject::training_positives(std::uint64_t seed) const {
  const auto set = train(seed);
  std::vector<std::size_t> positives(static_cast<std::size_t>(attributes), 0);
  for (std::size_t i = 0; i < set->size(); ++i)
    for (const xs::data::ImageObject& object : set->objects(i))
      for (std::size_t a = 0; a < object.attributes.size() && !object.difficult; ++a)
        positives[a] += object.attributes[a];
  return positives;
}

std::vector<std::string> homes_of(const std::string& folder, const xs::data::Voc& set) {
  const xs::data::VocFolders folders{std::filesystem::path(folder)};
  std::vector<std::string> homes;
  for (std::size_t i = 0; i < set.size(); ++i) {
    pugi::xml_document document;  // was read before
    document.load_file(folders.annotation(set.id(i)).c_str());
    const std::string text = document.child("annotation").child("source").child_value("image");
    homes.push_back(text.substr(0, text.find(',')));
  }
  if (std::adjacent_find(homes.begin(), homes.end(), std::not_equal_to<>()) == homes.end())
    for (std::size_t i = 0; i < homes.size(); ++i) homes[i] = set.id(i);
  return homes;
}

std::string DetectionSubject::describe_training() const {
  return protocol::data_name(settings_.source) + ", " +
         (settings_.source == "rooms" ? std::to_string(settings_.train_rooms) + " rooms a seed"
                                      : settings_.train_set + ", " + std::to_string(train(1)->size()) + " images") +
         (settings_.validation && settings_.source != "rooms" ? ", others held out" : "") +
         (settings_.pretrained.empty() ? "" : ", from " + protocol::data_name(settings_.pretrained));
}
std::string DetectionSubject::describe_test() const {
  return protocol::data_name(settings_.source) + ", " +
         (settings_.validation          ? "validation, "
          : settings_.source == "rooms" ? ""
                                        : settings_.test_set + ", ") +
         std::to_string(test_.size()) + " images";
}

std::shared_ptr<const protocol::TrainingSet> DetectionSubject::training_set(const protocol::Training& training) {
  return std::make_shared<Held>(train(training.data_seed));
}

void DetectionSubject::prepare(xs::AnyNet& net, const protocol::Training& training,
                               const std::vector<std::filesystem::path>& sources) {
  if (!settings_.pretrained.empty()) {
    const auto from = xs::initialise_from(net, std::filesystem::path(settings_.pretrained),
                                          {{"", "detection."}, {"", "attributes."}, {"", "shared."}});
    if (from.parameters == 0)
      xs::fail("--pretrained ", settings_.pretrained, ": found no parameter of CaffeNet's, expected conv1.weight ...");
    net.set_trained("*.conv1.*", false);  // as Fast R-CNN does
  }
  protocol::prepare(net, training, {}, sources);
}

xs::TrainOptions DetectionSubject::options(const protocol::Training& training, std::size_t batch,
                                           std::size_t threads) const {
  xs::TrainOptions options = protocol::options_of(training, batch, threads, false);
  options.augment.mirror = true;
  if (preset_.stepwise) options.schedule = xs::Schedule::multi_step({training.iterations * 3 / 4}, 0.1);
  return options;
}

xs::TextMap DetectionSubject::metadata(const protocol::Training& training) const {
  const std::vector<std::string> names = test_.class_names(), attribute_names = test_.attribute_names();
  std::string all_classes, all_attributes;
  for (const std::string& name : names) all_classes += name + "\n";
  for (std::size_t a = 0; a < test_.known_attributes(); ++a) all_attributes += attribute_names[a] + "\n";
  return {{"preset", "detection:" + preset_.name},
          {"network", training.network},
          {"pixels", settings_.pretrained.empty() ? "unit" : "caffe"},
          {"classes", all_classes},
          {"attributes", all_attributes}};
}

std::vector<xs::AnyPredictor> DetectionSubject::predictors(const std::vector<protocol::End>& ends,
                                                           std::size_t threads) const {
  std::vector<xs::AnyPredictor> all;
  for (const protocol::End& end : ends) {
    const auto net = preset_.make(end.training->network, xs::seed(end.training->seed));
    xs::load(*net, end.network);
    all.emplace_back(preset_.wide(end.training->network), net->shared_parameters(), threads);
  }
  return all;
}

xs::Json DetectionSubject::judge(const protocol::Row& row, const std::vector<protocol::End>& ends,
                                 std::size_t threads) {
  std::vector<xs::AnyPredictor> all = predictors(ends, threads);
  xs::DetectionOptions options;
  options.attributes = "attributes";
  options.threads = threads;
  xs::DetectionEvaluation found = xs::evaluate_detection(all, test_, options);
  xs::add_training_objects(found.attributes, *train(row.seed));
  return json_of(found, test_);
}

}  // namespace alexnet_voc
