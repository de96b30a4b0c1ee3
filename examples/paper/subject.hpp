#pragma once
// Segmentation and normals (and depth) as what the runner trains and judges: networks of a preset on a DataSets.
#include "common/subject.hpp"
#include "data.hpp"
#include "preset.hpp"

namespace paper {

class DenseSubject : public protocol::Subject {
 public:
  DenseSubject(const Preset& preset, DataSets& data) : preset_(preset), data_(data) {}

  [[nodiscard]] NetworkPointer make(const std::string& network, xs::Seed seed) const override {
    return preset_.make(network, seed);
  }
  [[nodiscard]] std::string size() const override {
    return std::to_string(preset_.width) + "x" + std::to_string(preset_.height);
  }
  [[nodiscard]] std::string describe_training() const override { return data_.describe_training(); }
  [[nodiscard]] std::string describe_test() const override { return data_.describe_test(); }
  std::shared_ptr<const TrainingSet> training_set(const protocol::Training& training) override {
    return data_.training(training.variant, training.data_seed);
  }
  void prepare(xs::AnyNet& net, const protocol::Training& training,
               const std::vector<std::filesystem::path>& sources) override;
  [[nodiscard]] xs::TrainOptions options(const protocol::Training& training, std::size_t batch,
                                         std::size_t threads) const override;
  [[nodiscard]] xs::TextMap metadata(const protocol::Training& training) const override;
  /// "scenes": counts of each scene (scenes.hpp).
  xs::Json judge(const protocol::Row& row, const std::vector<protocol::End>& ends, std::size_t threads) override;

 private:
  const Preset& preset_;
  DataSets& data_;
};

}  // namespace paper
