#include <xstitch/core/views.hpp>

#include <doctest/doctest.h>

#if __has_include(<xtensor/core/xmath.hpp>)
#include <xtensor/core/xmath.hpp>
#else
#include <xtensor/xmath.hpp>
#endif

#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

namespace xs = xstitch;

namespace {

using View = decltype(xs::tensor_view(std::declval<float*>(), {1, 1, 1, 1}));
using ConstView = decltype(xs::tensor_view(std::declval<const float*>(), {1, 1}));

// The pitfall of xtensor 0.24 under C++20: what an expression of views evaluates to must be a tensor of the same rank.
using Sum = decltype(std::declval<View&>() + std::declval<View&>());
static_assert(std::is_same_v<xt::temporary_type_t<Sum>, xt::xtensor<float, 4>>);
static_assert(std::is_same_v<xt::temporary_type_t<View>, xt::xtensor<float, 4>>);
static_assert(std::is_same_v<xt::temporary_type_t<ConstView>, xt::xtensor<float, 2>>);
static_assert(std::is_same_v<decltype(xt::eval(std::declval<Sum>())), xt::xtensor<float, 4>>);
// A const view cannot be written through.
static_assert(std::is_const_v<std::remove_reference_t<decltype(std::declval<ConstView&>()(0, 0))>>);
static_assert(!std::is_const_v<std::remove_reference_t<decltype(std::declval<View&>()(0, 0, 0, 0))>>);
static_assert(std::is_same_v<decltype(xs::matrix_view(std::declval<const float*>(), 1, 1)), xs::ConstMatrixView>);

std::vector<float> counted(std::size_t count) {
  std::vector<float> out(count);
  std::iota(out.begin(), out.end(), 0.0F);
  return out;
}

}  // namespace

TEST_CASE("a matrix view is row-major and shares the memory") {
  // Larger than a vector register: g++ 12 warns about Eigen's loads from a smaller block.
  std::vector<float> memory = counted(120);
  auto view = xs::matrix_view(memory.data(), 30, 4);
  CHECK(view.rows() == 30);
  CHECK(view(1, 2) == 6);
  view(2, 3) = 100;
  CHECK(memory[11] == 100);
  const std::vector<float>& fixed = memory;
  CHECK(xs::matrix_view(fixed.data(), 40, 3)(3, 2) == 100);
  CHECK((view * Eigen::Vector4f::Ones())(0) == 6);
  auto vector = xs::vector_view(memory.data(), 120);
  vector *= 2;
  CHECK(memory[1] == 2);
  CHECK(xs::vector_view(fixed.data(), 120)(119) == 238);
}

TEST_CASE("a tensor view is row-major and shares the memory") {
  std::vector<float> memory = counted(2 * 3 * 4 * 5);
  auto view = xs::tensor_view(memory.data(), {2, 3, 4, 5});
  static_assert(std::is_same_v<decltype(view), View>);
  CHECK(view.dimension() == 4);
  CHECK(view(1, 2, 3, 4) == 119);
  CHECK(view(0, 1, 0, 0) == 20);
  view(0, 0, 0, 1) = -1;
  CHECK(memory[1] == -1);
  CHECK(view.data() == memory.data());
  const xt::xtensor<float, 4> twice = view + view;
  CHECK(twice(1, 2, 3, 4) == 238);
  const xt::xtensor<float, 1> means = xt::mean(view, {0, 1, 2}, xt::evaluation_strategy::immediate);
  CHECK(means.size() == 5);
  CHECK(means(0) == doctest::Approx(57.5));
  const std::vector<float>& fixed = memory;
  const auto same = xs::tensor_view(fixed.data(), std::array<std::size_t, 2>{24, 5});
  CHECK(same(23, 4) == 119);
  view.fill(0);
  CHECK(memory[119] == 0);
}
