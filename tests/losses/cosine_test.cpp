#include "loss_test_support.hpp"

#include <xstitch/losses/cosine.hpp>

namespace golden {
#include "../golden/losses.inc"
}

using namespace loss_test;
using xs::Cosine;
using xs::Dims;
using xs::LabelBatch;

TEST_CASE("cosine: PyTorch's values") {
  const LabelBatch labels{{}, vector_of(golden::cosine_normals), vector_of(golden::cosine_mask), {}};
  const auto result = run<Cosine, Dims{2, 3, 3}>(vector_of(golden::cosine_input), labels);
  CHECK(result.loss.value() == doctest::Approx(static_cast<double>(golden::cosine_loss[0])).epsilon(1e-6));
  check_close(result.gradient, golden::cosine_gradient);
}

TEST_CASE("cosine: gradient, missing labels, threads, values that are not finite") {
  constexpr Dims in{2, 2, 3};
  const auto input = random_values(3 * in.size(), "cosine");
  LabelBatch labels{{}, random_normals(3 * in.pixels(), "cosine labels"), {}, {}};
  check_gradient<Cosine, in>(input, labels);
  check_missing<Cosine, in>(input, labels);
  check_not_laundered<Cosine, in>(input, labels);
  labels.values[4] = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(std::isfinite(run<Cosine, in>(input, labels).loss.sum));

  constexpr Dims large{120, 160, 3};
  LabelBatch many{{}, random_normals(4 * large.pixels(), "cosine many"), {}, {}};
  for (std::size_t i = 0; i < 4 * large.pixels(); ++i) many.mask.push_back(i % 5 == 0 ? 0 : 1);
  REQUIRE(xs::losses::Chunks(4 * large.pixels(), 3).count > 7);
  check_threads<Cosine, large>(random_values(4 * large.size(), "cosine threads"), many);
}

TEST_CASE("cosine: samples of several rows") {
  constexpr Dims in{1, 2, 3};
  LabelBatch labels{{}, random_normals(12, "cosine rows"), {}, {}};
  labels.mask = {1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1};
  check_rows<Cosine, in>(random_values(6 * in.size(), "cosine rows"), labels);
}

TEST_CASE("cosine: vectors without direction, and of extreme length") {
  constexpr Dims in{1, 5, 3};
  const std::vector<float> input{0, 0, 0, 0, 0, 1e30F, 0, 0, 1e-5F, 1, 2, 3, 0, 1, 0};
  // The fourth label has no direction and counts as masked; the fifth is not a unit vector.
  const LabelBatch labels{{}, {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 5, 0}, {}, {}};
  const auto result = run<Cosine, in>(input, labels);
  CHECK(result.loss.normaliser == 4.0);
  CHECK(result.loss.sum == doctest::Approx(1.0));
  for (const float g : result.gradient) CHECK(std::abs(g) < 1e-6F);
  const auto unit = predict<Cosine, in>(input);
  const float fourteen = std::sqrt(14.0F);
  check_close(unit, std::vector<float>{0, 0, 0, 0, 0, 1, 0, 0, 1, 1 / fourteen, 2 / fourteen, 3 / fourteen, 0, 1, 0});
  static_assert(Cosine::unit_vectors);
  static_assert(!Cosine::label({4, 5, 2}).shape.valid() && !Cosine::requirement.empty());
  static_assert(Cosine::label(in) == xs::LabelSpec{xs::LabelKind::unit_normal, {1, 5, 3}, {1, 5, 1}, 0});
  CHECK(Cosine::metric(in)->values()[0].name == "mean");
}
