#include "data.hpp"

#include <xstitch/data/nyuv2.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/losses/codebook.hpp>
#include <xstitch/rooms/rooms.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "alexnet_nyu/baselines.hpp"
#include "common/data_name.hpp"
#include "common/held_out.hpp"

namespace paper {
namespace {

constexpr std::size_t most_bytes = std::size_t{3} << 29;  // kept in memory; more is made again in every epoch
constexpr std::uint64_t presence_seed = 50'000;           // added: no other training draws these rooms

/// A data set, kept in memory where it fits.
template <class Set>
class Kept : public TrainingSet {
 public:
  Kept(Set set, xs::ThreadPool& threads) : set_(std::move(set)) {
    if (xs::data::InMemory::bytes(set_) <= most_bytes) memory_.emplace(set_, threads);
  }
  [[nodiscard]] xs::DataSetRef ref() const override { return memory_ ? xs::DataSetRef(*memory_) : set_; }
  [[nodiscard]] const Set& set() const { return set_; }

 private:
  Set set_;
  std::optional<xs::data::InMemory> memory_;
};

/// Label "presence" [classes] in place of the segmentation: 1 for a class that has a hundredth of the pixels or more.
class Presence {
 public:
  Presence(xs::data::RoomsOptions options) : rooms_(std::move(options)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] std::size_t size() const noexcept { return rooms_.size(); }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return rooms_.inputs(); }
  [[nodiscard]] std::vector<xs::LabelField> labels() const {
    const xs::Dims shape{1, 1, xs::data::Rooms::classes};
    return {{"presence", {xs::LabelKind::binary, shape, shape, 0}}};
  }
  void load(std::size_t index, xs::Sample& sample) const {
    rooms_.load(index, sample);
    const std::vector<std::int32_t>& classes = sample.labels[0].indices;
    std::vector<std::size_t> count(static_cast<std::size_t>(xs::data::Rooms::classes), 0);
    for (const std::int32_t c : classes) ++count[static_cast<std::size_t>(c)];
    xs::LabelValue value;
    for (const std::size_t pixels : count) value.values.push_back(100 * pixels >= classes.size() ? 1.0F : 0.0F);
    sample.labels.assign(1, std::move(value));
  }

 private:
  xs::data::Rooms rooms_;
};

/// One task has labels in some scenes only. An epoch is as long as before; every second sample has the label.
class FewLabels : public TrainingSet {
 public:
  FewLabels(std::shared_ptr<const TrainingSet> whole, const std::string& task, std::size_t part,
            const std::vector<std::size_t>& scenes, std::uint64_t seed)
      : whole_(std::move(whole)), set_{whole_->ref(), 0, {}, {}} {
    const std::vector<xs::LabelField> labels = set_.data.labels();
    for (; set_.label < labels.size(); ++set_.label)
      if (labels[set_.label].name == task) break;
    if (set_.label == labels.size()) xs::fail("labels: the data have no labels of \"", task, "\"");
    // Scenes in an order of the seed's; the first of them are a part of the first of any larger part.
    const std::size_t count = scenes.empty() ? 0 : *std::max_element(scenes.begin(), scenes.end()) + 1;
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    const xs::RandomKey key = xs::RandomKey(xs::seed(seed)).with("labels");
    for (std::size_t i = count; i-- > 1;) std::swap(order[i], order[static_cast<std::size_t>(key.below(i, i + 1))]);
    std::vector<bool> chosen(count, false);
    for (std::size_t i = 0; i < (count + part - 1) / part; ++i) chosen[order[i]] = true;
    for (std::size_t i = 0; i < scenes.size(); ++i) (chosen[scenes[i]] ? set_.labelled : set_.others).push_back(i);
  }
  [[nodiscard]] xs::DataSetRef ref() const override { return set_; }

 private:
  struct Set {
    xs::DataSetRef data;
    std::size_t label;
    std::vector<std::size_t> labelled, others;  ///< samples, ascending

    [[nodiscard]] std::size_t size() const noexcept { return data.size(); }
    [[nodiscard]] std::vector<xs::InputField> inputs() const { return data.inputs(); }
    [[nodiscard]] std::vector<xs::LabelField> labels() const { return data.labels(); }
    void load(std::size_t index, xs::Sample& sample) const {
      data.load(index, sample);
      if (!std::binary_search(labelled.begin(), labelled.end(), index)) sample.labels[label] = {{}, {}, {}, false};
    }
    [[nodiscard]] std::string describe(std::size_t index) const { return data.describe(index); }
    /// Labelled and other samples take turns; whichever are fewer come again.
    void order(std::span<std::size_t> indices, xs::RandomKey key) const {
      std::vector<std::size_t> with = labelled, without = others.empty() ? labelled : others;
      shuffle(with, key.with("labelled"));
      shuffle(without, key.with("others"));
      for (std::size_t i = 0; i < indices.size(); ++i) {
        const std::vector<std::size_t>& from = i % 2 == 0 ? with : without;
        indices[i] = from[i / 2 % from.size()];
      }
    }
    static void shuffle(std::vector<std::size_t>& list, xs::RandomKey key) {
      for (std::size_t i = list.size(); i-- > 1;)
        std::swap(list[i], list[static_cast<std::size_t>(key.below(i, i + 1))]);
    }
  };
  std::shared_ptr<const TrainingSet> whole_;
  Set set_;
};

/// Some samples of a set.
class Part : public TrainingSet {
 public:
  Part(std::shared_ptr<const TrainingSet> whole, std::vector<std::size_t> chosen)
      : whole_(std::move(whole)), set_{whole_->ref(), std::move(chosen)} {}
  [[nodiscard]] xs::DataSetRef ref() const override { return set_; }

 private:
  struct Set {
    xs::DataSetRef data;
    std::vector<std::size_t> chosen;
    [[nodiscard]] std::size_t size() const noexcept { return chosen.size(); }
    [[nodiscard]] std::vector<xs::InputField> inputs() const { return data.inputs(); }
    [[nodiscard]] std::vector<xs::LabelField> labels() const { return data.labels(); }
    void load(std::size_t index, xs::Sample& sample) const { data.load(chosen.at(index), sample); }
    [[nodiscard]] std::string describe(std::size_t index) const { return data.describe(chosen.at(index)); }
  };
  std::shared_ptr<const TrainingSet> whole_;
  Set set_;
};

std::string folder_of(const std::string& source) {
  if (!source.starts_with("nyuv2:")) xs::fail("--data ", source, ": expected rooms or nyuv2:DIR");
  return source.substr(6);
}

/// Scenes of the samples, numbered in the order of their names.
std::vector<std::size_t> scenes_of(const std::string& folder, const xs::data::Nyuv2& set) {
  const xs::data::Nyuv2File file((std::filesystem::path(folder) / "nyu_depth_v2_labeled.mat").string());
  const std::vector<std::string> names = file.texts("scenes");
  std::map<std::string, std::size_t> numbers;
  for (std::size_t i = 0; i < set.size(); ++i) numbers.emplace(names.at(set.view(i)), 0);
  std::size_t next = 0;
  for (auto& [name, number] : numbers) number = next++;
  std::vector<std::size_t> scenes;
  for (std::size_t i = 0; i < set.size(); ++i) scenes.push_back(numbers.at(names[set.view(i)]));
  return scenes;
}

/// Of each sample the home that it shows, as FOLDER/frames.csv says (columns "index0" and "home"); without such a file
/// its scene.
std::vector<std::string> homes_of(const std::string& folder, const xs::data::Nyuv2& set) {
  const std::filesystem::path file = std::filesystem::path(folder) / "frames.csv";
  std::vector<std::string> homes;
  if (!xs::file_exists(file)) {
    for (const std::size_t scene : scenes_of(folder, set)) homes.push_back(std::to_string(scene));
    return homes;
  }
  std::istringstream lines(xs::read_file(file));
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> header = cells_of(line);
  const auto column = [&](const char* name) {
    const auto found = std::find(header.begin(), header.end(), name);
    if (found == header.end()) xs::fail("file ", file.string(), ": found no column \"", name, "\"");
    return static_cast<std::size_t>(found - header.begin());
  };
  const std::size_t of_index = column("index0"), of_home = column("home");
  std::map<std::string, std::string> known;
  while (std::getline(lines, line)) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() > std::max(of_index, of_home)) known[cells[of_index]] = cells[of_home];
  }
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto home = known.find(std::to_string(set.view(i)));
    if (home == known.end()) xs::fail("file ", file.string(), ": found no row of view ", set.view(i));
    homes.push_back(home->second);
  }
  return homes;
}

std::vector<std::size_t> one_each(std::size_t count) {
  std::vector<std::size_t> scenes(count);
  for (std::size_t i = 0; i < count; ++i) scenes[i] = i;
  return scenes;
}

}  // namespace

struct DataSets::Statistics {
  std::vector<float> codebook;
  std::vector<double> class_counts;
};

DataSets::DataSets(const Preset& preset, DataSettings settings, std::size_t threads)
    : preset_(preset), settings_(std::move(settings)), threads_(threads) {
  if (rooms() && preset_.classes != xs::data::Rooms::classes)
    xs::fail("rooms have ", xs::data::Rooms::classes, " classes, preset ", preset_.name, " has ", preset_.classes,
             "; give --data nyuv2:DIR, or another preset");
  if (rooms()) return;
  (void)folder_of(settings_.source);
}
DataSets::~DataSets() = default;

std::string DataSets::describe_training() const {
  return protocol::data_name(settings_.source) + (rooms()
                                                      ? ", " + std::to_string(settings_.train_rooms) + " rooms a seed"
                                                  : settings_.validation ? ", homes held out"
                                                                         : "");
}
std::string DataSets::describe_test() const {
  return protocol::data_name(settings_.source) +
         (rooms() ? ", " + std::to_string(settings_.test_rooms) + " rooms" : "") +
         (settings_.validation ? ", validation split" : ", test split");
}
xs::PixelScaling DataSets::scaling() const {
  if (!rooms()) return {};
  const xs::data::RoomsOptions usual;
  const float mean = usual.mean, deviation = usual.standard_deviation;
  return {{mean, mean, mean}, {deviation, deviation, deviation}, false};
}

std::shared_ptr<const TrainingSet> DataSets::training(const std::string& variant, std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t of_data = rooms() || variant == "presence" || variant.starts_with("labels:") ? seed : 0;
  const std::string name = variant + "#" + std::to_string(of_data);
  if (auto known = sets_[name].lock()) return known;
  std::shared_ptr<const TrainingSet> made = make(variant, seed);
  sets_[name] = made;
  return made;
}

std::shared_ptr<const TrainingSet> DataSets::make(const std::string& variant, std::uint64_t seed) {
  if (variant.starts_with("labels:")) {
    if (settings_.validation && !rooms()) xs::fail("labels: not with --judge validation on a folder");
    const std::size_t colon = variant.find(':', 7);
    std::size_t part = 0;
    if (colon != std::string::npos) std::from_chars(variant.data() + colon + 1, variant.data() + variant.size(), part);
    if (part < 1) xs::fail("data \"", variant, "\": expected labels:TASK:K");
    auto whole = training("", seed);
    const std::vector<std::size_t> scenes =
        rooms() ? one_each(whole->ref().size())
                : scenes_of(folder_of(settings_.source),
                            static_cast<const Kept<xs::data::Nyuv2>&>(*whole).set());  // NOLINT: made below
    return std::make_shared<FewLabels>(std::move(whole), variant.substr(7, colon - 7), part, scenes, seed);
  }
  xs::data::RoomsOptions options{
      .seed = seed, .count = settings_.train_rooms, .height = preset_.height, .width = preset_.width};
  if (variant == "presence") {
    options.seed = seed + presence_seed;
    options.normals.clear();
    if (options.count == 0) options.count = preset_.train_rooms;
    return std::make_shared<Kept<Presence>>(Presence(options), threads_);
  }
  if (!variant.empty()) xs::fail("found no data \"", variant, "\"");
  if (rooms()) {
    options.depth = "depth";
    return std::make_shared<Kept<xs::data::Rooms>>(xs::data::Rooms(options), threads_);
  }
  return open_views(true);
}

/// Of a folder: the training views or those that are judged, whose scenes are noted.
std::shared_ptr<const TrainingSet> DataSets::open_views(bool training) {
  xs::data::Nyuv2Options nyu;
  nyu.split = training || settings_.validation ? xs::data::Nyuv2Split::train : xs::data::Nyuv2Split::test;
  nyu.classes = preset_.classes;
  nyu.height = preset_.height;
  nyu.width = preset_.width;
  nyu.depth = true;
  const std::string folder = folder_of(settings_.source);
  xs::data::Nyuv2 set(folder, nyu);
  protocol::HeldOut parts;
  if (settings_.validation) parts = protocol::hold_out(homes_of(folder, set));
  if (!training) {
    scenes_ = scenes_of(folder, set);
    if (settings_.validation) {  // those of its samples, numbered again
      std::map<std::size_t, std::size_t> numbers;
      std::vector<std::size_t> scenes;
      for (const std::size_t i : parts.validation)
        scenes.push_back(numbers.emplace(scenes_[i], numbers.size()).first->second);
      scenes_ = std::move(scenes);
    }
  }
  auto whole = std::make_shared<Kept<xs::data::Nyuv2>>(std::move(set), threads_);
  if (!settings_.validation) return whole;
  return std::make_shared<Part>(std::move(whole), training ? std::move(parts.train) : std::move(parts.validation));
}

const xs::DataSetRef& DataSets::test() {
  const std::lock_guard lock(mutex_);
  if (test_ref_) return *test_ref_;
  if (rooms()) {
    // The held-back rooms are the same for every seed, so that runs compare.
    xs::data::RoomsOptions options{
        .seed = 1,
        .split = settings_.validation ? xs::data::RoomsSplit::validation : xs::data::RoomsSplit::test,
        .count = settings_.test_rooms,
        .height = preset_.height,
        .width = preset_.width};
    options.depth = "depth";
    test_ = std::make_shared<Kept<xs::data::Rooms>>(xs::data::Rooms(options), threads_);
    scenes_ = one_each(settings_.test_rooms);
  } else {
    test_ = open_views(false);
  }
  test_ref_ = std::make_unique<xs::DataSetRef>(test_->ref());
  return *test_ref_;
}

const std::vector<std::size_t>& DataSets::test_scenes() {
  (void)test();
  return scenes_;
}

const DataSets::Statistics& DataSets::statistics(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const Statistics>& known = statistics_[rooms() ? seed : 0];
  if (known) return *known;
  const auto set = training("", seed);
  const alexnet_nyu::TrainingStatistics found = alexnet_nyu::look_at(set->ref(), preset_.classes);
  auto made = std::make_shared<Statistics>();
  const auto codebook = xs::Codebook<words>::learn(found.normals, xs::seed(1));
  made->codebook.assign(codebook.codewords().begin(), codebook.codewords().end());
  made->class_counts = found.class_counts;
  known = std::move(made);
  return *known;
}

std::vector<float> DataSets::codebook(std::uint64_t seed) { return statistics(seed).codebook; }
std::vector<double> DataSets::class_counts(std::uint64_t seed) { return statistics(seed).class_counts; }

}  // namespace paper
