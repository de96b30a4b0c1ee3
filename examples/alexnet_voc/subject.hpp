#pragma once
// Detection and attributes as what the runner trains and judges.
#include <xstitch/run/predictor_core.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/subject.hpp"
#include "menu.hpp"
#include "pair_data.hpp"

namespace alexnet_voc {

struct DataSettings {
  std::string source = "rooms";  ///< or a folder in the layout of VOC 2008
  std::string train_set = "train", test_set = "val", pretrained{};
  std::size_t train_rooms = 0, test_rooms = 0;
  /// For choosing settings: judged are rooms of the validation split, or training images of whole homes that are not
  /// trained on (common/held_out.hpp).
  bool validation = false;
};

class DetectionSubject : public protocol::Subject {
 public:
  /// Opens the data.
  DetectionSubject(const Preset& preset, DataSettings settings, std::size_t threads);

  [[nodiscard]] protocol::NetworkPointer make(const std::string& network, xs::Seed seed) const override {
    return preset_.make(network, seed);
  }
  [[nodiscard]] std::string size() const override {
    return std::to_string(preset_.width) + "x" + std::to_string(preset_.height);
  }
  [[nodiscard]] std::string describe_training() const override;
  [[nodiscard]] std::string describe_test() const override;
  std::shared_ptr<const protocol::TrainingSet> training_set(const protocol::Training& training) override;
  void prepare(xs::AnyNet& net, const protocol::Training& training,
               const std::vector<std::filesystem::path>& sources) override;
  [[nodiscard]] xs::TrainOptions options(const protocol::Training& training, std::size_t batch,
                                         std::size_t threads) const override;
  [[nodiscard]] xs::TextMap metadata(const protocol::Training& training) const override;
  /// judged.hpp
  xs::Json judge(const protocol::Row& row, const std::vector<protocol::End>& ends, std::size_t threads) override;

  /// Trained networks for inference on many regions.
  [[nodiscard]] std::vector<xs::AnyPredictor> predictors(const std::vector<protocol::End>& ends,
                                                         std::size_t threads) const;
  [[nodiscard]] const Preset& preset() const { return preset_; }
  [[nodiscard]] const DataSettings& settings() const { return settings_; }
  /// What is trained on with this seed: rooms of its own, or the same images of a folder for all. Kept while somebody
  /// holds it, the last one always.
  [[nodiscard]] std::shared_ptr<const PairData> train(std::uint64_t seed) const;
  [[nodiscard]] const PairData& test() const { return test_; }
  /// Training objects of a seed, not difficult, that have the attribute.
  [[nodiscard]] std::vector<std::size_t> training_positives(std::uint64_t seed) const;

 private:
  Preset preset_;
  DataSettings settings_;
  mutable xs::ThreadPool threads_;
  PairData test_;
  mutable std::mutex mutex_;
  mutable std::map<std::uint64_t, std::weak_ptr<const PairData>> train_;
  mutable std::shared_ptr<const PairData> last_;
};

/// Rooms, or a set of a folder in the layout of VOC 2008.
struct ImageSource {
  std::string source = "rooms", set = "train";  ///< `set`: ImageSets/Main/SET.txt; train, validation or test rooms
  std::size_t rooms = 0;
  std::uint64_t seed = 1;  ///< of the rooms
  bool caffe_pixels = false;
};
PairData open_images(const ImageSource& from, const Preset& preset, xs::ThreadPool& threads);

/// Of each image of a set the home that it shows: the beginning of its annotation's source/image, up to a comma. Where
/// all say the same ("flickr") every image is its own.
std::vector<std::string> homes_of(const std::string& folder, const xs::data::Voc& set);

/// Pixels as networks from nothing and, with pretrained weights, Caffe's want them.
xs::PixelScaling scaling_of(bool caffe_pixels);

}  // namespace alexnet_voc
