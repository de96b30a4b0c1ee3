#include <xstitch/layers/multiply.hpp>

#include <vector>

#include "compare.hpp"

namespace xs = xstitch;
using xs::Dims, xs::Multiply, xs::Shapes, xs::TensorShape;

static_assert(Multiply::outputs(Shapes{Dims{4, 5, 1}, Dims{1, 1, 6}})[0].dims == Dims{4, 5, 6});
static_assert(!Multiply::outputs(Shapes{Dims{4, 5, 6}, Dims{4, 5, 3}}).valid());
static_assert(!Multiply::outputs(Shapes{Dims{4, 5, 6}, Dims{5, 4, 6}}).valid());
static_assert(!Multiply::outputs(Shapes{Dims{4, 5, 6}, Dims{4, 1, 6}}).valid());
static_assert(!Multiply::outputs(Shapes{Dims{4, 5, 6}}).valid());
static_assert(!Multiply::outputs(Shapes{Dims{4, 5, 6}, TensorShape(Dims{4, 5, 6}, 2)}).valid());

namespace {

/// The element of a factor that element (pixel, channel) of the product reads.
std::size_t source(const Dims& in, std::size_t n, std::size_t p, std::size_t c) {
  const std::size_t pixel = in.pixels() == 1 ? 0 : p, channel = in.channels == 1 ? 0 : c;
  return n * in.size() + pixel * static_cast<std::size_t>(in.channels) + channel;
}

/// Against the formula in double, element by element; the same bits on any number of threads.
template <auto In>
void sweep(std::size_t batch) {
  constexpr TensorShape out = Multiply::outputs(In)[0];
  CAPTURE(xs::to_string(out));
  std::vector<std::vector<float>> first;
  for (const std::size_t threads : {1U, 2U, 5U}) {
    xs::RunOperation<Multiply, In> run({.batch = batch, .threads = threads});
    for (std::size_t k = 0; k < In.size(); ++k)
      std::ranges::copy(test::random_values(run.input(k).size(), k + 1), run.input(k).begin());
    run.forward();
    std::vector<std::vector<float>> found{{run.output().begin(), run.output().end()}};
    std::ranges::copy(test::random_values(run.output_gradient().size(), 9), run.output_gradient().begin());
    run.backward();
    for (std::size_t k = 0; k < In.size(); ++k)
      found.emplace_back(run.input_gradient(k).begin(), run.input_gradient(k).end());
    CHECK(run.fault() == "");
    if (threads == 1) {
      first = found;
      std::vector<std::vector<double>> expected(In.size() + 1);
      expected[0].resize(found[0].size());
      for (std::size_t k = 0; k < In.size(); ++k) expected[k + 1].resize(found[k + 1].size());
      const auto channels = static_cast<std::size_t>(out.dims.channels);
      for (std::size_t i = 0; i < found[0].size(); ++i) {
        const std::size_t c = i % channels, p = i / channels % out.dims.pixels(), n = i / out.dims.size();
        double product = 1.0;
        for (std::size_t k = 0; k < In.size(); ++k) {
          double others = static_cast<double>(run.output_gradient()[i]);
          for (std::size_t j = 0; j < In.size(); ++j)
            if (j != k) others *= static_cast<double>(run.input(j)[source(In[j].dims, n, p, c)]);
          expected[k + 1][source(In[k].dims, n, p, c)] += others;
          product *= static_cast<double>(run.input(k)[source(In[k].dims, n, p, c)]);
        }
        expected[0][i] = product;
      }
      for (std::size_t t = 0; t < expected.size(); ++t)
        CHECK(test::largest_error(found[t], std::vector<float>(expected[t].begin(), expected[t].end())) < 2e-5);
    }
    for (std::size_t t = 0; t < found.size(); ++t) CHECK(test::same_bits(found[t], first[t]));
  }
}

template <auto In>
void gradients() {
  const auto report = xs::check_operation_gradients<Multiply, In>();
  INFO(report.text());
  CHECK(report.ok);
}

}  // namespace

TEST_CASE("products and gradients are those of the formula, broadcast or not") {
  sweep<Shapes{Dims{3, 5, 7}, Dims{3, 5, 7}}>(2);
  sweep<Shapes{Dims{37, 29, 35}, Dims{37, 29, 35}}>(2);  // several tasks
  sweep<Shapes{Dims{9, 11, 37}, Dims{9, 11, 1}}>(3);
  sweep<Shapes{Dims{1, 1, 37}, Dims{19, 11, 37}}>(3);
  sweep<Shapes{Dims{9, 11, 37}, Dims{1, 1, 1}}>(3);
  sweep<Shapes{Dims{9, 11, 1}, Dims{1, 1, 19}}>(2);  // neither has all of y
  sweep<Shapes{Dims{5, 3, 18}, Dims{5, 3, 1}, Dims{1, 1, 18}, Dims{5, 3, 18}}>(2);
  sweep<Shapes{Dims{1, 1, 5}, Dims{1, 1, 1}, Dims{1, 1, 5}}>(4);
  sweep<Shapes{Dims{6, 7, 1}, Dims{1, 1, 1}}>(4);
}

TEST_CASE("gradients by differences") {
  gradients<Shapes{Dims{2, 3, 5}, Dims{2, 3, 5}}>();
  gradients<Shapes{Dims{2, 3, 5}, Dims{2, 3, 1}, Dims{1, 1, 5}}>();
  gradients<Shapes{TensorShape(Dims{2, 3, 5}, 3), TensorShape(Dims{1, 1, 1}, 3)}>();  // rows of a sample
}

TEST_CASE("a NaN of one factor is in what it reaches, and nowhere else") {
  constexpr Shapes in{Dims{2, 2, 3}, Dims{2, 2, 1}};
  xs::RunOperation<Multiply, in> run({.batch = 1});
  std::ranges::fill(run.input(0), 2.0F);
  std::ranges::fill(run.input(1), 3.0F);
  run.input(1)[2] = NAN;
  run.forward();
  for (std::size_t i = 0; i < 12; ++i) CHECK(std::isnan(run.output()[i]) == (i / 3 == 2));
}
