#pragma once
/// \file
/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60000 + 10000 grey images of garments, 28x28, ten classes.
///
///     xs::data::FashionMnist train{"/usr/share/datasets/fashion-mnist"};   // Debian package dataset-fashion-mnist
///
/// Input "input" [28, 28, 1]: (value / 255 - mean) / standard_deviation. Label "garment" (an option: the tower's name):
/// class index 0..9. Needs zlib (component gzip).
/// Errors: a missing or damaged file, images that are not 28x28, unequal numbers of images and labels, a label above 9.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <xstitch/core/random.hpp>
#include <xstitch/data/data_set.hpp>
#include <xstitch/data/idx_file.hpp>
#include <xstitch/io/folder.hpp>
#include <xstitch/io/limits.hpp>

#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA::data {

/// Where Debian's package dataset-fashion-mnist puts the files.
inline constexpr const char* fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";

/// 60,000 images to train with, 10,000 to judge by.
enum class FashionMnistSplit : std::uint8_t { train, test };

/// The raw bytes of one split; data sets made from it share it.
struct FashionMnistFiles {
  static constexpr int side = 28;  ///< pixels of a side
  /// Garments: T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
  static constexpr int classes = 10;

  std::vector<std::uint8_t> images;  ///< [count, 28, 28]
  std::vector<std::uint8_t> labels;  ///< [count]
  std::string path;                  ///< of the images, for messages

  [[nodiscard]] std::size_t size() const noexcept { return labels.size(); }
  /// The 28 x 28 bytes of an image, row by row.
  [[nodiscard]] const std::uint8_t* image(std::size_t index) const noexcept {
    return images.data() + index * std::size_t{side * side};
  }

  /// Reads {train,t10k}-images-idx3-ubyte and -labels-idx1-ubyte, or those with a dot before idx
  /// (train-images.idx3-ubyte: the names inside the archives that are passed around), with or without ".gz".
  static std::shared_ptr<const FashionMnistFiles> read(const std::string& folder, FashionMnistSplit split) {
    return limits::guard(folder, [&] { return read_both(folder, split); });
  }

 private:
  static std::shared_ptr<const FashionMnistFiles> read_both(const std::string& folder, FashionMnistSplit split) {
    const std::string prefix = split == FashionMnistSplit::train ? "train" : "t10k";
    const std::string image_path = find(folder, prefix + "-images", "idx3-ubyte");
    const std::string label_path = find(folder, prefix + "-labels", "idx1-ubyte");
    IdxFile images = read_idx_file(image_path, 3);
    IdxFile labels = read_idx_file(label_path, 1);
    if (images.extents[1] != side || images.extents[2] != side)
      fail("file ", image_path, ": found images of ", images.extents[1], "x", images.extents[2], ", expected 28x28");
    if (images.extents[0] != labels.extents[0])
      fail("file ", label_path, ": found ", labels.extents[0], " labels, expected ", images.extents[0],
           " as there are images in ", image_path);
    for (std::size_t i = 0; i < labels.elements.size(); ++i)
      if (labels.elements[i] >= classes)
        fail("file ", label_path, ": found label ", int{labels.elements[i]}, " at index ", i, ", expected 0 to 9");
    return std::make_shared<const FashionMnistFiles>(
        FashionMnistFiles{std::move(images.elements), std::move(labels.elements), image_path});
  }
  static std::string find(const std::string& folder, const std::string& name, const std::string& type) {
    for (const char* separator : {"-", "."})
      for (const char* ending : {"", ".gz"})
        if (const auto path = std::filesystem::path(folder) / (name + separator + type + ending);
            S_ISREG(file::mode_of(path)))
          return path.string();
    fail("file ", (std::filesystem::path(folder) / (name + "-" + type + ".gz")).string(), ": found no such file (nor ",
         name, ".", type, ", nor either without .gz), expected the Fashion-MNIST files ",
         "there (Debian package dataset-fashion-mnist puts them into ", fashion_mnist_folder, ")");
  }
};

/// Names of the ten classes.
inline constexpr std::array<std::string_view, 10> fashion_class_names = {
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"};

/// Which part, and how pixels are scaled.
struct FashionMnistOptions {
  FashionMnistSplit split = FashionMnistSplit::train;  ///< training or test images
  std::string label = "garment";                       ///< the tower that the label belongs to
  /// Of the training pixels scaled to 0..1.
  float mean = 0.2860F;
  float standard_deviation = 0.3530F;  ///< of the training images scaled to 0..1
};

class FashionMnist {
 public:
  /// The type of its settings.
  using Options = FashionMnistOptions;

  /// Reads the four files of the folder; an Error names one that is missing or damaged.
  explicit FashionMnist(const std::string& folder = fashion_mnist_folder, Options options = {})
      : FashionMnist(FashionMnistFiles::read(folder, options.split), std::move(options)) {}
  /// Shares files that were read before.
  FashionMnist(std::shared_ptr<const FashionMnistFiles> files, Options options)
      : files_(std::move(files)), options_(std::move(options)) {}

  [[nodiscard]] std::size_t size() const noexcept { return files_->size(); }
  [[nodiscard]] std::vector<InputField> inputs() const { return {{"input", shape, true}}; }
  [[nodiscard]] std::vector<LabelField> labels() const {
    return {{options_.label, {LabelKind::class_index, {1, 1, 1}, {}, FashionMnistFiles::classes}}};
  }
  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail(describe(index), ": expected an index below ", size());
    sample.inputs.resize(1);
    sample.inputs[0].resize(shape.size());
    const std::uint8_t* pixels = files_->image(index);
    for (std::size_t i = 0; i < shape.size(); ++i)
      sample.inputs[0][i] = (static_cast<float>(pixels[i]) / 255.0F - options_.mean) / options_.standard_deviation;
    sample.labels.resize(1);
    sample.labels[0] = {{files_->labels[index]}, {}, {}, true};
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    return "file " + files_->path + ", image " + std::to_string(index);
  }

 private:
  static constexpr Dims shape{FashionMnistFiles::side, FashionMnistFiles::side, 1};
  std::shared_ptr<const FashionMnistFiles> files_;
  Options options_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
