#pragma once
/// \file
/// Files of NumPy (.npy): one array, written in row-major order as little-endian float32 (or float16, int32), read from
/// any real type. Several in one file: io/npz.hpp.
///
///     xs::save_npy("normals.npy", tensor);                            // xt::xtensor<float, N>, a view, or NpyArray
///     xs::save_npy("classes.npy", labels, xs::NpyType::int32);
///     xt::xtensor<float, 3> back = xs::load_npy<3>("normals.npy");
///
/// Format: "\x93NUMPY", major and minor version, length of the header (16 bits in version 1, 32 in 2 and 3), a Python
/// dict with descr, fortran_order and shape, padded with spaces so that the data start at a multiple of 64.
/// Read: f2, f4, f8, i1..i8, u1..u8, b1; little-endian; row- or column-major (turned to row-major).
/// Errors: no such file, another format or type, a cut file or one with bytes left over, another rank than expected.

#include <xstitch/core/error.hpp>
#include <xstitch/core/little_endian.hpp>
#include <xstitch/core/xtensor.hpp>
#include <xstitch/io/file.hpp>
#include <xstitch/io/half.hpp>
#include <xstitch/io/limits.hpp>
#include <xstitch/io/npy_format.hpp>
#include <xstitch/io/regular_file.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

/// An array of NumPy's as floats.
struct NpyArray {
  std::vector<std::size_t> extents;  ///< row-major
  std::vector<float> values;         ///< row-major
};

/// What elements are written as. Whole numbers have to be whole, and below 2^24 where they came as floats.
enum class NpyType : std::uint8_t { float32, float16, int32 };

namespace npy {

/// All that stands before the elements.
inline std::string header_of(std::span<const std::size_t> extents, NpyType type) {
  std::string shape;
  for (const std::size_t e : extents) shape += (shape.empty() ? "" : " ") + std::to_string(e) + ",";
  if (extents.size() > 1) shape.pop_back();
  const char* descr = type == NpyType::float16 ? "<f2" : type == NpyType::int32 ? "<i4" : "<f4";
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  const auto size = static_cast<std::uint16_t>(header.size());
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(size & 0xff) + static_cast<char>(size >> 8) + header;
}

/// Calls write(bytes) for the pieces of a file.
template <class Write>
void write(const std::string& where, std::span<const float> values, std::span<const std::size_t> extents, NpyType type,
           const Write& write) {
  std::size_t count = 1;
  for (const std::size_t e : extents) count *= e;
  const std::string header = header_of(extents, type);
  if (count != values.size())
    fail(where, ": found ", values.size(), " values to write, expected ", count, " for ", header.substr(10));
  write(std::as_bytes(std::span(header)));
  if (type == NpyType::float32) {
    std::vector<std::byte> copy;
    return write(little_endian_bytes(std::as_bytes(values), sizeof(float), copy));
  }
  std::vector<std::uint16_t> halves;
  std::vector<std::int32_t> whole;
  constexpr std::size_t piece = 65536;
  for (std::size_t begin = 0; begin < values.size(); begin += piece) {
    halves.clear(), whole.clear();
    for (const float value : values.subspan(begin, std::min(piece, values.size() - begin))) {
      if (type == NpyType::float16) {
        halves.push_back(little_endian(to_half(value)));
        continue;
      }
      if (!(std::abs(value) <= 0x1p24F) || value != std::floor(value))
        fail(where, ": found the value ", value, ", expected whole numbers of at most 2^24");
      whole.push_back(little_endian(static_cast<std::int32_t>(value)));
    }
    write(type == NpyType::float16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span(whole)));
  }
}

/// A copy of any expression of xtensor of fixed rank.
template <class E>
NpyArray array_of(const xt::xexpression<E>& expression) {
  // xtensor<float, rank> by name: see core/views.hpp.
  const E& e = expression.derived_cast();
  const xt::xtensor<float, std::tuple_size_v<typename E::shape_type>> tensor = e;
  return {std::vector<std::size_t>(tensor.shape().begin(), tensor.shape().end()),
          std::vector<float>(tensor.data(), tensor.data() + tensor.size())};
}

/// An array as a tensor of rank N.
template <std::size_t N>
xt::xtensor<float, N> tensor_of(const NpyArray& array, const std::string& where) {
  if (array.extents.size() != N) fail(where, ": found an array of rank ", array.extents.size(), ", expected ", N);
  std::array<std::size_t, N> shape{};
  std::copy(array.extents.begin(), array.extents.end(), shape.begin());
  xt::xtensor<float, N> tensor(shape);
  std::copy(array.values.begin(), array.values.end(), tensor.data());
  return tensor;
}

/// The array in `file`; `where` is for messages: "file a.npy".
inline NpyArray parse(std::string_view file, const std::string& where) {
  if (file.size() < 10 || file.compare(0, 6, "\x93NUMPY") != 0)
    fail(where, ": found ", file.size(), " bytes that do not start with \\x93NUMPY, expected a .npy file");
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(file[i])); };
  const std::size_t major = byte(6), start = major == 1 ? 10 : 12;
  if (major < 1 || major > 3) fail(where, ": found version ", major, " of the .npy format, expected 1, 2 or 3");
  if (file.size() < start) fail(where, ": found ", file.size(), " bytes, expected a header");
  std::size_t length = byte(8) | (byte(9) << 8);
  if (major > 1) length |= (byte(10) << 16) | (byte(11) << 24);
  if (length > file.size() - start)
    fail(where, ": found ", file.size() - start, " bytes of header, expected ", length, " (a cut file?)");
  const std::string_view header = file.substr(start, length);

  const std::string_view descr = field(header, "descr", where);
  const auto type = std::find_if(types.begin(), types.end(), [&](const Type& t) {
    return descr.size() > 4 && descr.substr(2, t.name.size() + 1) == std::string(t.name) + descr[0];
  });
  const bool little = descr.size() > 1 && (descr[1] == '<' || descr[1] == '|' || descr[1] == '=');
  if (type == types.end() || !little)
    fail(where, ": found elements of type ", limits::excerpt(descr.substr(0, descr.find(','))),
         ", expected little-endian real numbers");
  const bool fortran = field(header, "fortran_order", where).starts_with("True");

  NpyArray array;
  array.extents = npy::extents(field(header, "shape", where), where);
  std::size_t count = 1;
  for (const std::size_t e : array.extents) count *= e;
  const std::span<const char> data = std::span<const char>(file).subspan(start + length);
  if (data.size() / type->bytes != count || data.size() % type->bytes != 0)
    fail(where, ": found ", data.size(), " bytes of data, expected ", count, " elements of ", type->bytes, " bytes");
  array.values = type->convert(data);
  if (fortran && array.extents.size() > 1 && count > 0) array.values = to_row_major(array.values, array.extents);
  return array;
}
/// Reads a file of NumPy's as floats; an Error where its type or size is another than its header says.
inline NpyArray load(const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = file::read_regular(path, "a .npy file");
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "file " + path.string());
}

}  // namespace npy

/// Writes `values`, row-major of the given extents.
inline void save_npy(const std::filesystem::path& path, std::span<const float> values,
                     std::span<const std::size_t> extents, NpyType type = NpyType::float32) {
  AtomicFile out(path);
  npy::write("file " + path.string(), values, extents, type,
             [&](std::span<const std::byte> bytes) { out.write(bytes); });
  out.commit();
}
/// Writes an array, row-major, as float32, float16 or int32.
inline void save_npy(const std::filesystem::path& path, const NpyArray& array, NpyType type = NpyType::float32) {
  save_npy(path, array.values, array.extents, type);
}
/// Writes a tensor, a view or any expression of xtensor of fixed rank.
template <class E>
void save_npy(const std::filesystem::path& path, const xt::xexpression<E>& expression,
              NpyType type = NpyType::float32) {
  save_npy(path, npy::array_of(expression), type);
}

/// Reads an array of any rank.
inline NpyArray load_npy(const std::filesystem::path& path) {
  return limits::guard(path.native(), [&] { return npy::load(path); });
}

/// Reads an array of rank N.
template <std::size_t N>
xt::xtensor<float, N> load_npy(const std::filesystem::path& path) {
  return limits::guard(path.native(), [&] { return npy::tensor_of<N>(npy::load(path), "file " + path.string()); });
}

}  // namespace xstitch::inline XSTITCH_ISA
