#pragma once
/// \file
/// Selective search (Uijlings, van de Sande, Gevers, Smeulders 2013) by OpenCV: regions of an image that may hold an
/// object, from a hierarchical grouping of segments. The order is OpenCV's.
///
///     xs::data::Voc train(folder, {.propose = xs::data::SelectiveSearch{}});
///
/// Needs OpenCV with ximgproc (component selective_search). About a second an image of 500 x 375 in fast mode;
/// `smaller` looks at a smaller picture.
///
/// OpenCV orders its regions by its global random numbers (cv::theRNG), which are set to a fixed state for each image:
/// the same picture gives the same regions, on whatever thread.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/resize.hpp>

#include <opencv2/core.hpp>
#include <opencv2/ximgproc/segmentation.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

struct SelectiveSearch {
  bool quality = false;     ///< OpenCV's "quality" strategies: more regions, several times the time
  double smaller = 1;       ///< sides are divided by this first
  std::size_t most = 2000;  ///< regions

  std::vector<Box> operator()(const ByteImage& image) const {
    if (image.shape.channels != 3 || !image.shape.valid() || !(smaller >= 1))
      fail("selective search: found a picture of ", to_string(image.shape), " to be divided by ", smaller,
           ", expected 3 channels and a divisor of at least 1");
    const auto side = [this](int extent) { return std::max(1, static_cast<int>(std::lround(extent / smaller))); };
    const ByteImage small = resize_smooth(image, side(image.shape.height), side(image.shape.width));
    std::vector<cv::Rect> found;
    try {
      cv::theRNG().state = 0x9e3779b97f4a7c15ULL;
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
    for (const cv::Rect& r : found) {
      if (boxes.size() == most) break;
      boxes.push_back({static_cast<float>(r.x * across), static_cast<float>(r.y * down),
                       static_cast<float>((r.x + r.width) * across), static_cast<float>((r.y + r.height) * down)});
    }
    return boxes;
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
