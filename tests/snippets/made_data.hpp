#pragma once
// A data set for any network whose towers see one shape and whose heads want a class or numbers of a sample. It can be
// learned: the class is the place of the largest of the first elements of the input, numbers are its last elements.
#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/run/any_net.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace pages {

namespace xs = xstitch;

class MadeData {
 public:
  explicit MadeData(const xs::AnyNet& net, std::size_t count = 128, std::uint64_t seed = 1)
      : count_(count), key_(xs::RandomKey(xs::seed(seed))), shape_(net.inputs()[0].shape) {
    for (const xs::HeadSlot& head : net.heads())
      if (head.member == 0) labels_.push_back({head.name(), head.label});
  }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::vector<xs::InputField> inputs() const { return {{"input", shape_, false}}; }
  [[nodiscard]] std::vector<xs::LabelField> labels() const { return labels_; }
  void load(std::size_t index, xs::Sample& sample) const {
    const xs::RandomKey key = key_.with(index);
    std::vector<float>& input = sample.inputs[0];
    input.resize(shape_.size());
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = key.uniform(i, -1.0F, 1.0F);
    for (std::size_t k = 0; k < labels_.size(); ++k) {
      const xs::LabelSpec& spec = labels_[k].spec;
      if (spec.integral()) {
        const auto largest = std::max_element(input.begin(), input.begin() + spec.classes);
        sample.labels[k].indices = {static_cast<std::int32_t>(largest - input.begin())};
      } else {
        sample.labels[k].values.assign(input.end() - static_cast<std::ptrdiff_t>(spec.shape.size()), input.end());
      }
    }
  }

 private:
  std::size_t count_;
  xs::RandomKey key_;
  xs::Dims shape_;
  std::vector<xs::LabelField> labels_;
};

}  // namespace pages
