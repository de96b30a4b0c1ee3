#pragma once
// What a plan's trainings (plan.hpp) are of: networks by name, data, and how a row is judged. A program has one subject
// or two; runner.hpp trains and judges it.
#include <xstitch/data/data_set.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/train/train_options.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "plan.hpp"

namespace protocol {

using NetworkPointer = std::unique_ptr<xs::AnyNet>;

/// A training set, held by a pointer that keeps alive what it is made of.
class TrainingSet {
 public:
  virtual ~TrainingSet() = default;
  [[nodiscard]] virtual xs::DataSetRef ref() const = 0;
};

/// A trained network of a row.
struct End {
  const Training* training;
  std::filesystem::path network;
};

/// All of it may be called from several threads.
class Subject {
 public:
  virtual ~Subject() = default;

  [[nodiscard]] virtual NetworkPointer make(const std::string& network, xs::Seed seed) const = 0;
  /// Of the image, "96x72": trainings of another size are not continued.
  [[nodiscard]] virtual std::string size() const = 0;
  /// Texts that are equal where the sets are.
  [[nodiscard]] virtual std::string describe_training() const = 0;
  [[nodiscard]] virtual std::string describe_test() const = 0;

  virtual std::shared_ptr<const TrainingSet> training_set(const Training& training) = 0;
  /// Initial values and what is frozen. `sources`: networks that it starts from.
  virtual void prepare(xs::AnyNet& net, const Training& training,
                       const std::vector<std::filesystem::path>& sources) = 0;
  [[nodiscard]] virtual xs::TrainOptions options(const Training& training, std::size_t batch,
                                                 std::size_t threads) const = 0;
  /// What the file of a trained network says of itself.
  [[nodiscard]] virtual xs::TextMap metadata(const Training& training) const = 0;
  /// {"metrics": {TASK: [...]}, and more of its own}: of the mean of the networks' predictions.
  virtual xs::Json judge(const Row& row, const std::vector<End>& ends, std::size_t threads) = 0;
};

}  // namespace protocol
