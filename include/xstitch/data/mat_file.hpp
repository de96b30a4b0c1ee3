#pragma once
/// \file
/// Reader of MAT-files of version 5: numbers, text, cells and structs, plain or compressed.
///
///     const xs::data::MatFile file("splits.mat");
///     std::vector<double> train = file.at("trainNdxs").numbers;
///
/// A variable is read when it is asked for: others may be of kinds that are not read, or damaged. Numbers are converted
/// from the type they are stored in (MATLAB stores a double array of small integers as uint8 or uint16). Needs zlib.
/// Errors: no such file, another version, a cut or damaged file; on asking, a variable that is missing, damaged or of
/// another kind (sparse, object, function handle; opaque: MATLAB's tables, strings and dates).
/// Source: MathWorks, "MAT-File Format".
///
/// Why not matio: it returns whatever was in memory before, without an error, for the part of a file that was cut
/// off. The tests write their files with matio, so that the two check each other.

#include <xstitch/core/error.hpp>
#include <xstitch/data/mat_array.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/regular_file.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::data {

class MatFile {
 public:
  /// Opens a file; an Error where it is no MAT file of version 5.
  explicit MatFile(std::string path) : path_(std::move(path)) {
    limits::guard(path_, [&] { open(); });
  }
  MatFile(const MatFile&) = delete;
  MatFile& operator=(const MatFile&) = delete;

  /// As it was opened.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Names of the variables, of whatever kind.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, element] : elements_) all.push_back(name);
    return all;
  }

  /// The variable of that name, which stays valid as long as the file object; an error lists those that are there.
  [[nodiscard]] const MatArray& at(const std::string& name) const {
    return limits::guard(path_, [&]() -> const MatArray& { return read(name); });
  }

 private:
  using Element = detail::MatCursor::Element;

  void open() {
    bytes_ = file::read_regular(path_, "a MAT-file of version 5");
    const std::span<const std::uint8_t> bytes(bytes_);
    if (bytes.size() < 128)
      fail("file ", path_, ": found ", bytes.size(), " bytes, expected a MAT-file (its header has 128)");
    const int version = bytes[124] | (bytes[125] << 8);
    if (bytes[126] != 'I' || bytes[127] != 'M' || version != 0x0100)
      fail("file ", path_, ": found ",
           version == 0x0200 ? "MAT-file version 7.3 (HDF5)" : "no header of a little-endian MAT-file",
           ", expected MAT-file version 5");
    budget_.emplace("file " + path_, bytes.size());
    budget_->take(bytes.size());
    detail::MatCursor cursor(bytes.subspan(128), path_);
    while (!cursor.done()) {
      const auto element = cursor.next();
      if (element.type != detail::MatCursor::compressed && element.type != detail::MatCursor::matrix) continue;
      std::vector<std::uint8_t> beginning;  // enough for flags, extents and name
      limits::Budget passing = *budget_;
      const auto matrix = unpacked(element, beginning, passing, 4096);
      if (matrix.type != detail::MatCursor::matrix) continue;
      detail::MatCursor content(matrix.content, path_);
      const std::string name = detail::MatHeader(content).name;
      budget_->take(name.size() + 128);
      if (!name.empty()) elements_[name] = element;  // without a name: what MATLAB's own objects refer to
    }
  }
  const MatArray& read(const std::string& name) const {
    const auto found = elements_.find(name);
    if (found == elements_.end()) {
      std::string there;
      for (const auto& [key, value] : elements_) there += (there.empty() ? "" : ", ") + key;
      fail("file ", path_, ": found the variables [", limits::excerpt(there, 2000), "], expected '", name,
           "' among them");
    }
    const std::scoped_lock lock(mutex_);
    if (const auto known = read_.find(name); known != read_.end()) return known->second;
    std::vector<std::uint8_t> inflated;
    limits::Budget budget = *budget_;  // what fails leaves the file's as it was
    const auto matrix = unpacked(found->second, inflated, budget, detail::whole_element);
    MatArray array = detail::read_mat_array(matrix.content, path_, budget);
    if (array.kind == MatArray::Kind::other) {
      detail::MatCursor content(matrix.content, path_);
      fail("file ", path_, ": found that '", name, "' is of MATLAB's class ", detail::MatHeader(content).array_class,
           ", expected numbers, text, a cell or a struct");
    }
    MatArray& kept = read_[name] = std::move(array);
    budget.give_back(inflated.size());
    budget_ = std::move(budget);
    return kept;
  }

  /// The element that a compressed one holds, in `memory`, or that element itself: whole, or its first `wanted` bytes,
  /// of which there may be fewer: what a variable lacks is an error when it is asked for.
  [[nodiscard]] Element unpacked(const Element& element, std::vector<std::uint8_t>& memory, limits::Budget& budget,
                                 std::size_t wanted) const {
    if (element.type != detail::MatCursor::compressed) return element;
    memory = detail::inflate_mat(element.content, detail::MatCursor(element.content, path_), budget, wanted);
    return detail::MatCursor(memory, path_).next(wanted != detail::whole_element);
  }

  std::string path_;
  std::vector<std::uint8_t> bytes_;
  std::map<std::string, Element> elements_;  ///< views into bytes_
  mutable std::mutex mutex_;
  mutable std::optional<limits::Budget> budget_;  ///< of all variables together, which are kept
  mutable std::map<std::string, MatArray> read_;
};

}  // namespace xstitch::inline XSTITCH_ISA::data
