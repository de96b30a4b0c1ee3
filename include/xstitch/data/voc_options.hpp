#pragma once
/// \file
/// What of Pascal VOC becomes samples (voc.hpp), of what size, with which regions and labels; and where its files are.

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/regions.hpp>
#include <xstitch/io/folder.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

/// The 20 classes of Pascal VOC, in its order.
inline const std::vector<std::string>& voc_class_names() {
  static const std::vector<std::string> names{
      "aeroplane",   "bicycle", "bird",  "boat",      "bottle", "bus",         "car",   "cat",  "chair", "cow",
      "diningtable", "dog",     "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"};
  return names;
}

/// Where proposals come from. `automatic`: a MAT-file if one is found, else `propose` if it is given, else windows.
enum class VocProposals : std::uint8_t { automatic, file, computed, windows };

struct VocOptions {
  std::string set = "train";      ///< ImageSets/Main/SET.txt
  int height = 384, width = 512;  ///< of the network's input
  /// Of pictures.
  PixelScaling scaling = PixelScaling::caffe();
  RegionOptions regions{};                           ///< how many of a sample, and which
  VocProposals proposals = VocProposals::automatic;  ///< where they come from
  std::size_t most_proposals = 2000;                 ///< of an image: the first ones
  /// Regions of a picture, e.g. SelectiveSearch{}; called from several threads.
  std::function<std::vector<Box>(const ByteImage&)> propose{};
  /// Where computed proposals are kept as ID.npy (N x 4: x0 y0 x1 y1, in the picture's pixels) and read again; empty:
  /// nowhere. A folder belongs to one `propose`: nothing in it says which.
  std::string proposal_folder{};
  std::string proposal_path{};     ///< a MAT-file or a folder of them; empty: selective_search_data/voc_YEAR_SET.mat
  std::string attribute_folder{};  ///< empty: attribute_data, if there is one
  /// Of annotations, without the background.
  std::vector<std::string> class_names = voc_class_names();
  std::size_t cache_bytes = std::size_t{512} << 20;  ///< of pictures that are kept, if all of the set fit
  /// Names of the towers (or "tower.head"), and of the input of regions.
  std::string class_name = "detection.class", box_name = "detection.box", attribute_name = "attributes";
  std::string region_name = "regions";  ///< the towers' Input of regions

  /// An Error where a setting is outside its range.
  void check() const {
    if (height < 1 || width < 1)
      fail("Pascal VOC: found size ", height, "x", width, " asked for, expected at least 1x1");
    if (class_names.empty() || most_proposals == 0)
      fail("Pascal VOC: found ", class_names.size(), " classes and ", most_proposals,
           " proposals asked for, expected at least 1 of each");
    if (proposals == VocProposals::computed && !propose)
      fail("Pascal VOC: found computed proposals without `propose`, expected a function, e.g. SelectiveSearch{}");
    regions.check();
  }
};

/// The folders of a devkit: the given one holds Annotations, or VOC2008, or VOCdevkit/VOC2008 with it.
struct VocFolders {
  std::filesystem::path year;  ///< .../VOC2008

  /// The folder of a year, with JPEGImages, Annotations and ImageSets.
  explicit VocFolders(const std::filesystem::path& folder) {
    for (const char* below : {"", "VOC2008", "VOCdevkit/VOC2008"})
      if (year.empty() && file_exists(folder / below / "Annotations")) year = *below == 0 ? folder : folder / below;
    if (year.empty())
      fail("folder ", folder.native(), ": found no Annotations, VOC2008/Annotations or VOCdevkit/VOC2008/Annotations ",
           "in it, expected a devkit of Pascal VOC");
  }
  /// Of the list of a set.
  [[nodiscard]] std::string image_set(const std::string& set) const {
    return (year / "ImageSets" / "Main" / (set + ".txt")).string();
  }
  /// Of the annotation of a picture.
  [[nodiscard]] std::string annotation(const std::string& id) const {
    return (year / "Annotations" / (id + ".xml")).string();
  }
  /// Of a picture.
  [[nodiscard]] std::string image(const std::string& id) const {
    return (year / "JPEGImages" / (id + ".jpg")).string();
  }
  /// A file or folder beside the devkit: in the year's folder or one of the two above; empty if there is none.
  [[nodiscard]] std::string beside(const std::filesystem::path& name) const {
    const std::filesystem::path whole = std::filesystem::absolute(year).lexically_normal();
    const std::filesystem::path from = whole.has_filename() ? whole : whole.parent_path();
    for (const std::filesystem::path& folder : {from, from.parent_path(), from.parent_path().parent_path()})
      if (file_exists(folder / name)) return (folder / name).string();
    return {};
  }
  /// "2008" of "VOC2008".
  [[nodiscard]] std::string number() const {
    const std::string name = (year.has_filename() ? year : year.parent_path()).filename().string();
    return name.starts_with("VOC") ? name.substr(3) : "2008";
  }
};

}  // namespace xstitch::inline XSTITCH_ISA::data
