// The NDDR product against its formula, in both precisions, over sizes that leave tails in every direction.
#include "reference/nddr.hpp"

#include <doctest/doctest.h>
#include <xstitch/core/memory.hpp>
#include <xstitch/core/random.hpp>
#include <xstitch/kernels/nddr.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace xs = xstitch;
namespace kernels = xs::kernels;
using kernels::reference::NddrSizes;

namespace {

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = xs::RandomKey{xs::seed(seed)}.normal(i);
  return values;
}

struct Data {
  std::vector<float> x, w, dy;
  explicit Data(const NddrSizes& n)
      : x(random_floats(n.towers * n.rows * n.channels, 1)),
        w(random_floats(n.towers * n.towers * n.channels * n.channels, 2)),
        dy(random_floats(x.size(), 3)) {}
};
struct Result {
  std::vector<float> y, dx, dw;
  bool operator==(const Result&) const = default;
};
struct How {
  std::size_t threads = 2;
  bool in_place = false;
  std::size_t unwanted = std::numeric_limits<std::size_t>::max();  ///< the tower whose dx nobody wants
  std::vector<std::size_t> order{};                                ///< [0, 1 ...]
};

/// `pixels`: of a sample; they decide which way is taken.
template <class Arithmetic>
Result run(const NddrSizes& n, std::size_t pixels, const Data& data, How how = {}) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Result r{std::vector<float>(data.x.size(), nan), std::vector<float>(data.x.size(), nan),
           std::vector<float>(data.w.size(), nan)};
  const kernels::NddrShape shape{n.towers, pixels, n.channels};
  const std::size_t batch = n.rows / pixels, one = n.rows * n.channels;
  REQUIRE(batch * pixels == n.rows);
  const xs::Memory workspace(kernels::Nddr<Arithmetic>::workspace(shape).bytes(batch));
  std::memset(workspace.data(), 0xFF, workspace.bytes());
  xs::ThreadPool threads(how.threads);
  if (how.in_place) r.dx = data.dy;
  std::vector<const float*> x, dy;
  std::vector<float*> y, dx;
  for (std::size_t t = 0; t < n.towers; ++t) {
    x.push_back(data.x.data() + t * one);
    dy.push_back((how.in_place ? r.dx.data() : data.dy.data()) + t * one);
    y.push_back(r.y.data() + t * one);
    dx.push_back(t == how.unwanted ? nullptr : r.dx.data() + t * one);
    if (how.order.size() < n.towers) how.order.push_back(t);
  }
  kernels::Nddr<Arithmetic>::forward(
      shape, {batch, x.data(), y.data(), how.order.data(), data.w.data(), workspace.data(), threads});
  kernels::Nddr<Arithmetic>::backward(shape, {batch, x.data(), dy.data(), dx.data(), how.order.data(), data.w.data(),
                                              r.dw.data(), workspace.data(), threads});
  return r;
}

double distance(const std::vector<float>& got, const std::vector<double>& wanted) {
  double largest = 0.0, error = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    largest = std::max(largest, std::abs(wanted[i]));
    const double difference = std::abs(static_cast<double>(got[i]) - wanted[i]);
    if (!(difference <= error)) error = difference;  // NaN sticks
  }
  return error / largest;
}

/// In bf16 the numbers are rounded before they are multiplied; the sums are fp32 in both.
template <class Arithmetic>
void check(const NddrSizes& n, std::size_t pixels) {
  CAPTURE(n.towers);
  CAPTURE(n.rows);
  CAPTURE(n.channels);
  CAPTURE(pixels);
  const Data data(n);
  Data rounded = data;
  if (Arithmetic::per_element == 2)
    for (std::vector<float>* values : {&rounded.x, &rounded.w, &rounded.dy})
      for (float& v : *values) v = kernels::round_to_bf16(v);
  const Result r = run<Arithmetic>(n, pixels, data);
  const auto gradients = kernels::reference::nddr_backward(n, rounded.x, rounded.w, rounded.dy);
  CHECK(distance(r.y, kernels::reference::nddr_forward(n, rounded.x, rounded.w)) < 2e-6);
  CHECK(distance(r.dx, gradients.input) < 2e-6);
  CHECK(distance(r.dw, gradients.weight) < 4e-6);

  CHECK(run<Arithmetic>(n, pixels, data, {.threads = 1}) == r);
  CHECK(run<Arithmetic>(n, pixels, data, {.threads = 3}) == r);
  CHECK(run<Arithmetic>(n, pixels, data, {.in_place = true}) == r);
  const Result without = run<Arithmetic>(n, pixels, data, {.unwanted = 1});
  CHECK(without.dw == r.dw);
  const std::size_t one = n.rows * n.channels;
  CHECK(std::equal(r.dx.begin(), r.dx.begin() + static_cast<std::ptrdiff_t>(one), without.dx.begin()));
  CHECK(std::isnan(without.dx[one]));
}

}  // namespace

TEST_CASE("maps: the formula; the same bits on any threads, in place, and where a gradient is not wanted") {
  for (const NddrSizes n : {NddrSizes{2, 37, 5}, NddrSizes{3, 70, 33}, NddrSizes{2, 1005, 16}, NddrSizes{2, 35, 75},
                            NddrSizes{4, 10, 1}, NddrSizes{2, 4500, 3}, NddrSizes{5, 30, 8}}) {
    check<kernels::Fp32>(n, n.rows % 5 == 0 ? n.rows / 5 : n.rows);
    check<kernels::Bf16>(n, n.rows % 5 == 0 ? n.rows / 5 : n.rows);
  }
}

TEST_CASE("vectors and the smallest maps: the same") {
  for (const NddrSizes n : {NddrSizes{2, 1, 40}, NddrSizes{3, 7, 33}, NddrSizes{2, 80, 17}, NddrSizes{4, 12, 5}}) {
    check<kernels::Fp32>(n, 1);
    check<kernels::Bf16>(n, 1);
    if (n.rows % 4 == 0) check<kernels::Fp32>(n, 4);
  }
}

TEST_CASE("sums run in the order of the caller: the numbering of the towers changes no bit") {
  for (const std::size_t pixels : {1U, 20U}) {
    const NddrSizes n{3, 60, 19};
    const Data data(n);
    const std::vector<std::size_t> place{2, 0, 1};  // tower t is number place[t] of the other network
    Data turned = data;
    const auto move = [&](const std::vector<float>& from, std::vector<float>& to, std::size_t size, std::size_t inner) {
      for (std::size_t t = 0; t < n.towers; ++t)
        for (std::size_t s = 0; s < inner; ++s)
          std::copy_n(from.data() + (t * inner + s) * size, size,
                      to.data() + (place[t] * inner + (inner == 1 ? 0 : place[s])) * size);
    };
    move(data.x, turned.x, n.rows * n.channels, 1);
    move(data.dy, turned.dy, n.rows * n.channels, 1);
    move(data.w, turned.w, n.channels * n.channels, n.towers);
    const Result a = run<kernels::Fp32>(n, pixels, data), b = run<kernels::Fp32>(n, pixels, turned, {.order = place});
    Result expected = b;
    move(a.y, expected.y, n.rows * n.channels, 1);
    move(a.dx, expected.dx, n.rows * n.channels, 1);
    move(a.dw, expected.dw, n.channels * n.channels, n.towers);
    CHECK(b == expected);
    CHECK_FALSE(run<kernels::Fp32>(n, pixels, turned) == expected);
  }
}
