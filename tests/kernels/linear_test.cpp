#include "linear_check.hpp"

using linear_check::check;
using linear_check::random_floats;
namespace kernels = xstitch::kernels;

TEST_CASE("linear: every number of samples of a tile, and beyond") {
  for (const std::size_t batch : std::initializer_list<std::size_t>{1, 2, 3, 5, 7, 8, 13, 16, 17, 33})
    check(batch, 50, 40);
}

TEST_CASE("linear: odd sizes, and few outputs or inputs") {
  check(3, 1, 1);
  check(4, 37, 10);
  check(2, 6, 33);
  check(17, 9, 97);
}

TEST_CASE("linear: more tasks than threads") {
  check(2, 1001, 70);
  check(5, 70, 1000);
}

TEST_CASE("linear: many samples") {
  for (const std::size_t batch : std::initializer_list<std::size_t>{63, 64, 71}) check(batch, 50, 40);
  check(65, 300, 70);   // several chunks of inputs
  check(150, 41, 301);  // of samples and of outputs
}

TEST_CASE("linear: the bits of a sample do not depend on how many there are") {
  using Forward = kernels::LinearForward<kernels::Fp32>;
  const std::size_t batch = 67;
  const int inputs = 200, outputs = 77;
  const auto x = random_floats(batch * 200, 1), w = random_floats(200 * 77, 2), b = random_floats(77, 3);
  xstitch::ThreadPool threads(2);
  const xstitch::Memory workspace(Forward::workspace(inputs, outputs).bytes(batch));
  std::vector<float> all(batch * 77), one(77);
  Forward::run(batch, inputs, outputs, x.data(), w.data(), b.data(), false, all.data(), workspace.data(), threads);
  for (std::size_t n = 0; n < batch; n += 12) {
    Forward::run(1, inputs, outputs, x.data() + n * 200, w.data(), b.data(), false, one.data(), workspace.data(),
                 threads);
    CHECK(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(n * 77)));
  }
}
