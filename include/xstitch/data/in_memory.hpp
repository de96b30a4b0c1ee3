#pragma once
/// \file
/// A data set whose samples are made once and kept: for sets that are drawn or decoded slowly and fit into memory.
///
///     xs::data::InMemory train(xs::data::Rooms{{.count = 2000}}, threads);
///
/// Samples are made on all threads of the pool; an error in one names its index and where it comes from. A data set
/// that draws its samples again in each epoch is refused: TrainOptions::cache keeps what it loads.

#include <xstitch/core/threads.hpp>
#include <xstitch/data/data_set.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class InMemory {
 public:
  /// Loads every sample of a data set once, on all threads.
  InMemory(const DataSetRef& data, ThreadPool& threads)
      : inputs_(data.inputs()), labels_(data.labels()), samples_(data.size()) {
    if (data.draws())
      fail("InMemory: found a data set that draws its samples again in each epoch, expected samples that stay (see ",
           "TrainOptions::cache)");
    descriptions_.resize(data.size());
    threads.parallel_for(data.size(), [&](std::size_t i) {
      descriptions_[i] = data.describe(i);
      try {
        data.load(i, samples_[i]);
      } catch (const std::exception& error) {
        fail("sample ", i, descriptions_[i].empty() ? "" : " (" + descriptions_[i] + ")", ": ", error.what());
      }
    });
  }

  [[nodiscard]] std::size_t size() const noexcept { return samples_.size(); }
  [[nodiscard]] std::vector<InputField> inputs() const { return inputs_; }
  [[nodiscard]] std::vector<LabelField> labels() const { return labels_; }
  void load(std::size_t index, Sample& sample) const { sample = samples_.at(index); }
  [[nodiscard]] std::string describe(std::size_t index) const { return descriptions_.at(index); }

  /// About how many bytes a data set would take in memory.
  static std::size_t bytes(const DataSetRef& data) {
    std::size_t sample = 0;
    for (const InputField& field : data.inputs()) sample += field.shape.size() * sizeof(float);
    for (const LabelField& field : data.labels())
      sample += static_cast<std::size_t>(field.spec.rows) * (field.spec.shape.size() * 4 + field.spec.mask.size());
    return sample * data.size();
  }

 private:
  std::vector<InputField> inputs_;
  std::vector<LabelField> labels_;
  std::vector<Sample> samples_;
  std::vector<std::string> descriptions_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
