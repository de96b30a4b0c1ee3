#pragma once
/// \file
/// Selective search (Uijlings, van de Sande, Gevers, Smeulders 2013) by OpenCV: regions of an image that may hold an
/// object, from a hierarchical grouping of segments.
///
///     xs::data::Voc train(folder, {.propose = xs::data::SelectiveSearch{}});
///
/// Needs OpenCV with ximgproc (component selective_search). About a second an image of 500 x 375 in fast mode;
/// `smaller` looks at a smaller picture.
///
/// OpenCV ranks its regions by numbers of rand(). Here the order is that of the paper in spirit, and the same each
/// time: by u (k + 1), k: place among the regions from the largest down, u: uniform in (0, 1), a function of the
/// region.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/resize.hpp>

#include <opencv2/core.hpp>
#include <opencv2/ximgproc/segmentation.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

struct SelectiveSearch {
  bool quality = false;     ///< OpenCV's "quality" strategies: more regions, several times the time
  double smaller = 1;       ///< sides are divided by this first
  std::size_t most = 2000;  ///< regions

  /// Boxes of a picture in its pixels, in an order that depends on the picture alone.
  std::vector<Box> operator()(const ByteImage& image) const {
    if (image.shape.channels != 3 || !image.shape.valid() || !(smaller >= 1))
      fail("selective search: found a picture of ", to_string(image.shape), " to be divided by ", smaller,
           ", expected 3 channels and a divisor of at least 1");
    const auto side = [this](int extent) { return std::max(1, static_cast<int>(std::lround(extent / smaller))); };
    const ByteImage small = resize_smooth(image, side(image.shape.height), side(image.shape.width));
    std::vector<cv::Rect> found;
    try {
      cv::Mat picture(small.shape.height, small.shape.width, CV_8UC3);
      for (int r = 0; r < small.shape.height; ++r)
        for (int c = 0; c < small.shape.width; ++c) {
          const std::uint8_t* rgb = small.pixel(r, c);
          picture.at<cv::Vec3b>(r, c) = cv::Vec3b(rgb[2], rgb[1], rgb[0]);
        }
      const auto search = cv::ximgproc::segmentation::createSelectiveSearchSegmentation();
      search->setBaseImage(picture);
      if (quality)
        search->switchToSelectiveSearchQuality();
      else
        search->switchToSelectiveSearchFast();
      search->process(found);
    } catch (const cv::Exception& error) {
      fail("selective search: found that OpenCV refuses a picture of ", to_string(small.shape), ": ", error.what());
    }
    const double across = static_cast<double>(image.shape.width) / small.shape.width,
                 down = static_cast<double>(image.shape.height) / small.shape.height;
    std::vector<Box> boxes;
    for (const cv::Rect& r : in_order(std::move(found))) {
      if (boxes.size() == most) break;
      boxes.push_back({static_cast<float>(r.x * across), static_cast<float>(r.y * down),
                       static_cast<float>((r.x + r.width) * across), static_cast<float>((r.y + r.height) * down)});
    }
    return boxes;
  }

 private:
  static std::vector<cv::Rect> in_order(std::vector<cv::Rect> found) {
    const auto place = [](const cv::Rect& r) { return std::array{-r.area(), r.y, r.x, r.height, r.width}; };
    std::sort(found.begin(), found.end(), [&](const cv::Rect& a, const cv::Rect& b) { return place(a) < place(b); });
    found.erase(std::unique(found.begin(), found.end()), found.end());
    std::vector<std::pair<double, std::size_t>> ranks;
    for (std::size_t k = 0; k < found.size(); ++k) {
      RandomKey key = RandomKey(Seed{}).with("selective search");
      for (const int v : {found[k].x, found[k].y, found[k].width, found[k].height})
        key = key.with(static_cast<std::uint64_t>(v));
      ranks.emplace_back(static_cast<double>(key.uniform(0)) * static_cast<double>(k + 1), k);
    }
    std::sort(ranks.begin(), ranks.end());
    std::vector<cv::Rect> ordered;
    for (const auto& [rank, k] : ranks) ordered.push_back(found[k]);
    return ordered;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
