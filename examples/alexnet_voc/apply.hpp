#pragma once
// A saved detector at work: judged on images, or on a picture of the user's own.
#include <xstitch/run/predictor_core.hpp>

#include <string>
#include <vector>

#include "menu.hpp"

namespace alexnet_voc {

/// What a file of the runner's says of its network.
struct Saved {
  Preset preset;
  std::string network;
  std::vector<std::string> classes, attributes;  ///< those that the data had
  bool caffe_pixels = false;
  std::vector<xs::AnyPredictor> predictors;  ///< one
  bool detects = false, judges_attributes = false;
};
/// Errors: metadata of another program, a preset that is not there.
Saved open_saved(const std::string& file, std::size_t threads);
/// Whether a file's metadata is of a network of these.
bool is_detector(const std::string& file);

/// Prints tables: classes, attributes. `data`: rooms, or a folder.
void evaluate_detector(const std::string& file, const std::string& data, const std::string& set, std::size_t rooms,
                       std::size_t threads);
/// `output`: a PNG with boxes drawn into the picture, or an .html page with labels and attributes, too. What was found
/// is printed, in the picture's own pixels.
void detect_in_picture(const std::string& file, const std::string& picture, const std::string& output,
                       std::size_t threads);

}  // namespace alexnet_voc
