#pragma once
// The data that trainings ask for, by name and seed: each is made once and kept as long as somebody holds it.
//
//   ""                     segmentation, normals and depth
//   "presence"             which classes a drawn room holds, from rooms that no other training sees
//   "labels:TASK:K"        of TASK one in K of the labels: nested subsets by scene; half of each batch is labelled
#include <xstitch/data/image.hpp>
#include <xstitch/data/in_memory.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/subject.hpp"
#include "preset.hpp"

namespace paper {

using protocol::TrainingSet;

/// What of the command line decides the data.
struct DataSettings {
  std::string source = "rooms";  ///< or nyuv2:FOLDER
  std::size_t train_rooms = 0, test_rooms = 0;
  /// For choosing settings, with a seed that is not reported: judged are rooms of the validation split, or training
  /// views of whole homes that are not trained on (common/held_out.hpp).
  bool validation = false;
};

class DataSets {
 public:
  DataSets(const Preset& preset, DataSettings settings, std::size_t threads);
  ~DataSets();

  /// The same object while another training holds it.
  std::shared_ptr<const TrainingSet> training(const std::string& variant, std::uint64_t seed);
  /// The set that all networks are judged on.
  [[nodiscard]] const xs::DataSetRef& test();
  /// Of each sample of the test set the number of its scene, from 0 on. Every drawn room is a scene.
  [[nodiscard]] const std::vector<std::size_t>& test_scenes();
  /// The codewords of normals, from the training set of a seed.
  std::vector<float> codebook(std::uint64_t seed);
  /// Pixels of each class in some hundred training samples of a seed.
  std::vector<double> class_counts(std::uint64_t seed);
  /// A text that is equal where the training sets are.
  [[nodiscard]] std::string describe_training() const;
  [[nodiscard]] std::string describe_test() const;
  [[nodiscard]] bool rooms() const { return settings_.source == "rooms"; }
  /// Of an image's displayed values in 0..1, for every channel.
  [[nodiscard]] xs::PixelScaling scaling() const;

 private:
  struct Statistics;
  const Statistics& statistics(std::uint64_t seed);
  std::shared_ptr<const TrainingSet> make(const std::string& variant, std::uint64_t seed);
  std::shared_ptr<const TrainingSet> open_views(bool training);

  Preset preset_;
  DataSettings settings_;
  xs::ThreadPool threads_;
  std::recursive_mutex mutex_;
  std::map<std::string, std::weak_ptr<const TrainingSet>> sets_;
  std::map<std::uint64_t, std::shared_ptr<const Statistics>> statistics_;
  std::shared_ptr<const TrainingSet> test_;
  std::unique_ptr<xs::DataSetRef> test_ref_;
  std::vector<std::size_t> scenes_;
};

}  // namespace paper
