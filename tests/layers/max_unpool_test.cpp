#include <xstitch/layers/max_pool_indices.hpp>
#include <xstitch/layers/max_unpool.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "../golden/unpool.inc"
#include "compare.hpp"

namespace xs = xstitch;
using xs::CeilMode, xs::Dims, xs::ElementType, xs::MaxPoolIndices, xs::Pad, xs::Shapes, xs::Size, xs::TensorShape;

namespace {

/// What Unpool gets: x, indices, and the shape to return to.
constexpr Shapes<3> unpool_inputs(Dims pooled, Dims in) {
  return {pooled, TensorShape(pooled, 1, ElementType::int32), in};
}
void copy_indices(std::span<const float> from, std::span<std::int32_t> to) {
  REQUIRE(from.size() == to.size());
  std::ranges::transform(from, to.begin(), [](float v) { return static_cast<std::int32_t>(v); });
}

template <class Pool, Dims In>
void check_golden(std::span<const float> x, std::span<const float> y, std::span<const float> where,
                  std::span<const float> dy, std::span<const float> dx, std::span<const float> z,
                  std::span<const float> back, std::span<const float> dback, std::span<const float> dz) {
  const std::size_t batch = x.size() / In.size();
  xs::RunOperation<Pool, Shapes{In}> pool({.batch = batch, .threads = 2});
  std::ranges::copy(x, pool.input().begin());
  pool.forward();
  CHECK(test::largest_error(pool.output(0), y) == 0.0);
  std::vector<std::int32_t> expected(where.size());
  copy_indices(where, expected);
  CHECK(std::ranges::equal(pool.template output<std::int32_t>(1), expected));
  pool.forward(false);  // inference, too, has indices
  CHECK(std::ranges::equal(pool.template output<std::int32_t>(1), expected));
  pool.forward();
  std::ranges::copy(dy, pool.output_gradient().begin());
  pool.backward();
  CHECK(test::largest_error(pool.input_gradient(), dx) < 1e-6);
  CHECK(pool.fault() == "");

  constexpr Shapes<3> shapes = unpool_inputs(Pool::outputs(Shapes{In})[0].dims, In);
  xs::RunOperation<xs::Unpool, shapes> unpool({.batch = batch, .threads = 3});
  std::ranges::copy(z, unpool.input(0).begin());
  copy_indices(where, unpool.template input<std::int32_t>(1));
  unpool.forward();
  CHECK(test::same_bits(unpool.output(), back));
  std::ranges::copy(dback, unpool.output_gradient().begin());
  unpool.backward();
  CHECK(test::same_bits(unpool.input_gradient(0), dz));
  CHECK(unpool.fault() == "");
}

}  // namespace

TEST_CASE("values, indices and gradients are PyTorch's, for even and odd extents") {
  check_golden<MaxPoolIndices<2>, Dims{6, 4, 3}>(even_x, even_y, even_where, even_dy, even_dx, even_z, even_back,
                                                 even_dback, even_dz);
  check_golden<MaxPoolIndices<2>, Dims{7, 5, 5}>(odd_x, odd_y, odd_where, odd_dy, odd_dx, odd_z, odd_back, odd_dback,
                                                 odd_dz);
  check_golden<MaxPoolIndices<Size{3, 2}, Size{3, 2}, Pad<Size{1, 0}>, CeilMode>, Dims{6, 7, 2}>(
      ceil_pad_x, ceil_pad_y, ceil_pad_where, ceil_pad_dy, ceil_pad_dx, ceil_pad_z, ceil_pad_back, ceil_pad_dback,
      ceil_pad_dz);
}

TEST_CASE("windows that overlap: the later pixel wins, as in PyTorch, and it alone gets the gradient") {
  constexpr Dims in{7, 7, 3}, pooled{3, 3, 3};
  xs::RunOperation<xs::Unpool, unpool_inputs(pooled, in)> unpool({.batch = 1});
  std::ranges::copy(overlap_z, unpool.input(0).begin());
  const std::span<std::int32_t> where = unpool.input<std::int32_t>(1);
  copy_indices(overlap_where, where);
  unpool.forward();
  CHECK(test::same_bits(unpool.output(), overlap_back));
  std::ranges::fill(unpool.output_gradient(), 1.0F);
  unpool.backward();
  std::size_t twice = 0;
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    bool later = false;
    for (std::size_t j = i + 3; j < pooled.size(); j += 3) later = later || where[j] == where[i];
    twice += later ? 1 : 0;
    CHECK(unpool.input_gradient(0)[i] == (later ? 0.0F : 1.0F));
  }
  CHECK(twice > 0);  // or this has shown nothing
}

TEST_CASE("gradients, with indices that come twice") {
  constexpr Shapes<3> in = unpool_inputs({3, 4, 19}, {5, 5, 19});
  const auto report =
      xs::check_operation_gradients<xs::Unpool, in>({.fill_integers = [](std::size_t, std::span<std::int32_t> values) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * i % 25);
      }});
  INFO(report.text());
  CHECK(report.ok);
  const auto pool = xs::check_operation_gradients<MaxPoolIndices<3, 2, CeilMode, Pad<1>>, Shapes{Dims{6, 5, 19}}>(
      {.input = xs::CheckedInput::distinct});
  INFO(pool.text());
  CHECK(pool.ok);
}

TEST_CASE("rows of a sample are planes of their own") {
  constexpr TensorShape in(Dims{4, 4, 2}, 3);
  xs::RunOperation<MaxPoolIndices<2>, Shapes{in}> pool({.batch = 2});
  std::ranges::copy(test::random_values(pool.input().size(), 1), pool.input().begin());
  pool.forward();
  constexpr Shapes<3> shapes{TensorShape(Dims{2, 2, 2}, 3), TensorShape(Dims{2, 2, 2}, 3, ElementType::int32), in};
  xs::RunOperation<xs::Unpool, shapes> unpool({.batch = 2});
  std::ranges::copy(pool.output(0), unpool.input(0).begin());
  std::ranges::copy(pool.output<std::int32_t>(1), unpool.input<std::int32_t>(1).begin());
  unpool.forward();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < unpool.output().size(); ++i) {
    if (unpool.output()[i] == 0.0F) continue;
    CHECK(unpool.output()[i] == pool.input()[i]);
    ++kept;
  }
  CHECK(kept == pool.output(0).size());
}

TEST_CASE("an index outside the map is an error that says it") {
  xs::RunOperation<xs::Unpool, unpool_inputs({1, 2, 1}, {2, 3, 1})> unpool({.batch = 1});
  for (const std::int32_t wrong : {6, -1}) {
    std::ranges::fill(unpool.input(0), 1.0F);
    unpool.input<std::int32_t>(1)[0] = 5;
    unpool.input<std::int32_t>(1)[1] = wrong;
    const std::string expected = "MaxUnpool: index " + std::to_string(wrong) + " of input pixel 1, expected 0 to 5";
    CHECK_THROWS_WITH_AS(unpool.forward(), expected.c_str(), xs::Error);
  }
}

TEST_CASE("the same bits on any number of threads") {
  constexpr Dims in{33, 29, 40};
  std::vector<float> first;
  for (const std::size_t threads : {1U, 2U, 7U}) {
    xs::RunOperation<xs::Unpool, unpool_inputs({16, 14, 40}, in)> unpool({.batch = 3, .threads = threads});
    std::ranges::copy(test::random_values(unpool.input(0).size(), 1), unpool.input(0).begin());
    const std::span<std::int32_t> where = unpool.input<std::int32_t>(1);
    for (std::size_t i = 0; i < where.size(); ++i) where[i] = static_cast<std::int32_t>(i * 7919 % (33 * 29));
    unpool.forward();
    std::vector<float> all(unpool.output().begin(), unpool.output().end());
    std::ranges::copy(test::random_values(unpool.output_gradient().size(), 2), unpool.output_gradient().begin());
    unpool.backward();
    all.insert(all.end(), unpool.input_gradient(0).begin(), unpool.input_gradient(0).end());
    if (threads == 1) first = all;
    CHECK(test::same_bits(all, first));
  }
}
