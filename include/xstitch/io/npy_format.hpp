#pragma once
/// \file
/// What a .npy file says of itself, and its elements as floats in row-major order. Include <xstitch/io/npy.hpp>.

#include <xstitch/core/error.hpp>
#include <xstitch/core/little_endian.hpp>
#include <xstitch/io/half.hpp>
#include <xstitch/io/limits.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

namespace npy {

/// The text after 'key': in the header's dict.
inline std::string_view field(std::string_view header, std::string_view key, const std::string& where) {
  for (const char quote : {'\'', '"'}) {
    const std::string quoted = quote + std::string(key) + quote;
    std::size_t at = header.find(quoted);
    if (at == std::string_view::npos) continue;
    at += quoted.size();
    while (at < header.size() && (header[at] == ' ' || header[at] == ':')) ++at;
    return header.substr(at);
  }
  fail(where, ": found the header ", limits::excerpt(header), ", expected '", key, "' in it");
}

/// "(2, 3)" to {2, 3}; "()" is a single number.
inline std::vector<std::size_t> extents(std::string_view text, const std::string& where) {
  std::vector<std::size_t> out;
  bool digits = false, closed = false;
  std::size_t count = 1;
  for (std::size_t i = 1; !text.empty() && text[0] == '(' && i < text.size() && !closed; ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      if (!digits) out.push_back(0);
      digits = true;
      if (out.back() > (std::size_t{1} << 40))
        fail(where, ": found the shape ", limits::excerpt(text), ", expected one that memory holds");
      out.back() = out.back() * 10 + static_cast<std::size_t>(c - '0');
    } else if (c == ')') {
      closed = true;
    } else if (c == ',' || c == ' ' || c == 'L') {
      digits = false;
    } else {
      break;
    }
  }
  if (!closed) fail(where, ": found the shape ", limits::excerpt(text), ", expected numbers in parentheses");
  for (const std::size_t e : out) {
    if (e != 0 && count > (std::size_t{1} << 40) / e)
      fail(where, ": found the shape ", limits::excerpt(text), ", expected one that memory holds");
    count *= e;
  }
  return out;
}

/// A float16 in a file.
struct Half {
  std::uint16_t bits;
  explicit operator float() const { return from_half(bits); }
};

template <class T>
std::vector<float> convert(std::span<const char> bytes) {
  std::vector<float> out(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<float>(little_endian(value));
  }
  return out;
}

struct Type {
  std::string_view name;
  std::size_t bytes;
  std::vector<float> (*convert)(std::span<const char>);
};
inline constexpr std::array<Type, 12> types = {{{"f2", 2, convert<Half>},
                                                {"f4", 4, convert<float>},
                                                {"f8", 8, convert<double>},
                                                {"i1", 1, convert<std::int8_t>},
                                                {"i2", 2, convert<std::int16_t>},
                                                {"i4", 4, convert<std::int32_t>},
                                                {"i8", 8, convert<std::int64_t>},
                                                {"u1", 1, convert<std::uint8_t>},
                                                {"u2", 2, convert<std::uint16_t>},
                                                {"u4", 4, convert<std::uint32_t>},
                                                {"u8", 8, convert<std::uint64_t>},
                                                {"b1", 1, convert<std::uint8_t>}}};

/// Column-major values to row-major ones. Extents of 1 are left out: of the others there are at most 40, and a step
/// changes two of their indices on average, however high the rank is.
inline std::vector<float> to_row_major(const std::vector<float>& values, const std::vector<std::size_t>& extents) {
  struct Axis {
    std::size_t extent, stride, index;
  };
  std::vector<Axis> axes;
  std::size_t stride = 1;
  for (const std::size_t extent : extents) {
    if (extent != 1) axes.push_back({extent, stride, 0});
    stride *= extent;
  }
  std::vector<float> out(values.size());
  std::size_t at = 0;
  for (float& value : out) {
    value = values[at];
    for (std::size_t k = axes.size(); k-- > 0;) {
      at += axes[k].stride;
      if (++axes[k].index < axes[k].extent) break;
      at -= axes[k].stride * axes[k].extent;
      axes[k].index = 0;
    }
  }
  return out;
}

}  // namespace npy

}  // namespace xstitch::inline XSTITCH_ISA
