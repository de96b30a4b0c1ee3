// needs: gzip
#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>
#include <xstitch/data/fashion_mnist.hpp>
#include <xstitch/data/multi_fashion.hpp>

#include "temporary_folder.hpp"

namespace xs = xstitch;
using namespace xstitch_test;

namespace {

Bytes idx(const std::vector<unsigned>& extents, const Bytes& elements) {
  Bytes out = {0, 0, 8, static_cast<std::uint8_t>(extents.size())};
  for (const unsigned extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(extent >> shift));
  out.insert(out.end(), elements.begin(), elements.end());
  return out;
}

void write_gzip(const std::string& path, const Bytes& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size()));
  REQUIRE(gzclose(file) == Z_OK);
}

std::uint8_t pixel(unsigned image, unsigned i) { return static_cast<std::uint8_t>((image * 89 + i * 7) % 256); }

Bytes pixels(unsigned count) {
  Bytes out;
  for (unsigned n = 0; n < count; ++n)
    for (unsigned i = 0; i < 784; ++i) out.push_back(pixel(n, i));
  return out;
}

/// Five training images (compressed) and three test images (plain).
void write_set(const TemporaryFolder& folder) {
  write_gzip(folder.file("train-images-idx3-ubyte.gz"), idx({5, 28, 28}, pixels(5)));
  write_gzip(folder.file("train-labels-idx1-ubyte.gz"), idx({5}, {9, 0, 3, 2, 7}));
  write_bytes(folder.file("t10k-images-idx3-ubyte"), idx({3, 28, 28}, pixels(3)));
  write_bytes(folder.file("t10k-labels-idx1-ubyte"), idx({3}, {1, 4, 6}));
}

}  // namespace

static_assert(xs::DataSet<xs::data::FashionMnist>);
static_assert(xs::DataSet<xs::data::MultiFashion>);

TEST_CASE("an IDX file reads the same plain and compressed") {
  const TemporaryFolder folder;
  const Bytes file = idx({2, 3}, {1, 2, 3, 4, 5, 6});
  write_bytes(folder.file("plain"), file);
  write_gzip(folder.file("packed.gz"), file);
  for (const char* name : {"plain", "packed.gz"}) {
    const xs::data::IdxFile read = xs::data::read_idx_file(folder.file(name), 2);
    CHECK(read.extents == std::vector<std::size_t>{2, 3});
    CHECK(read.elements == Bytes{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("a wrong IDX file is refused with its name, what was found and what was expected") {
  const TemporaryFolder folder;
  const std::string path = folder.file("wrong");
  const auto error = [&](const Bytes& bytes, int rank) {
    write_bytes(path, bytes);
    const std::string text = error_of<xs::Error>([&] { (void)xs::data::read_idx_file(path, rank); });
    CHECK(contains(text, path));
    CHECK(contains(text, "expected"));
    return text;
  };
  const Bytes good = idx({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(contains(error(good, 3), "0 0 8 2"));
  Bytes floats = good;
  floats[2] = 0x0d;
  CHECK(contains(error(floats, 2), "0 0 13 2"));
  CHECK(contains(error(idx({0, 3}, {}), 2), "extent 0"));
  CHECK(contains(error(idx({0xffffffffU, 0xffffffffU}, {1, 2}), 2), "extent 4294967295"));
  CHECK(contains(error(idx({2, 4}, {1, 2, 3, 4, 5, 6}), 2), "found 6 elements, expected 8"));
  CHECK(contains(error(idx({2, 2}, {1, 2, 3, 4, 5, 6}), 2), "after the last element"));
  // A cut anywhere is an error, never a short set.
  for (std::size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(error(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)), 2).empty());
}

TEST_CASE("a cut or damaged gzip stream is refused at every length") {
  const TemporaryFolder folder;
  Bytes content = pixels(2);
  content.resize(840);
  write_gzip(folder.file("whole.gz"), idx({30, 28}, content));
  const Bytes whole = read_bytes(folder.file("whole.gz"));
  REQUIRE(xs::data::read_idx_file(folder.file("whole.gz"), 2).elements == content);
  const std::string path = folder.file("cut.gz");
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 100) {
    write_bytes(path, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
    const std::string text = error_of<xs::Error>([&] { (void)xs::data::read_idx_file(path, 2); });
    CHECK_MESSAGE(contains(text, path), "cut to " << length << " of " << whole.size() << " bytes");
  }
  Bytes damaged = whole;
  damaged[damaged.size() - 6] ^= 0x55;  // in the checksum
  write_bytes(path, damaged);
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::read_idx_file(path, 2); }), "damaged"));
}

TEST_CASE("Fashion-MNIST delivers scaled images and labels under the tower's name") {
  const TemporaryFolder folder;
  write_set(folder);
  const xs::data::FashionMnist train(folder.path());
  const xs::data::FashionMnist test(
      folder.path(), {.split = xs::data::FashionMnistSplit::test, .label = "what", .mean = 0, .standard_deviation = 1});
  REQUIRE(train.size() == 5);
  REQUIRE(test.size() == 3);
  CHECK(train.inputs()[0].shape == xs::Dims{28, 28, 1});
  CHECK(train.labels()[0].name == "garment");
  CHECK(train.labels()[0].spec.classes == 10);
  CHECK(test.labels()[0].name == "what");
  xs::Sample sample;
  train.load(3, sample);
  CHECK(sample.labels[0].indices == std::vector<std::int32_t>{2});
  CHECK(sample.inputs[0][10] == doctest::Approx((pixel(3, 10) / 255.0 - 0.2860) / 0.3530));
  test.load(1, sample);
  CHECK(sample.inputs[0][783] == doctest::Approx(pixel(1, 783) / 255.0));
  CHECK_THROWS_AS(test.load(3, sample), xs::Error);
  CHECK(contains(xs::DataSetRef(train).describe(4), "image 4"));
}

TEST_CASE("the files are found by either of their names, packed or not") {
  const TemporaryFolder folder;
  write_gzip(folder.file("train-images.idx3-ubyte.gz"), idx({2, 28, 28}, pixels(2)));
  write_bytes(folder.file("train-labels.idx1-ubyte"), idx({2}, {8, 4}));
  write_bytes(folder.file("t10k-images.idx3-ubyte"), idx({1, 28, 28}, pixels(1)));
  write_gzip(folder.file("t10k-labels-idx1-ubyte.gz"), idx({1}, {5}));
  std::filesystem::create_directory(folder.file("t10k-images-idx3-ubyte"));  // what some archives unpack to
  const xs::data::FashionMnist train(folder.path());
  const xs::data::FashionMnist test(folder.path(), {.split = xs::data::FashionMnistSplit::test});
  REQUIRE(train.size() == 2);
  REQUIRE(test.size() == 1);
  xs::Sample sample;
  train.load(1, sample);
  CHECK(sample.labels[0].indices[0] == 4);
  test.load(0, sample);
  CHECK(sample.labels[0].indices[0] == 5);
  std::filesystem::remove(folder.file("train-labels.idx1-ubyte"));
  CHECK(contains(error_of<xs::Error>([&] { (void)xs::data::FashionMnist(folder.path()); }),
                 "nor train-labels.idx1-ubyte"));
}

TEST_CASE("wrong Fashion-MNIST folders are refused") {
  using xs::data::FashionMnist;
  const TemporaryFolder folder;
  const auto error = [&] { return error_of<xs::Error>([&] { (void)FashionMnist(folder.path()); }); };
  CHECK(contains(error(), "dataset-fashion-mnist"));
  const std::string first = folder.file("train-images-idx3-ubyte");
  std::filesystem::create_symlink(first, first);  // leads to itself: not the same as no such file
  CHECK(contains(error(), "cannot look at " + first));
  std::filesystem::remove(first);
  write_set(folder);
  CHECK(error().empty());
  write_gzip(folder.file("train-labels-idx1-ubyte.gz"), idx({4}, {9, 0, 3, 2}));
  CHECK(contains(error(), "found 4 labels, expected 5"));
  write_gzip(folder.file("train-labels-idx1-ubyte.gz"), idx({5}, {9, 0, 10, 2, 7}));
  CHECK(contains(error(), "label 10 at index 2"));
  write_gzip(folder.file("train-images-idx3-ubyte.gz"), idx({5, 16, 49}, pixels(5)));
  CHECK(contains(error(), "16x49, expected 28x28"));
}

TEST_CASE("MultiFashion overlays two garments, the brighter pixel wins, partners follow the seed") {
  const TemporaryFolder folder;
  write_set(folder);
  const auto [train, test] = xs::data::multi_fashion(folder.path(), {.mean = 0, .standard_deviation = 1});
  REQUIRE(train.size() == 5);
  REQUIRE(test.size() == 3);
  CHECK(train.inputs()[0].shape == xs::Dims{36, 36, 1});
  REQUIRE(train.labels().size() == 2);
  CHECK(train.labels()[0].name == "upper");
  CHECK(train.labels()[1].name == "lower");
  const std::vector<int> labels = {9, 0, 3, 2, 7};
  for (std::size_t n = 0; n < 5; ++n) {
    const std::size_t other = train.partner(n);
    REQUIRE(other < 5);
    xs::Sample sample;
    train.load(n, sample);
    CHECK(sample.labels[0].indices[0] == labels[n]);
    CHECK(sample.labels[1].indices[0] == labels[other]);
    bool equal = true;
    for (unsigned r = 0; r < 36; ++r)
      for (unsigned c = 0; c < 36; ++c) {
        const int a = r < 28 && c < 28 ? pixel(static_cast<unsigned>(n), r * 28 + c) : 0;
        const int b = r >= 8 && c >= 8 ? pixel(static_cast<unsigned>(other), (r - 8) * 28 + c - 8) : 0;
        equal = equal && sample.inputs[0][r * 36 + c] == doctest::Approx(std::max(a, b) / 255.0);
      }
    CHECK(equal);
  }
}

TEST_CASE("the partners of a large set are spread evenly, repeatable, and depend on the seed") {
  auto files = std::make_shared<xs::data::FashionMnistFiles>();
  files->labels.assign(10000, 0);  // partner() does not touch the images
  using xs::data::FashionMnistSplit;
  const xs::data::MultiFashion a(files, FashionMnistSplit::train);
  const xs::data::MultiFashion same(files, FashionMnistSplit::train);
  const xs::data::MultiFashion other(files, FashionMnistSplit::train, {.seed = xs::seed(2)});
  const xs::data::MultiFashion test(files, FashionMnistSplit::test);
  std::set<std::size_t> seen;
  std::size_t equal_seed = 0, equal_split = 0;
  double sum = 0;
  for (std::size_t i = 0; i < 10000; ++i) {
    CHECK_EQ(a.partner(i), same.partner(i));
    seen.insert(a.partner(i));
    sum += static_cast<double>(a.partner(i));
    equal_seed += a.partner(i) == other.partner(i) ? 1 : 0;
    equal_split += a.partner(i) == test.partner(i) ? 1 : 0;
  }
  CHECK(seen.size() == doctest::Approx(6321).epsilon(0.03));  // 1 - 1/e of them
  CHECK(sum / 10000 == doctest::Approx(4999.5).epsilon(0.03));
  CHECK(equal_seed < 10);
  CHECK(equal_split < 10);
}

TEST_CASE("the real set, where Debian's package is installed") {
  if (!std::filesystem::exists(xs::data::fashion_mnist_folder)) {
    MESSAGE("skipped: package dataset-fashion-mnist is not installed");
    return;
  }
  const auto [train, test] = xs::data::multi_fashion();
  REQUIRE(train.size() == 60000);
  REQUIRE(test.size() == 10000);
  const std::vector<int> first_train = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}, first_test = {9, 2, 1, 1, 6, 1, 4, 6, 5, 7};
  xs::Sample sample;
  for (std::size_t i = 0; i < 10; ++i) {
    train.load(i, sample);
    CHECK(sample.labels[0].indices[0] == first_train[i]);
    test.load(i, sample);
    CHECK(sample.labels[0].indices[0] == first_test[i]);
  }
  double sum = 0, squares = 0, count = 0;
  for (std::size_t i = 0; i < 60000; i += 12) {
    train.load(i, sample);
    for (const float x : sample.inputs[0]) sum += x, squares += x * x, count += 1;
  }
  CHECK(std::abs(sum / count) < 0.02);  // normalised
  CHECK(squares / count == doctest::Approx(1.0).epsilon(0.02));
}
