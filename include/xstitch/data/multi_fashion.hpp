#pragma once
/// \file
/// MultiFashion: two garments of Fashion-MNIST in one picture, one task each (as MultiMNIST of Sabour, Frosst and
/// Hinton 2017, in the 36x36 form of Lin et al. 2019).
///
///     auto [train, test] = xs::data::multi_fashion("/usr/share/datasets/fashion-mnist");
///
/// Sample i of a split (60000 and 10000) puts image i at (0, 0) and a partner at (8, 8) of a black 36x36 canvas;
/// where they overlap the brighter pixel wins. The partner is any image of the same split, uniformly drawn by
/// (seed, split, i): the same in every epoch, on every machine. Samples are composed when they are loaded.
///
/// Input "input" [36, 36, 1]: (value / 255 - mean) / standard_deviation. Labels "upper" (the garment at (0, 0)) and
/// "lower" (the one at (8, 8)): class index 0..9. Needs zlib (component gzip). Errors: those of FashionMnist.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>
#include <xstitch/data/fashion_mnist.hpp>

namespace xstitch::inline XSTITCH_ISA::data {

/// Partners, names of the towers and scaling of pixels.
struct MultiFashionOptions {
  Seed seed{1};  ///< of the partners
  /// Names of the towers.
  std::string upper = "upper";
  std::string lower = "lower";  ///< of the tower that says the garment below right
  /// Of the training canvases scaled to 0..1 (partners drawn uniformly).
  float mean = 0.3044F;
  float standard_deviation = 0.3639F;  ///< of the training canvases scaled to 0..1
};

class MultiFashion {
 public:
  using Options = MultiFashionOptions;
  static constexpr int side = 36;  ///< pixels of a side of a canvas
  static constexpr int shift = 8;  ///< pixels between the two garments, down and to the right

  /// Canvases of one part of the images: one for each, with a partner drawn by the seed.
  MultiFashion(std::shared_ptr<const FashionMnistFiles> files, FashionMnistSplit split, Options options = {})
      : files_(std::move(files)),
        options_(std::move(options)),
        key_(
            RandomKey(options_.seed).with("multi_fashion").with(split == FashionMnistSplit::train ? "train" : "test")) {
  }

  [[nodiscard]] std::size_t size() const noexcept { return files_->size(); }
  [[nodiscard]] std::vector<InputField> inputs() const { return {{"input", shape, true}}; }
  [[nodiscard]] std::vector<LabelField> labels() const {
    const LabelSpec spec{LabelKind::class_index, {1, 1, 1}, {}, FashionMnistFiles::classes};
    return {{options_.upper, spec}, {options_.lower, spec}};
  }
  /// Which image is the lower one of sample `index`.
  [[nodiscard]] std::size_t partner(std::size_t index) const noexcept {
    return static_cast<std::size_t>(key_.below(index, files_->size()));
  }

  void load(std::size_t index, Sample& sample) const {
    if (index >= size()) fail(describe(index), ": expected an index below ", size());
    const std::size_t other = partner(index);
    std::array<std::uint8_t, shape.size()> canvas{};
    paste(files_->image(index), 0, canvas);
    paste(files_->image(other), shift, canvas);
    sample.inputs.resize(1);
    sample.inputs[0].resize(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i)
      sample.inputs[0][i] = (static_cast<float>(canvas[i]) / 255.0F - options_.mean) / options_.standard_deviation;
    sample.labels.resize(2);
    sample.labels[0] = {{files_->labels[index]}, {}, {}, true};
    sample.labels[1] = {{files_->labels[other]}, {}, {}, true};
  }
  [[nodiscard]] std::string describe(std::size_t index) const {
    std::string text = "file " + files_->path + ", image " + std::to_string(index);
    if (index < size()) text += " over image " + std::to_string(partner(index));
    return text;
  }

 private:
  static constexpr Dims shape{side, side, 1};

  static void paste(const std::uint8_t* image, int offset, std::array<std::uint8_t, shape.size()>& canvas) {
    constexpr int garment = FashionMnistFiles::side;
    for (int row = 0; row < garment; ++row)
      for (int column = 0; column < garment; ++column) {
        std::uint8_t& to = canvas[static_cast<std::size_t>((row + offset) * side + column + offset)];
        to = std::max(to, image[row * garment + column]);
      }
  }

  std::shared_ptr<const FashionMnistFiles> files_;
  Options options_;
  RandomKey key_;
};

/// Both parts.
struct MultiFashionSets {
  MultiFashion train;  ///< 60,000 canvases
  MultiFashion test;   ///< 10,000 canvases
};

/// Both splits from one folder.
inline MultiFashionSets multi_fashion(const std::string& folder = fashion_mnist_folder,
                                      MultiFashionOptions options = {}) {
  return {{FashionMnistFiles::read(folder, FashionMnistSplit::train), FashionMnistSplit::train, options},
          {FashionMnistFiles::read(folder, FashionMnistSplit::test), FashionMnistSplit::test, options}};
}

}  // namespace xstitch::inline XSTITCH_ISA::data
