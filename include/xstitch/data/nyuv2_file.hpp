#pragma once
/// \file
/// nyu_depth_v2_labeled.mat: the labelled part of NYU Depth V2, a MATLAB v7.3 file, which is HDF5 after 512 bytes.
///
/// HDF5 sees MATLAB's extents reversed. Of N views, H high and W wide:
///
///     images            (N, 3, W, H)  uint8    red, green, blue
///     labels            (N, W, H)     uint16   raw class 1..894, 0 unlabelled
///     depths, rawDepths (N, W, H)     float32  metres; filled in; as measured, with holes = 0
///     names, scenes     references to uint16 characters
///
/// Pixel (row r, column c) of view n is labels[n][c][r]; what is returned here is row-major, [H, W, channels]. One view
/// is read at a time: the file (2.8 GB) is never in memory as a whole.
///
/// Needs the HDF5 C library (hdf5_handle.hpp). HDF5 files are for trusted sources: that library itself follows some
/// damaged ones into crashes and endless loops, which nothing here can stop. What is bounded here (io/limits.hpp) is
/// what the file asks this reader, and the library's chunks, to hold. Errors: no such file, no HDF5, a cut or damaged
/// file (with HDF5's own words), a data set that is missing or has another rank, type or extents.

#include <xstitch/core/descriptor.hpp>
#include <xstitch/core/error.hpp>
#include <xstitch/data/hdf5_handle.hpp>
#include <xstitch/data/image.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class Nyuv2File {
 public:
  /// Opens nyu_depth_v2_labeled.mat.
  explicit Nyuv2File(std::string path) : path_(std::move(path)) {
    limits::guard(path_, [&] { open_file(); });
  }
  ~Nyuv2File() {
    const detail::Hdf5Guard guard;
    close();
  }
  Nyuv2File(const Nyuv2File&) = delete;
  Nyuv2File& operator=(const Nyuv2File&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }               ///< as it was opened
  [[nodiscard]] std::size_t size() const noexcept { return size_; }                      ///< views
  [[nodiscard]] int height() const noexcept { return height_; }                          ///< pixels of a view
  [[nodiscard]] int width() const noexcept { return width_; }                            ///< pixels of a view
  [[nodiscard]] bool has_raw_depths() const noexcept { return raw_depths_.id.valid(); }  ///< depth as measured
  /// Red, green, blue.
  [[nodiscard]] ByteImage image(std::size_t view) const {
    return {{height_, width_, 3}, read<std::uint8_t>(images_, H5T_NATIVE_UINT8, view, 3)};
  }
  /// Raw classes, 1 to 894; 0 where nobody has said one.
  [[nodiscard]] std::vector<std::uint16_t> labels(std::size_t view) const {
    return read<std::uint16_t>(labels_, H5T_NATIVE_UINT16, view, 1);
  }
  /// Metres, holes filled.
  [[nodiscard]] std::vector<float> depths(std::size_t view) const {
    return read<float>(depths_, H5T_NATIVE_FLOAT, view, 1);
  }
  /// As measured; 0 where the sensor saw nothing. Only if has_raw_depths().
  [[nodiscard]] std::vector<float> raw_depths(std::size_t view) const {
    return read<float>(raw_depths_, H5T_NATIVE_FLOAT, view, 1);
  }

  /// A cell of texts: "names" (894 raw classes), "scenes", "sceneTypes".
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const {
    return limits::guard(path_, [&] { return read_texts(name); });
  }

 private:
  struct Array {
    std::string name;
    detail::Hdf5Id id;
    std::vector<hsize_t> extents;
  };

  void open_file() {
    file_bytes_ = file::regular_size(path_, "nyu_depth_v2_labeled.mat (MATLAB v7.3)");
    const detail::Hdf5Guard guard;
    const file::StandardNumbersTaken taken;
    if (H5Fis_hdf5(path_.c_str()) <= 0)
      fail("file ", path_, ": found a file that is not HDF5, expected a MATLAB v7.3 file (", guard.message(), ")");
    file_ = {H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose};
    if (!file_.valid())
      fail("file ", path_, ": found a damaged or cut HDF5 file, expected an intact one (", guard.message(), ")");
    // An exception below leaves through here: members already made are closed under the guard.
    try {
      images_ = open("images", 4);
      labels_ = open("labels", 3);
      depths_ = open("depths", 3);
      const auto& e = images_.extents;
      if (e[1] != 3)
        fail("file ", path_, ", images: found extents ", text(images_), ", expected (views, 3, width, height)");
      for (const hsize_t extent : e)
        if (extent < 1 || extent > 10'000)
          fail("file ", path_, ", images: found extents ", text(images_), ", expected each from 1 to 10000");
      size_ = static_cast<std::size_t>(e[0]);
      width_ = static_cast<int>(e[2]);
      height_ = static_cast<int>(e[3]);
      budget().take(e[2] * e[3], 2 * sizeof(float));  // depths, and the same in the other order
      check(images_, H5T_INTEGER, 1);
      check(labels_, H5T_INTEGER, 2);
      check(depths_, H5T_FLOAT, 4);
      if (H5Lexists(file_.get(), "rawDepths", H5P_DEFAULT) > 0) {
        raw_depths_ = open("rawDepths", 3);
        check(raw_depths_, H5T_FLOAT, 4);
      }
    } catch (...) {
      close();
      throw;
    }
  }

  [[nodiscard]] limits::Budget budget() const { return {"file " + path_, file_bytes_}; }

  static std::string text(const Array& array) {
    std::string out;
    for (const hsize_t e : array.extents) out += (out.empty() ? "" : ", ") + std::to_string(e);
    return "(" + out + ")";
  }

  [[nodiscard]] std::vector<std::string> read_texts(const std::string& name) const {
    const detail::Hdf5Guard guard;
    const Array cell = open(name.c_str(), 2);
    const detail::Hdf5Id type(H5Dget_type(cell.id.get()), H5Tclose);
    if (H5Tequal(type.get(), H5T_STD_REF_OBJ) <= 0)
      fail("file ", path_, ", ", name, ": found another type, expected references to texts");
    limits::Budget budget = this->budget();
    // A text that is asked for counts, and so does each time that the same one is.
    const hsize_t rows = cell.extents[0], columns = cell.extents[1];
    if (columns != 0) budget.take(rows > file_bytes_ * 1024 / columns ? ~hsize_t{0} : rows * columns, 64);
    std::vector<hobj_ref_t> references(static_cast<std::size_t>(rows * columns));
    if (H5Dread(cell.id.get(), H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data()) < 0)
      fail("file ", path_, ", ", name, ": found a damaged file, expected references (", guard.message(), ")");
    std::vector<std::string> out;
    out.reserve(references.size());
    for (const hobj_ref_t& reference : references) {
      const detail::Hdf5Id item(H5Rdereference2(cell.id.get(), H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
      const detail::Hdf5Id space(item.valid() ? H5Dget_space(item.get()) : -1, H5Sclose);
      const hssize_t count = space.valid() ? H5Sget_simple_extent_npoints(space.get()) : -1;
      if (count < 0 || count > 100'000)
        fail("file ", path_, ", ", name, ", item ", out.size(), ": found no text there, expected one (",
             guard.message(), ")");
      budget.take(static_cast<std::uint64_t>(count) + 64, 1);
      std::vector<std::uint16_t> characters(static_cast<std::size_t>(count));
      if (H5Dread(item.get(), H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data()) < 0)
        fail("file ", path_, ", ", name, ", item ", out.size(), ": found no characters, expected a text (",
             guard.message(), ")");
      out.emplace_back().reserve(characters.size());
      for (const std::uint16_t c : characters) out.back() += c < 128 ? static_cast<char>(c) : '?';
    }
    return out;
  }

  /// With room in the cache for a chunk of a few views, so that files chunked otherwise still read once.
  [[nodiscard]] Array open(const char* name, int rank) const {
    const detail::Hdf5Id access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
    H5Pset_chunk_cache(access.get(), 521, std::size_t{16} << 20, 0.75);
    Array array{name, {H5Dopen2(file_.get(), name, access.get()), H5Dclose}, {}};
    if (!array.id.valid())
      fail("file ", path_, ": found no data set '", name, "', expected one (", detail::Hdf5Guard::message(), ")");
    const detail::Hdf5Id space(H5Dget_space(array.id.get()), H5Sclose);
    const int found = space.valid() ? H5Sget_simple_extent_ndims(space.get()) : -1;
    if (found != rank) fail("file ", path_, ", ", name, ": found rank ", found, ", expected ", rank);
    array.extents.resize(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), array.extents.data(), nullptr);
    budget().take(detail::hdf5_chunk_bytes(array.id.get(), array.extents.size()));
    return array;
  }

  /// Type and, for all but the images, extents.
  void check(const Array& array, H5T_class_t wanted, std::size_t bytes) const {
    const detail::Hdf5Id type(H5Dget_type(array.id.get()), H5Tclose);
    const H5T_class_t found = H5Tget_class(type.get());
    const std::size_t size = H5Tget_size(type.get());
    const bool sign = found == H5T_INTEGER && H5Tget_sign(type.get()) != H5T_SGN_NONE;
    if (found != wanted || size != bytes || sign)
      fail("file ", path_, ", ", array.name, ": found elements of ", size, " bytes (",
           found == H5T_FLOAT     ? "floating point"
           : found != H5T_INTEGER ? "no numbers"
           : sign                 ? "signed"
                                  : "unsigned",
           "), expected ", bytes, " bytes, ", wanted == H5T_FLOAT ? "floating point" : "unsigned");
    if (array.extents.size() == 3 &&
        (array.extents[0] != size_ || array.extents[1] != images_.extents[2] || array.extents[2] != images_.extents[3]))
      fail("file ", path_, ", ", array.name, ": found extents ", text(array), ", expected (", size_, ", ", width_, ", ",
           height_, ") as the images have");
  }

  /// One view, row-major.
  template <class T>
  [[nodiscard]] std::vector<T> read(const Array& array, hid_t type, std::size_t view, std::size_t channels) const {
    return limits::guard(path_, [&] { return transposed(read_columns<T>(array, type, view, channels), channels); });
  }

  /// One view, in the order of the file.
  template <class T>
  [[nodiscard]] std::vector<T> read_columns(const Array& array, hid_t type, std::size_t view,
                                            std::size_t channels) const {
    if (view >= size_) fail("file ", path_, ", ", array.name, ": view ", view, " wanted, found ", size_, " views");
    const detail::Hdf5Guard guard;
    if (!array.id.valid()) fail("file ", path_, ": found no data set of measured depths, expected 'rawDepths'");
    std::vector<T> out(channels * static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_));
    std::vector<hsize_t> start(array.extents.size(), 0), count = array.extents;
    start[0] = view;
    count[0] = 1;
    const detail::Hdf5Id space(H5Dget_space(array.id.get()), H5Sclose);
    const hsize_t flat = out.size();
    const detail::Hdf5Id memory(H5Screate_simple(1, &flat, nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
        H5Dread(array.id.get(), type, memory.get(), space.get(), H5P_DEFAULT, out.data()) < 0)
      fail("file ", path_, ", ", array.name, ", view ", view, ": found a damaged or cut file, expected an intact one (",
           guard.message(), ")");
    return out;
  }

  /// [channels][column][row] to [row][column][channels].
  template <class T>
  [[nodiscard]] std::vector<T> transposed(const std::vector<T>& in, std::size_t channels) const {
    const auto h = static_cast<std::size_t>(height_), w = static_cast<std::size_t>(width_);
    std::vector<T> out(in.size());
    for (std::size_t k = 0; k < channels; ++k)
      for (std::size_t r = 0; r < h; ++r)
        for (std::size_t c = 0; c < w; ++c) out[(r * w + c) * channels + k] = in[(k * w + c) * h + r];
    return out;
  }

  void close() {
    images_.id.reset();
    labels_.id.reset();
    depths_.id.reset();
    raw_depths_.id.reset();
    file_.reset();
  }

  std::string path_;
  std::uint64_t file_bytes_ = 0;
  detail::Hdf5Id file_;
  Array images_, labels_, depths_, raw_depths_;
  std::size_t size_ = 0;
  int height_ = 0, width_ = 0;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
