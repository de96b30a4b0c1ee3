#pragma once
/// \file
/// What a data set is: a size, and a function that fills a sample: one or more inputs, and a label per task or none.
/// One whose samples differ from epoch to epoch (regions of an image, say) also has `draw`; one that decides in which
/// order a training sees them has `order`.

#include <xstitch/core/error.hpp>
#include <xstitch/core/labels.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/core/shape.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// An input of the samples. A tower takes the input of its own name if there is one, else the one named "input"; its
/// further Input "boxes" takes "tower.boxes", else "boxes".
struct InputField {
  std::string name = "input";  ///< of the tower that reads it, "tower.input" for a further one, or "input" for all
  Dims shape{};                ///< of one sample
  bool image = true;           ///< of a tower's own input: rows and columns are space, mirrors and crops make sense
};

/// A label of the samples: the name of a tower, or "tower.head".
struct LabelField {
  std::string name;  ///< of the tower, or "tower.head"
  LabelSpec spec{};  ///< kind and extents
};

/// Where a data set writes the label of a sample: the member that its kind asks for.
struct LabelValue {
  std::vector<std::int32_t> indices;  ///< for class_index
  std::vector<float> values;          ///< otherwise
  std::vector<std::uint8_t> mask;     ///< empty: all valid
  bool present = true;                ///< false: this sample has no label for the task
};

/// Buffers of one sample; `load` resizes and fills them.
struct Sample {
  std::vector<std::vector<float>> inputs;  ///< one a field of inputs(), [height, width, channels]
  std::vector<LabelValue> labels;          ///< one a field of labels()
};

/// The concept a user's data set meets. `load` must be callable from another thread and depend on nothing but the
/// index (data sets that draw their samples keep a seed).
template <class D>
concept DataSet = requires(const D& data, std::size_t index, Sample& sample) {
  { data.size() } -> std::convertible_to<std::size_t>;
  { data.inputs() } -> std::convertible_to<std::vector<InputField>>;
  { data.labels() } -> std::convertible_to<std::vector<LabelField>>;
  data.load(index, sample);
};

/// A data set that can say where a sample comes from. (A concept of its own: clang 16 crashes on a requires
/// expression with a type constraint inside a lambda of a constructor template.)
template <class D>
concept DescribesSamples = requires(const D& data, std::size_t index) {
  { data.describe(index) } -> std::convertible_to<std::string>;
};

/// A data set that draws a part of its samples again in each epoch. `sample` holds what load made of it; `draw` fills
/// inputs and labels again that depend on chance, before augmentation. `key` is folded from seed, ensemble member,
/// epoch and sample.
template <class D>
concept DrawsSamples = requires(const D& data, std::size_t index, Sample& sample, RandomKey key) {
  data.draw(index, sample, key);
};

/// A data set that chooses the samples of an epoch itself, where others are shuffled: so that, say, every batch holds
/// labelled samples. `order` fills `indices`, as many as the set has samples; one may come several times or not at all.
/// `key` is folded from seed, ensemble member and epoch.
template <class D>
concept OrdersSamples = requires(const D& data, std::span<std::size_t> indices, RandomKey key) {
  data.order(indices, key);
};

/// Any data set behind one run-time face (does not own it; the data set must outlive it).
class DataSetRef {
 public:
  /// Refers to a data set, which must outlive it.
  template <DataSet D>
  DataSetRef(const D& data)  // NOLINT(google-explicit-constructor): train(net, data, ...) takes any data set
      : data_(&data),
        size_(data.size()),
        inputs_(data.inputs()),
        labels_(data.labels()),
        load_([](const void* d, std::size_t i, Sample& s) { static_cast<const D*>(d)->load(i, s); }),
        describe_([](const void* d, std::size_t i) {
          if constexpr (DescribesSamples<D>)
            return std::string(static_cast<const D*>(d)->describe(i));
          else
            return std::string{};
        }) {
    if constexpr (DrawsSamples<D>)
      draw_ = [](const void* d, std::size_t i, Sample& s, RandomKey key) { static_cast<const D*>(d)->draw(i, s, key); };
    if constexpr (OrdersSamples<D>)
      order_ = [](const void* d, std::span<std::size_t> i, RandomKey key) { static_cast<const D*>(d)->order(i, key); };
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const std::vector<InputField>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<LabelField>& labels() const noexcept { return labels_; }
  void load(std::size_t index, Sample& sample) const { load_(data_, index, sample); }
  /// Whether a part of the samples is drawn again in each epoch, and that draw (DrawsSamples).
  [[nodiscard]] bool draws() const noexcept { return draw_ != nullptr; }
  void draw(std::size_t index, Sample& sample, RandomKey key) const { draw_(data_, index, sample, key); }
  /// Whether the set chooses the samples of an epoch, and that choice (OrdersSamples).
  [[nodiscard]] bool orders() const noexcept { return order_ != nullptr; }
  /// Puts the samples of an epoch into an order of the data set's own (OrdersSamples).
  void order(std::span<std::size_t> indices, RandomKey key) const { order_(data_, indices, key); }
  /// Where sample `index` comes from (a file), for messages; a data set says it by an optional `describe(index)`.
  [[nodiscard]] std::string describe(std::size_t index) const { return describe_(data_, index); }

 private:
  const void* data_;
  std::size_t size_;
  std::vector<InputField> inputs_;
  std::vector<LabelField> labels_;
  void (*load_)(const void*, std::size_t, Sample&);
  std::string (*describe_)(const void*, std::size_t);
  void (*draw_)(const void*, std::size_t, Sample&, RandomKey) = nullptr;
  void (*order_)(const void*, std::span<std::size_t>, RandomKey) = nullptr;
};

}  // namespace xstitch::inline XSTITCH_ISA
