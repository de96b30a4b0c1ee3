#include "conv_tiles_check.hpp"

#include <xstitch/kernels/conv.hpp>

namespace {

namespace xs = xstitch;
namespace kernels = xstitch::kernels;
using conv_check::random_floats;
using kernels::ConvShape;
constexpr auto bf16 = xs::Precision::bf16;

struct Unit {
  static inline const char* taken = "";
  static void run(const char* name) { taken = name; }
};
struct Other {
  static void run(const char*) { Unit::taken = "other"; }
};

}  // namespace

TEST_CASE("the unit's way is taken where there is one") {
  kernels::UnitOr<Unit, Other>::run("unit");
  CHECK(std::string(Unit::taken) == (xs::matrix_unit::available() ? "unit" : "other"));
  const std::string products = kernels::bf16_products();
  CHECK((products == "matrix unit") == (kernels::compiled_for_unit && xs::matrix_unit::available()));
}

TEST_CASE("a convolution's layer in bf16: each way fits into its workspace, packed beforehand or not") {
  constexpr ConvShape S{{9, 11, 40}, 24, 3, 1, 1, 1, 1};
  using Conv = kernels::Conv<S, bf16>;
  const std::size_t batch = 3;
  const auto in = random_floats(batch * S.in.size(), 1), weights = random_floats(S.weight_count(), 2);
  const auto bias = random_floats(std::size_t{S.out_channels}, 3), dy = random_floats(batch * S.out().size(), 4);
  xs::ThreadPool threads(2);
  const xs::Memory workspace(kernels::conv_workspace(S, bf16).bytes(batch));
  const xs::Memory packed(kernels::conv_packed_bytes(S, bf16));
  std::vector<float> out(dy.size()), again(dy.size());
  Conv::forward(batch, in.data(), weights.data(), bias.data(), false, out.data(), workspace.data(), threads);
  Conv::pack(weights.data(), packed.data(), threads);
  Conv::forward(batch, in.data(), weights.data(), bias.data(), false, again.data(), workspace.data(), threads,
                packed.data());
  CHECK(out == again);
  const auto p = conv_tiles_check::run<S, EmulatedTiles>(batch, 1);
  std::vector<float> in_gradient(in.size()), weight(weights.size()), bias_gradient(bias.size());
  Conv::backward(
      batch, in.data(), dy.data(), weights.data(), true, {in_gradient.data(), weight.data(), bias_gradient.data()},
      [](int, std::size_t, const float*, std::size_t) { FAIL("nothing is to be emitted"); }, workspace.data(), threads);
  const auto close = [](const std::vector<float>& a, const std::vector<float>& b) {
    return conv_check::distance(a, {b.begin(), b.end()}) < 2e-4;
  };
  CHECK(close(out, p.out));
  CHECK(close(in_gradient, p.in_gradient));
  CHECK(close(weight, p.weight_gradient));
  CHECK(close(bias_gradient, p.bias_gradient));
  if (kernels::compiled_for_unit && xs::matrix_unit::available()) {
    CHECK(out == p.out);
    CHECK(in_gradient == p.in_gradient);
    CHECK(weight == p.weight_gradient);
    CHECK(bias_gradient == p.bias_gradient);
  }
}
