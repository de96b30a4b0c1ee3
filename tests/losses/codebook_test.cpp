#include "loss_test_support.hpp"

#include <xstitch/kernels/short_rows.hpp>
#include <xstitch/losses/codebook.hpp>
#include <xstitch/metrics/normals.hpp>

#include <algorithm>
#include <cmath>
#include <set>

using namespace loss_test;
using Book = xs::Codebook<20>;

static double degrees(const Book::Normal& a, const Book::Normal& b) {
  return xs::NormalsMetric::degrees_between(a.data(), b.data());
}

static void check_code(const xs::CodebookWeights& code, int codewords) {
  float sum = 0.0F;
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(code.weight[k] >= 0.0F);
    CHECK(code.codeword[k] >= 0);
    CHECK(code.codeword[k] < codewords);
    sum += code.weight[k];
  }
  CHECK(sum == doctest::Approx(1.0F).epsilon(1e-6));
}

TEST_CASE("codebook: the standard codewords face the camera, are far from each other, and are the same every time") {
  const Book book = Book::standard();
  CHECK(std::ranges::equal(book.codewords(), Book::standard().codewords()));
  for (int a = 0; a < 20; ++a) {
    CHECK(xs::losses::length(book.codeword(a).data()) == doctest::Approx(1.0).epsilon(1e-6));
    CHECK(book.codeword(a)[2] > 0.0F);
    for (int b = 0; b < a; ++b) CHECK(degrees(book.codeword(a), book.codeword(b)) > 15.0);
  }
  // A triangulated disc: with b codewords on its border, 2 * 20 - 2 - b triangles.
  CHECK(book.triangles().size() > 20);
  CHECK(book.triangles().size() < 36);
}

TEST_CASE("codebook: a codeword's code is the codeword") {
  const Book book = Book::standard();
  for (int w = 0; w < 20; ++w) {
    const auto code = book.encode(book.codeword(w));
    check_code(code, 20);
    // Within rounding: where the compiler fuses multiplications and additions of scalars, as for ARM, not exactly.
    for (std::size_t k = 0; k < 3; ++k)
      CHECK(std::abs(code.weight[k] - (code.codeword[k] == w && code.weight[k] > 0.5F ? 1.0F : 0.0F)) < 1e-6F);
    CHECK(book.decode(code) == book.codeword(w));
  }
}

TEST_CASE("codebook: encode and decode give normals back, exactly inside the triangles") {
  const Book book = Book::standard();
  const auto normals = random_normals(20000, "codebook");
  double sum = 0.0, worst = 0.0, worst_inside = 0.0;
  std::size_t inside = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const Book::Normal n{normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]};
    const auto code = book.encode(n);
    if (i < 500) check_code(code, 20);
    const double error = degrees(book.decode(code), n);
    sum += error;
    worst = std::max(worst, error);
    if (code.weight[0] > 0 && code.weight[1] > 0 && code.weight[2] > 0) {
      ++inside;
      worst_inside = std::max(worst_inside, error);
    }
  }
  MESSAGE("mean error ", sum / 20000, " degrees, worst ", worst, ", share inside triangles ", double(inside) / 20000);
  CHECK(sum / 20000 < 4.0);
  CHECK(worst < 20.0);
  CHECK(worst_inside < 0.01);
  CHECK(inside > 10000);
}

TEST_CASE("codebook: outside the triangles the nearest point of the border") {
  const Book book = Book::standard();
  for (int i = 0; i < 360; i += 7) {
    const float turn = static_cast<float>(i) * 0.01745329F;
    const Book::Normal n{std::cos(turn), std::sin(turn), 0.0F};  // on the horizon
    const auto code = book.encode(n);
    check_code(code, 20);
    const double error = degrees(book.decode(code), n);
    double nearest = 180.0;
    for (int w = 0; w < 20; ++w) nearest = std::min(nearest, degrees(book.codeword(w), n));
    CHECK(error <= nearest + 1e-3);
    // No mixture of two codewords is nearer.
    for (int a = 0; a < 20; ++a)
      for (int b = 0; b < a; ++b)
        for (const float t : {0.25F, 0.5F, 0.75F})
          CHECK(error <= degrees(book.decode({{a, b, b}, {t, 1.0F - t, 0.0F}}), n) + 1e-2);
  }
  const Book::Normal behind{0.0F, 0.0F, -1.0F};
  check_code(book.encode(behind), 20);
}

TEST_CASE("codebook: a full sphere, and four codewords on a circle") {
  // A cube's corners: each face is a square, cut along one of its diagonals.
  std::array<float, 24> corners{};
  for (std::size_t i = 0; i < 24; ++i) corners[i] = ((i / 3) >> (i % 3)) & 1 ? 1.0F : -1.0F;
  const xs::Codebook<8> cube(corners);
  CHECK(cube.triangles().size() == 12);
  auto normals = random_normals(2000, "cube");
  for (std::size_t i = 0; i < 2000; ++i) {
    const float side = i % 2 == 0 ? 1.0F : -1.0F;
    const std::array<float, 3> n{normals[3 * i], normals[3 * i + 1], side * normals[3 * i + 2]};
    const auto code = cube.encode(n);
    const auto back = cube.decode(code);
    CHECK(xs::NormalsMetric::degrees_between(back.data(), n.data()) < 0.05);
  }
}

TEST_CASE("codebook: codewords learned from normals, repeated codewords, codewords that are no directions") {
  // Three tight bundles give their three middles.
  std::vector<float> normals;
  const xs::RandomKey key(xs::seed(1));
  for (std::size_t i = 0; i < 300; ++i)
    for (std::size_t k = 0; k < 3; ++k) normals.push_back((i % 3 == k ? 1.0F : 0.0F) + 0.02F * key.normal(3 * i + k));
  const auto book = xs::Codebook<3>::learn(normals, xs::seed(4));
  CHECK(std::ranges::equal(book.codewords(), xs::Codebook<3>::learn(normals, xs::seed(4)).codewords()));
  std::set<std::size_t> axes;
  for (int w = 0; w < 3; ++w) {
    const auto codeword = book.codeword(w);
    const std::size_t axis =
        static_cast<std::size_t>(std::max_element(codeword.begin(), codeword.end()) - codeword.begin());
    axes.insert(axis);
    CHECK(codeword[axis] > 0.999F);
  }
  CHECK(axes.size() == 3);
  CHECK(book.triangles().size() == 1);
  CHECK_THROWS_AS((void)xs::Codebook<20>::learn(std::span<const float>(normals).first(30), xs::seed(4)), xs::Error);
  normals[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS((void)xs::Codebook<3>::learn(normals, xs::seed(4)), doctest::Contains("normal 1 "), xs::Error);

  const std::array<float, 12> repeated{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1};
  const xs::Codebook<4> twice(repeated);
  const auto middle = twice.decode(twice.encode({0.57735F, 0.57735F, 0.57735F}));
  for (const float x : middle) CHECK(x == doctest::Approx(0.57735F).epsilon(1e-4));

  std::array<float, 9> bad{1, 0, 0, 0, 0, 0, 0, 0, 1};
  CHECK_THROWS_WITH_AS(xs::Codebook<3>{bad}, doctest::Contains("codeword 1 "), xs::Error);
  bad[4] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(xs::Codebook<3>{bad}, xs::Error);
  bad = {1, 0, 0, 1, 0, 0, 1, 0, 0};  // all the same: no triangle, still a code
  CHECK(xs::Codebook<3>(bad).decode(xs::Codebook<3>(bad).encode({0, 1, 0})) == std::array<float, 3>{1, 0, 0});
}

TEST_CASE("codebook: decoding distributions") {
  const std::array<float, 12> codewords{1, 0, 0, 0, 1, 0, 0, 0, 1, 0.6F, 0, -0.8F};
  const xs::Codebook<4> book(codewords);
  const float p[4] = {0.2F, 0.2F, 0.2F, 0.4F};
  const auto all = book.decode_all(p);
  const double size = std::sqrt(0.44 * 0.44 + 0.04 + 0.0144);
  CHECK(all[0] == doctest::Approx(0.44 / size));
  CHECK(all[1] == doctest::Approx(0.2 / size));
  CHECK(all[2] == doctest::Approx(-0.12 / size));
  const float q[4] = {0.3F, 0.3F, 0.3F, 0.1F};
  const auto triangle = book.decode_triangle(q);
  for (const float x : triangle) CHECK(x == doctest::Approx(0.57735F).epsilon(1e-4));
}

TEST_CASE("codebook: several normals at a time have the codes of each alone") {
  constexpr std::size_t lanes = xs::kernels::lanes, groups = 12;
  const Book book = Book::standard();
  auto normals = random_normals(groups * lanes, "lanes");
  for (std::size_t i = 2; i < normals.size(); i += 7 * 3) normals[i] = -normals[i];  // some outside all triangles
  for (std::size_t first = 0; first < groups * lanes; first += lanes) {
    const std::size_t count = first == 0 ? lanes - 1 : lanes;
    xs::kernels::ShortRows<3> block;
    block.load(normals.data() + 3 * first, static_cast<int>(lanes));
    std::array<xs::CodebookWeights, lanes> codes;
    codes.back().codeword = {-7, -7, -7};
    book.encode({block.at(0), block.at(1), block.at(2)}, static_cast<int>(count), codes.data());
    for (std::size_t i = 0; i < count; ++i) {
      const float* n = normals.data() + 3 * (first + i);
      const auto alone = book.encode({n[0], n[1], n[2]});
      CHECK((codes[i].codeword == alone.codeword && codes[i].weight == alone.weight));
    }
    if (count < lanes) CHECK(codes.back().codeword[0] == -7);
  }
}
