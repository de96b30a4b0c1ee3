#pragma once
/// \file
/// numpy arrays read in place: what an argument must be, and its memory, which is not copied.

#include <xstitch/core/error.hpp>
#include <xstitch/core/shape.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace xstitch::inline XSTITCH_ISA::python {

enum class Element : std::uint8_t { float32, uint8, int32, int64 };

/// An array whose first extent counts samples. It keeps the numpy array; the elements are read without the interpreter.
class Array {
 public:
  /// `name` is for messages. float32 and uint8, and for `indices` int32, int64 and uint8.
  Array(std::string name, pybind11::handle object, bool indices) : name_(std::move(name)) {
    if (!pybind11::isinstance<pybind11::array>(object))
      fail(name_, ": found ", type_name(object), ", expected a numpy array");
    array_ = pybind11::reinterpret_borrow<pybind11::array>(object);
    element_ = element_of(indices);
    if ((array_.flags() & pybind11::array::c_style) == 0)
      fail(name_, ": found elements in another order than C's, expected numpy.ascontiguousarray(...)");
    if (array_.ndim() == 0 || array_.size() == 0)
      fail(name_, ": found an array without elements, expected [samples, ...]");
    data_ = array_.data();
    samples_ = static_cast<std::size_t>(array_.shape(0));
    size_ = static_cast<std::size_t>(array_.size()) / samples_;
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t samples() const noexcept { return samples_; }
  /// Elements of a sample.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// [samples, height, width, channels], [samples, height, width] or [samples, features].
  [[nodiscard]] Dims shape() const {
    const auto extent = [&](pybind11::ssize_t axis) { return static_cast<int>(array_.shape(axis)); };
    switch (array_.ndim()) {
      case 1:
        return {1, 1, 1};
      case 2:
        return {1, 1, extent(1)};
      case 3:
        return {extent(1), extent(2), 1};
      case 4:
        return {extent(1), extent(2), extent(3)};
      default:
        fail(name_, ": found ", array_.ndim(), " extents, expected at most [samples, height, width, channels]");
    }
  }

  /// Samples [begin, begin + count) as floats.
  void copy(std::size_t begin, std::size_t count, float* out) const {
    visit(begin, count, [out](std::size_t i, auto value) { out[i] = static_cast<float>(value); });
  }
  /// A sample's indices; what does not fit an int32 is an Error.
  void copy(std::size_t sample, std::vector<std::int32_t>& out) const {
    out.resize(size_);
    visit(sample, 1, [&](std::size_t i, auto value) {
      out[i] = static_cast<std::int32_t>(value);
      if (static_cast<long double>(out[i]) != static_cast<long double>(value))
        fail(name_, ": found ", static_cast<double>(value), " in sample ", sample, ", expected a class");
    });
  }

 private:
  static std::string type_name(pybind11::handle object) {
    return pybind11::cast<std::string>(pybind11::type::of(object).attr("__name__"));
  }
  [[nodiscard]] Element element_of(bool indices) const {
    const char kind = array_.dtype().kind();
    const auto bytes = array_.dtype().itemsize();
    const bool native = pybind11::cast<bool>(array_.dtype().attr("isnative"));
    if (native && kind == 'u' && bytes == 1) return Element::uint8;
    if (native && !indices && kind == 'f' && bytes == 4) return Element::float32;
    if (native && indices && kind == 'i' && bytes == 4) return Element::int32;
    if (native && indices && kind == 'i' && bytes == 8) return Element::int64;
    fail(name_, ": found elements of type ", pybind11::cast<std::string>(pybind11::str(array_.dtype())), ", expected ",
         indices ? "int32, int64 or uint8" : "float32 or uint8", "; array.astype(...) makes a copy of another type");
  }
  template <class Function>
  void visit(std::size_t begin, std::size_t count, const Function& function) const {
    const auto all = [&]<class T>(const T* first) {
      for (std::size_t i = 0; i < count * size_; ++i) function(i, first[begin * size_ + i]);
    };
    switch (element_) {
      case Element::float32:
        return all(static_cast<const float*>(data_));
      case Element::uint8:
        return all(static_cast<const std::uint8_t*>(data_));
      case Element::int32:
        return all(static_cast<const std::int32_t*>(data_));
      case Element::int64:
        return all(static_cast<const std::int64_t*>(data_));
    }
  }

  std::string name_;
  pybind11::array array_;
  const void* data_ = nullptr;
  std::size_t samples_ = 0, size_ = 0;
  Element element_ = Element::float32;
};

/// {name: array}, or a single array under `name`.
inline std::vector<std::pair<std::string, pybind11::object>> named_arrays(pybind11::handle given, const char* name) {
  std::vector<std::pair<std::string, pybind11::object>> list;
  if (!pybind11::isinstance<pybind11::dict>(given))
    list.emplace_back(name, pybind11::reinterpret_borrow<pybind11::object>(given));
  else
    for (const auto& [key, value] : pybind11::reinterpret_borrow<pybind11::dict>(given))
      list.emplace_back(pybind11::cast<std::string>(pybind11::str(key)),
                        pybind11::reinterpret_borrow<pybind11::object>(value));
  if (list.empty()) fail(name, ": found an empty dict, expected {name: array}");
  return list;
}

}  // namespace xstitch::inline XSTITCH_ISA::python
