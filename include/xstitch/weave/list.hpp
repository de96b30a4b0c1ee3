#pragma once
/// \file
/// A growing array for the code that the compiler runs to build a network. std::vector does the same, but each of its
/// instantiations costs the compiler megabytes, and a network needs a dozen of them.

#include <xstitch/core/isa.hpp>

#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {
namespace detail {

template <class T>
class List {
 public:
  constexpr List() = default;
  constexpr explicit List(std::size_t count) : data_(new T[count]{}), size_(count), capacity_(count) {}
  constexpr List(std::size_t count, const T& value) {
    reserve(count);
    for (; size_ < count; ++size_) data_[size_] = value;
  }
  constexpr List(const List& other) {
    reserve(other.size_);
    for (; size_ < other.size_; ++size_) data_[size_] = other.data_[size_];
  }
  constexpr List(List&& other) noexcept : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  List& operator=(const List&) = delete;
  constexpr ~List() { delete[] data_; }

  constexpr void reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    T* wider = new T[capacity]{};
    for (std::size_t i = 0; i < size_; ++i) wider[i] = data_[i];
    delete[] data_;
    data_ = wider;
    capacity_ = capacity;
  }
  constexpr T& push_back(const T& value) {
    if (size_ == capacity_) reserve(2 * capacity_ + 8);
    data_[size_] = value;
    return data_[size_++];
  }
  constexpr void insert(std::size_t at, const T& value) {
    push_back(value);
    for (std::size_t i = size_ - 1; i > at; --i) data_[i] = data_[i - 1];
    data_[at] = value;
  }
  constexpr void erase(std::size_t at) {
    for (std::size_t i = at + 1; i < size_; ++i) data_[i - 1] = data_[i];
    --size_;
  }

  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T& operator[](std::size_t i) noexcept { return data_[i]; }
  constexpr const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  constexpr T& back() noexcept { return data_[size_ - 1]; }
  constexpr const T& back() const noexcept { return data_[size_ - 1]; }
  [[nodiscard]] constexpr T* begin() noexcept { return data_; }
  [[nodiscard]] constexpr T* end() noexcept { return data_ + size_; }
  [[nodiscard]] constexpr const T* begin() const noexcept { return data_; }
  [[nodiscard]] constexpr const T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
