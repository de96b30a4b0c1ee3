#pragma once
/// \file
/// The images of one set of Pascal VOC, in their own pixels: annotations joined with attributes, pictures, proposals.
/// voc.hpp makes samples of them. Annotations and lists are read by the constructor, pictures and proposals that are
/// computed when they are asked for; those are kept (pictures scaled for the letterbox, if all of the set fit into
/// options.cache_bytes).

#include <xstitch/core/boxes.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/data/jpeg_image.hpp>
#include <xstitch/data/letterbox.hpp>
#include <xstitch/data/voc_annotation.hpp>
#include <xstitch/data/voc_attributes.hpp>
#include <xstitch/data/voc_lists.hpp>
#include <xstitch/data/voc_options.hpp>
#include <xstitch/data/voc_proposals.hpp>
#include <xstitch/io/folder.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace xstitch::inline XSTITCH_ISA::data {

class VocImages {
 public:
  VocImages(const std::string& folder, VocOptions options)
      : options_(std::move(options)), folders_(folder), cache_(std::make_shared<Cache>()) {
    options_.check();
    ids_ = read_image_set(folders_.image_set(options_.set));
    read_annotations();
    open_proposals();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      const Letterbox box = letterbox(i);
      bytes += static_cast<std::size_t>(box.scaled_height()) * static_cast<std::size_t>(box.scaled_width()) * 3;
    }
    if (bytes <= options_.cache_bytes) cache_->pictures.resize(size());
    cache_->proposals.resize(size());
  }

  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }
  [[nodiscard]] const VocOptions& options() const noexcept { return options_; }
  [[nodiscard]] const std::string& id(std::size_t index) const { return ids_[checked(index)]; }
  [[nodiscard]] std::string path(std::size_t index) const { return folders_.image(id(index)); }
  [[nodiscard]] const VocAnnotation& annotation(std::size_t index) const { return annotations_[checked(index)]; }
  [[nodiscard]] const VocAttributes& attributes() const noexcept { return attributes_; }
  [[nodiscard]] VocProposals proposals_from() const noexcept { return from_; }

  /// Where the picture lies in a network's input.
  [[nodiscard]] Letterbox letterbox(std::size_t index) const {
    const VocAnnotation& image = annotation(index);
    return {image.height, image.width, options_.height, options_.width};
  }
  /// The picture at the size that it has there.
  [[nodiscard]] std::shared_ptr<const ByteImage> picture(std::size_t index) const {
    return kept(cache_->pictures, index, [&] { return letterbox(index).shrink(whole_picture(index)); });
  }
  [[nodiscard]] ByteImage whole_picture(std::size_t index) const {
    const VocAnnotation& image = annotation(index);
    return read_jpeg(path(index), {image.height, image.width, 3});
  }
  /// Clipped to the image, options().most_proposals at most.
  [[nodiscard]] std::shared_ptr<const std::vector<Box>> proposals(std::size_t index) const {
    return kept(cache_->proposals, index, [&] { return make_proposals(index); });
  }

 private:
  struct Cache {
    std::mutex mutex;
    std::vector<std::shared_ptr<const ByteImage>> pictures;  ///< empty: none is kept
    std::vector<std::shared_ptr<const std::vector<Box>>> proposals;
  };

  [[nodiscard]] std::size_t checked(std::size_t index) const {
    if (index >= size()) fail("set ", options_.set, ": image ", index, " wanted, found ", size());
    return index;
  }

  void read_annotations() {
    const std::string folder =
        options_.attribute_folder.empty() ? folders_.beside("attribute_data") : options_.attribute_folder;
    if (!folder.empty()) attributes_ = VocAttributes(folder);
    annotations_.reserve(size());
    for (const std::string& id : ids_) {
      (void)file::regular_size(folders_.image(id), "the picture of an annotation");
      annotations_.push_back(read_voc_annotation(folders_.annotation(id), options_.class_names));
      attributes_.join(id, options_.class_names, annotations_.back().objects);
    }
  }

  void open_proposals() {
    const std::string name = "voc_" + folders_.number() + "_" + options_.set + ".mat";
    from_ = options_.proposals;
    if (from_ == VocProposals::automatic || from_ == VocProposals::file) {
      path_ = options_.proposal_path;
      if (path_.empty()) path_ = folders_.beside(std::filesystem::path("selective_search_data") / name);
      if (from_ == VocProposals::file && path_.empty())
        fail("folder ", folders_.year.native(), ": found no selective_search_data/", name,
             " beside it, expected one, or ", "proposal_path");
    }
    if (from_ == VocProposals::automatic)
      from_ = !path_.empty() ? VocProposals::file : options_.propose ? VocProposals::computed : VocProposals::windows;
    if (from_ != VocProposals::file || S_ISDIR(file::mode_of(path_))) return;
    auto all = std::make_shared<BoxesById>(read_proposal_file(path_, ids_, options_.most_proposals));
    for (const std::string& id : ids_)
      if (!all->contains(id)) fail("file ", path_, ": found no boxes of image '", id, "', expected some");
    boxes_ = std::move(all);
  }

  [[nodiscard]] std::vector<Box> make_proposals(std::size_t index) const {
    const VocAnnotation& image = annotation(index);
    std::string where = "file " + path_ + ", image '" + id(index) + "'";
    std::vector<Box> boxes;
    if (from_ == VocProposals::windows) {
      boxes = sliding_windows(image.height, image.width);
    } else if (from_ == VocProposals::computed) {
      where = "proposals of file " + path(index);
      boxes = computed(index);
    } else if (boxes_) {
      boxes = boxes_->at(id(index));
    } else {
      const std::string own = (std::filesystem::path(path_) / (id(index) + ".mat")).string();
      where = "file " + own;
      boxes = read_image_proposals(own, options_.most_proposals);
    }
    if (boxes.size() > options_.most_proposals) boxes.resize(options_.most_proposals);
    return inside_image(boxes, image.height, image.width, where);
  }

  /// What `propose` says, or said before (options().proposal_folder).
  [[nodiscard]] std::vector<Box> computed(std::size_t index) const {
    if (options_.proposal_folder.empty()) return options_.propose(whole_picture(index));
    const std::string file = (std::filesystem::path(options_.proposal_folder) / (id(index) + ".npy")).string();
    if (file_exists(file)) return load_boxes(file);
    std::vector<Box> boxes = options_.propose(whole_picture(index));
    make_folder(options_.proposal_folder);
    save_boxes(file, boxes);
    return boxes;
  }

  /// What `make` gives, from the cache if it is there; made outside the lock.
  template <class T, class Make>
  std::shared_ptr<const T> kept(std::vector<std::shared_ptr<const T>>& cache, std::size_t index,
                                const Make& make) const {
    (void)checked(index);
    {
      const std::lock_guard lock(cache_->mutex);
      if (!cache.empty() && cache[index]) return cache[index];
    }
    auto made = std::make_shared<const T>(make());
    const std::lock_guard lock(cache_->mutex);
    if (!cache.empty()) cache[index] = made;
    return made;
  }

  using BoxesById = std::map<std::string, std::vector<Box>>;

  VocOptions options_;
  VocFolders folders_;
  std::vector<std::string> ids_;
  std::vector<VocAnnotation> annotations_;
  VocAttributes attributes_;
  VocProposals from_ = VocProposals::automatic;
  std::string path_;  ///< of the proposals: a file or a folder
  std::shared_ptr<const BoxesById> boxes_;
  std::shared_ptr<Cache> cache_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
