#pragma once
/// \file
/// What a detector says of boxes in images: RegionScores feeds them to the Input "regions" of a network or a predictor,
/// as many at a time as it has rows, and hands back what the heads predict for each. Predictions of an ensemble's
/// members are averaged, and those of several networks. An image with more boxes than rows goes through the network
/// more than once.

#include <xstitch/core/boxes.hpp>
#include <xstitch/data/regions.hpp>
#include <xstitch/metrics/average_precision.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/run/predictor_core.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// Names of heads and input, and how detections are chosen.
struct DetectionOptions {
  std::string classes = "detection.class";  ///< head of probabilities, the background first; empty: attributes alone
  std::string boxes = "detection.box";      ///< head of BoxRegression; empty: proposals are taken as they are
  std::string attributes = {};              ///< head of SigmoidCrossEntropy; empty: classes and boxes alone
  std::string regions = "regions";          ///< the towers' Input
  std::size_t batch = 2;                    ///< of images
  std::size_t threads = 0;                  ///< 0: as many as there are processors
  double suppression = 0.3;                 ///< overlap above which the lower of two detections of a class goes
  float least_score = 0.05F;                ///< of a detection
  std::size_t most = 100;                   ///< detections of an image
  PrecisionRule attribute_rule = PrecisionRule::all_points;  ///< rule of average precision for attributes
  std::uint64_t seed = 1;                                    ///< of the random scores
};

namespace detection {

/// What runs: a network, or a predictor with threads of its own.
class RegionNetwork {
 public:
  RegionNetwork(AnyNet& net, ThreadPool& threads) : net_(&net), threads_(&threads), layout_(net.layout()) {}
  explicit RegionNetwork(AnyPredictor& predictor) : predictor_(&predictor), layout_(predictor.layout()) {}

  [[nodiscard]] const std::vector<InputSlot>& inputs() const { return layout_.inputs(); }
  [[nodiscard]] const std::vector<HeadSlot>& heads() const { return layout_.heads(); }
  void run(const Batch& batch) {
    if (net_ != nullptr)
      net_->evaluate(batch, *threads_);
    else
      predictor_->predict_batch(batch);
  }
  [[nodiscard]] std::span<const float> prediction(std::size_t head) const {
    return net_ != nullptr ? net_->prediction(head) : predictor_->prediction(head);
  }

 private:
  AnyNet* net_ = nullptr;
  ThreadPool* threads_ = nullptr;
  AnyPredictor* predictor_ = nullptr;
  const Layout& layout_;
};

/// Feeds rows of images and gives what the heads say of each row.
class RegionScores {
 public:
  XSTITCH_INLINE RegionScores(std::vector<RegionNetwork> nets, const DetectionOptions& options)
      : nets_(std::move(nets)), options_(options) {
    if (nets_.empty()) fail("evaluate_detection: found no network, expected at least one");
    for (const RegionNetwork& net : nets_)
      if (!std::equal(
              net.inputs().begin(), net.inputs().end(), nets_[0].inputs().begin(), nets_[0].inputs().end(),
              [](const InputSlot& a, const InputSlot& b) { return a.name() == b.name() && a.shape == b.shape; }))
        fail("evaluate_detection: the networks have different inputs");
    if (options.batch == 0) fail("evaluate_detection: found a batch of 0, expected at least one image");
    for (const InputSlot& slot : nets_[0].inputs()) {
      if (slot.input.empty()) {
        if (image_.valid() && image_ != slot.shape)
          fail("evaluate_detection: towers read images of ", to_string(image_), " and ", to_string(slot.shape));
        image_ = slot.shape;
      } else if (slot.input == options.regions && slot.kind == InputKind::boxes) {
        if (rows_ != 0 && rows_ != static_cast<std::size_t>(slot.shape.height))
          fail("evaluate_detection: towers read ", rows_, " and ", slot.shape.height, " regions");
        rows_ = static_cast<std::size_t>(slot.shape.height);
      } else {
        fail("evaluate_detection: input \"", slot.name(), "\" is neither the image nor the boxes \"", options.regions,
             "\"");
      }
    }
    if (rows_ == 0) fail("evaluate_detection: no tower has an Input \"", options.regions, "\" of boxes");
  }

  [[nodiscard]] Dims image() const noexcept { return image_; }
  /// Elements of a row of this head, 0 for the empty name.
  [[nodiscard]] std::size_t width(const std::string& head) const {
    return head.empty() ? 0 : nets_[0].heads()[heads_of(nets_[0], head)[0]].prediction.dims.size();
  }

  /// A box in one of the images.
  struct Row {
    std::size_t image;
    Box box;
  };

  /// Calls result(row, class probabilities, offsets, attribute probabilities) for each, in order.
  template <class Result>
  void run(const std::vector<data::DetectionImage>& images, const std::vector<Row>& rows, const Result& result) {
    // Entries of a batch: up to rows_ regions of one image.
    struct Entry {
      std::size_t first, count;
    };
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool joins = !entries.empty() && entries.back().count < rows_ && rows[i].image == rows[i - 1].image;
      if (joins)
        ++entries.back().count;
      else
        entries.push_back({i, 1});
    }
    for (std::size_t at = 0; at < entries.size(); at += options_.batch) {
      const std::span<const Entry> some(entries.data() + at, std::min(options_.batch, entries.size() - at));
      fit(some.size());
      for (std::size_t e = 0; e < some.size(); ++e) {
        const std::vector<float>& pixels = images[rows[some[e].first].image].pixels;
        if (pixels.size() != image_.size())
          fail("evaluate_detection: an image of ", pixels.size(), " elements, expected ", image_.size(), " (",
               to_string(image_), ")");
        std::copy(pixels.begin(), pixels.end(),
                  image_memory().begin() + static_cast<std::ptrdiff_t>(e * image_.size()));
        float* to = box_memory().data() + e * rows_ * 5;
        std::fill_n(to, rows_ * 5, 0.0F);
        for (std::size_t r = 0; r < some[e].count; ++r, to += 5) {
          const Box& b = rows[some[e].first + r].box;
          to[0] = 1.0F, to[1] = b.x0, to[2] = b.y0, to[3] = b.x1, to[4] = b.y1;
        }
      }
      for (RegionNetwork& net : nets_) net.run(batch_);
      const std::vector<float> classes = mean(options_.classes), boxes = mean(options_.boxes),
                               attributes = mean(options_.attributes);
      for (std::size_t e = 0; e < some.size(); ++e)
        for (std::size_t r = 0; r < some[e].count; ++r) {
          const auto row = [&](const std::vector<float>& all, const std::string& head) {
            const std::size_t size = width(head);
            const std::span<const float> found = std::span(all).subspan((e * rows_ + r) * size, size);
            for (const float v : found)
              if (!std::isfinite(v)) fail("evaluate_detection: a prediction of \"", head, "\" is not finite");
            return found;
          };
          result(some[e].first + r, row(classes, options_.classes), row(boxes, options_.boxes),
                 row(attributes, options_.attributes));
        }
    }
  }

 private:
  [[nodiscard]] XSTITCH_INLINE std::vector<std::size_t> heads_of(const RegionNetwork& net,
                                                                 const std::string& name) const {
    std::vector<std::size_t> found;
    std::string names;
    for (std::size_t h = 0; h < net.heads().size(); ++h) {
      names += (names.empty() ? "\"" : ", \"") + net.heads()[h].name() + "\"";
      if (net.heads()[h].name() == name) found.push_back(h);
    }
    if (found.empty()) fail("evaluate_detection: no head \"", name, "\", expected one of ", names);
    const HeadSlot& head = net.heads()[found[0]];
    if (static_cast<std::size_t>(head.prediction.rows) != rows_)
      fail("evaluate_detection: head \"", name, "\" predicts ", head.prediction.rows, " rows a sample, expected ",
           rows_, ", one a region");
    return found;
  }
  /// Over an ensemble's members, and over the networks.
  [[nodiscard]] XSTITCH_INLINE std::vector<float> mean(const std::string& name) const {
    std::vector<float> all;
    if (name.empty()) return all;
    std::size_t count = 0;
    for (const RegionNetwork& net : nets_)
      for (const std::size_t head : heads_of(net, name)) {
        const std::span<const float> one = net.prediction(head);
        if (count++ == 0) {
          all.assign(one.begin(), one.end());
          continue;
        }
        if (one.size() != all.size())
          fail("evaluate_detection: networks whose head \"", name, "\" predicts ", all.size(), " and ", one.size(),
               " elements");
        for (std::size_t i = 0; i < all.size(); ++i) all[i] += one[i];
      }
    if (count > 1)
      for (float& value : all) value /= static_cast<float>(count);
    return all;
  }
  /// The first slot of each kind has the memory, the others repeat it.
  XSTITCH_INLINE void fit(std::size_t size) {
    batch_.size = size;
    batch_.inputs.resize(nets_[0].inputs().size());
    batch_.shared_input.resize(nets_[0].inputs().size());
    image_slot_ = box_slot_ = nets_[0].inputs().size();
    for (std::size_t s = 0; s < nets_[0].inputs().size(); ++s) {
      const InputSlot& slot = nets_[0].inputs()[s];
      std::size_t& first = slot.input.empty() ? image_slot_ : box_slot_;
      first = std::min(first, s);
      batch_.shared_input[s] = first;
      batch_.inputs[s].resize(first == s ? size * slot.shape.size() : 0);
    }
    batch_.labels.resize(nets_[0].heads().size());
    for (std::size_t h = 0; h < nets_[0].heads().size(); ++h) {
      batch_.labels[h].rows = static_cast<std::size_t>(nets_[0].heads()[h].label.rows);
      batch_.labels[h].present.assign(size, 0);
    }
  }
  AlignedVector& image_memory() { return batch_.inputs[image_slot_]; }
  AlignedVector& box_memory() { return batch_.inputs[box_slot_]; }

  std::vector<RegionNetwork> nets_;
  const DetectionOptions& options_;
  Dims image_{};
  std::size_t rows_ = 0, image_slot_ = 0, box_slot_ = 0;
  Batch batch_;
};

}  // namespace detection
}  // namespace xstitch::inline XSTITCH_ISA
